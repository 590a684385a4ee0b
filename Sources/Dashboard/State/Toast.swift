package import Ground

/// A message that disappears after some seconds.
package struct Toast: Sendable {
  package enum Tone: Sendable { case info, warning, failure }
  package var text: String
  package var tone: Tone
  package var until: MonotonicTime
  /// It answers a key or a command, rather than telling of an event.
  package var isAnswer: Bool
}
