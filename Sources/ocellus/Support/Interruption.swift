import ArgumentParser
import Glibc
import Synchronization

/// The last signal that came. A global because a signal handler cannot capture; a lock-free atomic is one of the few
/// things that a handler may touch (`signal-safety(7)`).
private let lastSignal = Atomic<Int32>(0)

/// Notices SIGINT and SIGTERM for commands without a terminal of their own, so that they finish what they write.
struct Interruption: Sendable {
  /// Starts to notice. The signals no longer end the process by themselves.
  init() {
    // Touches the global here, so that the handler never runs its lazy initialiser.
    lastSignal.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] { signal(number) { lastSignal.store($0, ordering: .relaxed) } }
  }

  /// Whether a signal has come.
  var hasCome: Bool { lastSignal.load(ordering: .relaxed) != 0 }

  /// Ends the command with status 130 if a signal has come.
  func exitIfInterrupted() throws {
    if hasCome { throw ExitCode(130) }
  }
}
