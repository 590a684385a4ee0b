import Synchronization

/// A source's description: written by the capture thread, read by any.
final class PublishedDescription: Sendable {
  private let shared: Mutex<SourceDescription>

  init(_ description: SourceDescription) { shared = Mutex(description) }

  var value: SourceDescription { shared.withLock { $0 } }

  /// Publishes `description`; whether it differs from the one before.
  @discardableResult
  func publish(_ description: SourceDescription) -> Bool {
    shared.withLock { present in
      guard description != present else { return false }
      present = description
      return true
    }
  }
}
