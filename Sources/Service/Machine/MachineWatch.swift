import Glibc
import Ground
public import Pipeline

/// Looks at the machine once a second, on a thread of its own: reading a sensor may take a while.
public final class MachineWatch: Sendable {
  private static let period: Int64 = 1_000_000_000

  private struct State: Sendable {
    var status: MachineStatus?
    var isOver = false
  }

  private let state = Monitor(State())

  public init() {}

  /// The newest reading; nil before the second one, which is the first with shares of time.
  public var status: MachineStatus? { state.withLock { $0.status } }

  /// Starts to look. Where no thread can be had, nothing is known of the machine.
  func start() throws {
    _ = try WorkerThread(name: "machine") { [state] in
      var reader = MachineReader()
      _ = reader.read()
      while state.wait(timeout: Self.period, until: { $0.isOver }, then: { _ in true }) == nil {
        let status = reader.read()
        state.update { $0.status = status }
      }
    }
  }

  func stop() { state.update { $0.isOver = true } }

  /// Two readings, a moment apart.
  public static func now() -> MachineStatus {
    var reader = MachineReader()
    _ = reader.read()
    usleep(200_000)
    return reader.read()
  }
}
