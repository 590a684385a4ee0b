import ArgumentParser
import Glibc
import Synchronization

/// The last signal that came. A global because a signal handler cannot capture; a lock-free atomic is one of the few
/// things that a handler may touch (`signal-safety(7)`).
private let lastSignal = Atomic<Int32>(0)

/// Notices SIGINT, SIGTERM and SIGHUP for commands without a terminal of their own, so that they finish what they write.
struct Interruption: Sendable {
  /// Starts to notice. The signals no longer end the process by themselves.
  init() {
    // Touches the global here, so that the handler never runs its lazy initialiser.
    lastSignal.store(0, ordering: .relaxed)
    var hangup = sigaction()
    sigaction(SIGHUP, nil, &hangup)
    // Who starts this with SIGHUP ignored, as nohup does, wants it to stay so: SIG_IGN is 1.
    let outlives = unsafeBitCast(hangup.__sigaction_handler.sa_handler, to: Int.self) == 1
    var numbers = sigset_t()
    sigemptyset(&numbers)
    for number in outlives ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { lastSignal.store($0, ordering: .relaxed) }
      sigaddset(&numbers, number)
    }
    // A starter that had them blocked passes that on, and the command could not be ended.
    pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
  }

  /// Whether a signal has come.
  var hasCome: Bool { lastSignal.load(ordering: .relaxed) != 0 }

  /// Ends the command with status 130 if a signal has come.
  func exitIfInterrupted() throws {
    if hasCome { throw ExitCode(130) }
  }
}
