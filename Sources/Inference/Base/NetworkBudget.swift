import Glibc
import Ground
import Kernels
import Synchronization

/// What one network may take of memory and time: everything that its file makes the engine allocate or compute counts
/// against it, while it is read, while it is prepared, and in each run.
///
/// A hostile file of a few hundred bytes may ask for gigabytes and hours in many small steps. Networks need a multiple of
/// their weights and some room for what flows through them, so the limits are that. Used from any thread.
package final class NetworkBudget: Sendable {
  /// The budget of the work in progress; nil where nothing is counted.
  ///
  /// A hidden parameter, on purpose: operators make tensors in several hundred places, and one that forgot to pass the
  /// budget on would escape it. Only ``OcellusNetwork`` and ``Interpreter`` set it.
  @TaskLocal static var current: NetworkBudget?

  /// The memory that any network may take beside a multiple of its size.
  package static let memoryFloor = 1 << 30
  /// The time that preparing any network, or one run of it, may take.
  static let secondsFloor = 6.0
  /// Sizes beyond this are not believed.
  private static let ceiling = 1 << 40

  private let limits: NetworkLimits
  private let machineBytes: Int
  /// Bytes that are really there: of the file and of those beside it.
  private let paid = Atomic<Int>(0)
  private let used = Atomic<Int>(0)
  private let wallStart = Atomic<Int64>(0)
  private let processorStart = Atomic<Int64>(0)

  /// - Parameter machineBytes: the memory of this machine; tests set it.
  package init(limits: NetworkLimits = NetworkLimits(), machineBytes: Int = MachineMemory.byteCount) {
    self.limits = limits
    self.machineBytes = machineBytes
  }

  // MARK: memory

  /// The most bytes that the network may hold at a time.
  package var memoryLimit: Int {
    if let given = limits.memory { return given }
    let share = min(NetworkBudget.memoryFloor, machineBytes / 2)
    return min(share + 4 * paid.load(ordering: .relaxed), machineBytes / 4 * 3)
  }

  /// Raises the limits by what a file that is really there accounts for; the time of the work in progress as well.
  func pay(_ bytes: Int) {
    paid.add(min(bytes, NetworkBudget.ceiling), ordering: .relaxed)
    if NetworkBudget.current === self { limitTime(inputBytes: 0) }
  }

  /// - Throws: ``InferenceError`` of kind `.overLimit` when `bytes` more would pass a limit.
  func check(_ bytes: Int) throws {
    try checkTime()
    let limit = memoryLimit
    guard bytes <= limit - used.load(ordering: .relaxed) else { throw memoryExceeded(limit) }
  }

  /// Counts `bytes` that are about to be allocated; ``give(_:)`` returns them.
  ///
  /// - Throws: as ``check(_:)``; nothing is counted then.
  func reserve(_ bytes: Int) throws {
    let limit = memoryLimit
    let before = used.add(bytes, ordering: .relaxed).oldValue
    guard bytes <= limit - before else {
      give(bytes)
      throw memoryExceeded(limit)
    }
  }

  func take(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }
  func give(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }

  private func memoryExceeded(_ limit: Int) -> InferenceError {
    InferenceError(
      .overLimit, "the network needs more than \(limit >> 20) MiB of memory",
      remedy: "--network-memory allows more")
  }

  // MARK: time

  /// The seconds that preparing the network or one run may take, on inputs of `inputBytes` bytes.
  func secondsAllowed(inputBytes: Int) -> Double {
    if let given = limits.seconds { return given }
    let ownMebibytes = Double(paid.load(ordering: .relaxed)) / Double(1 << 20)
    return NetworkBudget.secondsFloor + ownMebibytes + min(4, Double(inputBytes) / Double(16 << 20))
  }

  /// Does something under this budget's clock: prepares the network, or runs it on inputs of `inputBytes` bytes. Allocates
  /// nothing.
  ///
  /// The clock is the calling thread's, on which all of it must happen; kernels look at it as well.
  func spend<Result>(inputBytes: Int = 0, _ body: () throws -> Result) throws -> Result {
    wallStart.store(MonotonicTime.now.nanoseconds, ordering: .relaxed)
    processorStart.store(NetworkBudget.processorNanoseconds, ordering: .relaxed)
    limitTime(inputBytes: inputBytes)
    defer { ock_limit_time(.max, .max) }
    let result = try body()
    try checkTime()
    return result
  }

  /// As ``spend(inputBytes:_:)``, and counts the memory of every tensor that is made.
  func spendCounting<Result>(_ body: () throws -> Result) throws -> Result {
    try spend { try NetworkBudget.$current.withValue(self, operation: body) }
  }

  private func limitTime(inputBytes: Int) {
    let allowed = Int64(saturating: min(secondsAllowed(inputBytes: inputBytes), 1e9) * 1e9)
    ock_limit_time(
      wallStart.load(ordering: .relaxed) &+ allowed, processorStart.load(ordering: .relaxed) &+ allowed)
  }

  /// - Throws: ``InferenceError`` of kind `.overLimit` when the time is over, both by the clock and by what this thread
  ///   has computed: a process that was stopped for a while is not to blame.
  func checkTime() throws {
    guard ock_time_is_over() else { return }
    throw InferenceError(
      .overLimit, "the network takes more than \(Int(saturating: secondsAllowed(inputBytes: 0).rounded(.up))) s",
      remedy: "--network-seconds allows more")
  }

  private static var processorNanoseconds: Int64 {
    var value = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &value)
    return Int64(value.tv_sec) * 1_000_000_000 + Int64(value.tv_nsec)
  }
}

/// Counts the steps of a long loop of one operator, and looks at the network's time now and then.
struct LoopWatch {
  private var credit = LoopWatch.interval
  private static let interval = 1 << 20

  /// - Parameter operations: how many multiplications or so are about to be done.
  /// - Throws: ``InferenceError`` of kind `.overLimit` when the network's time is over.
  @inline(__always)
  mutating func spend(_ operations: Int) throws {
    credit -= min(operations, LoopWatch.interval)
    if credit > 0 { return }
    credit = LoopWatch.interval
    try NetworkBudget.current?.checkTime()
  }
}
