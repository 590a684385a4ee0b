import Ground

/// The closures of a session's views, called without any lock held.
final class ViewList: Sendable {
  /// One view's closure, and whether it may still be called.
  private final class Listener: Sendable {
    let changed: @Sendable () -> Void
    let calls = Monitor((running: 0, isClosed: false))

    init(_ changed: @escaping @Sendable () -> Void) { self.changed = changed }

    func call() {
      let mayCall = calls.withLock { calls in
        guard !calls.isClosed else { return false }
        calls.running += 1
        return true
      }
      guard mayCall else { return }
      changed()
      calls.update { $0.running -= 1 }
    }

    /// Waits for the calls that are under way.
    func close() {
      calls.withLock { $0.isClosed = true }
      _ = calls.wait(timeout: nil, until: { $0.running == 0 }, then: { _ in })
    }
  }

  private let listeners = Monitor<[(id: Int, listener: Listener)]>([])

  func add(_ id: Int, _ changed: @escaping @Sendable () -> Void) {
    listeners.withLock { $0.append((id, Listener(changed))) }
  }

  /// Once it returns, the view's closure is not called any more.
  func remove(_ id: Int) {
    let gone = listeners.withLock { listeners in
      defer { listeners.removeAll { $0.id == id } }
      return listeners.first { $0.id == id }
    }
    gone?.listener.close()
  }

  /// Tells every view that there is another picture.
  func notify() {
    let present = listeners.withLock { $0 }
    for (_, listener) in present { listener.call() }
  }
}
