package import Ground

/// A message that disappears after some seconds.
package struct Toast: Sendable {
  package enum Tone: Sendable { case info, warning, failure }
  package var text: String
  package var tone: Tone
  package var until: MonotonicTime
  /// It tells what a key changed; the next message of this kind replaces it.
  package var isReplaceable = false
}
