import CPosix
import Glibc
import Synchronization

/// A POSIX thread with a name that `top -H` and a debugger show.
///
/// Swift's cooperative pool must never block, and capture, compute, recording and the screen all do; so each has a
/// thread of its own.
public final class WorkerThread: Sendable {
  private let handle: pthread_t
  private let isJoined = Atomic<Bool>(false)

  /// How much a thread minds to wait for a core.
  public enum Urgency: Sendable {
    case normal
    /// For threads that sleep most of the time and must wake up at once: they are put before others where the system
    /// lets us (a lower nice value: root, CAP_SYS_NICE or RLIMIT_NICE), and ask for short turns that come soon, which
    /// anybody may.
    case high
  }

  private final class Start {
    let name: String
    let urgency: Urgency
    let body: @Sendable () -> Void
    init(_ name: String, _ urgency: Urgency, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.urgency = urgency
      self.body = body
    }
  }

  /// Starts `body` on a new thread. All signals are blocked on it, so that they reach the main thread.
  ///
  /// - Parameter name: at most 15 bytes are kept (the kernel's limit, `pthread_setname_np(3)`).
  /// - Throws: ``ThreadFailure`` when the system has no thread or no memory for its stack.
  public init(
    name: String, urgency: Urgency = .normal, body: @escaping @Sendable () -> Void
  ) throws(ThreadFailure) {
    let start = Unmanaged.passRetained(Start(String(name.prefix(15)), urgency, body))
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    var id = pthread_t()
    let status = pthread_create(
      &id, nil,
      { raw in
        // Safe: `raw` is the retained Start made above, consumed exactly once, here.
        guard let raw else { return nil }
        let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
        ocp_set_thread_name(start.name)
        // On Linux 0 means the calling thread, not the process (setpriority(2), "C library/kernel differences").
        if start.urgency == .high {
          _ = setpriority(numericCast(PRIO_PROCESS.rawValue), 0, -10)
          ocp_prefer_short_turns()
        }
        start.body()
        return nil
      }, start.toOpaque())
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard status == 0 else {
      start.release()
      throw ThreadFailure(name: name, SystemError(status))
    }
    handle = id
  }

  /// A thread that was not joined is detached: it runs on, and its stack is freed when it ends.
  deinit { if !isJoined.load(ordering: .acquiring) { pthread_detach(handle) } }

  /// Waits for the thread's body to return. Call once at most.
  public func join() {
    isJoined.store(true, ordering: .releasing)
    pthread_join(handle, nil)
  }
}

/// A thread that could not be started: a limit of the user, of a container or of memory is reached.
public struct ThreadFailure: ExplainedError, Equatable {
  public var what: String
  public var place: String { "" }
  public var remedy: String {
    "raise the limit of processes (ulimit -u, pids.max) or of memory (ulimit -v), or close other programs"
  }

  package init(name: String, _ error: SystemError) {
    what = "the thread '\(name)' cannot be started: \(error.lowercaseWords)"
  }
}
