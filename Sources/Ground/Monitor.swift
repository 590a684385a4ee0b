import Glibc

/// State guarded by a lock, with waiting: the classic monitor.
///
/// `Mutex` of the Synchronization module cannot wait for a condition; the flow's slots and queues must. Deadlines are on
/// the monotonic clock, so that setting the wall clock neither wakes nor stalls anybody.
public final class Monitor<State: Sendable>: @unchecked Sendable {
  // Safe: `state` is only touched with `mutex` held; the two pthread objects live at fixed addresses until deinit.
  private var state: State
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  /// A monitor over `state`.
  public init(_ state: State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(changed, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Reads or changes the state without waking anybody.
  public func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&state)
  }

  /// Changes the state and wakes every waiter.
  public func update<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
    return try body(&state)
  }

  /// Waits until `ready` holds, then runs `body` under the same lock and wakes the other waiters.
  ///
  /// - Parameter timeout: nanoseconds to wait at most; nil waits forever.
  /// - Returns: `body`'s result, or nil when the time ran out first.
  public func wait<Result>(
    timeout: Int64?, until ready: (State) -> Bool, then body: (inout State) throws -> Result
  ) rethrows -> Result? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    let deadline = timeout.map { MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds &+ max(0, $0)) }
    while !ready(state) {
      guard let deadline else {
        pthread_cond_wait(changed, mutex)
        continue
      }
      var moment = timespec(
        tv_sec: Int(deadline.nanoseconds / 1_000_000_000), tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
      if pthread_cond_timedwait(changed, mutex, &moment) == ETIMEDOUT, !ready(state) { return nil }
    }
    defer { pthread_cond_broadcast(changed) }
    return try body(&state)
  }
}
