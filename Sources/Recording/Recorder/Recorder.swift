import Ground
public import Pipeline
import Synchronization

/// What came of a recorder's work.
public struct RecordingOutcome: Sendable, Equatable {
  /// The files that were begun and are still there, in order, under the names they have now.
  public var files: [String] = []
  /// How many more were begun, and removed by the ring since.
  public var removed = 0
  public var frames: UInt64 = 0
  /// Why the last recording ended before it was told to; nil when it did not.
  public var failure: String?
}

/// Records a session: takes results and events from the pipeline and writes them on a thread of its own.
///
/// Receiving costs the pipeline a lock and an append; whatever the disk does, the pipeline does not wait for it. When the
/// disk is too slow, pictures are dropped before results, and both are counted in ``status``. A disk that fills or fails
/// ends the recording with an event; nothing else stops. Every call is thread-safe.
public final class Recorder: ResultConsumer, RecordingControl {
  /// How the event begins that names the file of a recording that has begun.
  public static let beginning = "recording to "

  private let queue: RecorderQueue
  private let shared: Shared
  private let thread: Mutex<WorkerThread?>

  private final class Shared: Sendable {
    let status: Mutex<RecordingStatus>
    let outcome = Mutex(RecordingOutcome())
    let report: Mutex<(@Sendable (SessionEvent) -> Void)?>

    init(_ configuration: RecordingConfiguration) {
      status = Mutex(RecordingStatus(state: .idle, path: configuration.directory))
      report = Mutex(nil)
    }
  }

  /// Starts the recorder's thread; nothing is recorded until ``setRecording(_:)``.
  ///
  /// - Parameter report: gets the recorder's own events, on its thread; see ``report(to:)``.
  public init(
    _ configuration: RecordingConfiguration, layer: any FileLayer = SystemFileLayer(),
    report: (@Sendable (SessionEvent) -> Void)? = nil
  ) {
    let queue = RecorderQueue(configuration)
    let shared = Shared(configuration)
    shared.report.withLock { $0 = report }
    self.queue = queue
    self.shared = shared
    do {
      thread = Mutex(
        try WorkerThread(name: "recorder") {
          let worker = RecorderWorker(
            configuration, layer: layer, queue: queue,
            report: { event in shared.report.withLock { $0 }?(event) },
            publish: { status, outcome in
              shared.status.withLock { $0 = status }
              shared.outcome.withLock { $0 = outcome }
            })
          worker.run()
        })
    } catch {
      // A recording that cannot be made is one that has failed, as when its disk is full.
      thread = Mutex(nil)
      let reason = "\(error)"
      shared.status.withLock { $0.state = .failed(reason: reason) }
      shared.outcome.withLock { $0.failure = reason }
    }
  }

  /// Where the recorder's events go from now on: to the session that made it a consumer.
  public func report(to receiver: @escaping @Sendable (SessionEvent) -> Void) {
    shared.report.withLock { $0 = receiver }
  }

  /// How the recording stands.
  public var status: RecordingStatus { shared.status.withLock { $0 } }

  public func setRecording(_ on: Bool) { queue.put(.setRecording(on)) }

  public func record(to path: String) { queue.put(.record(to: path)) }

  public func receive(_ result: FrameResult) { queue.put(result) }

  public func receive(_ event: SessionEvent) { queue.put(.event(event)) }

  /// Writes what waits, completes the file, and ends the thread. Idempotent; nothing is recorded afterwards.
  ///
  /// - Returns: what came of all the recordings.
  @discardableResult
  public func close() -> RecordingOutcome {
    queue.put(.close)
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
    return shared.outcome.withLock { $0 }
  }
}
