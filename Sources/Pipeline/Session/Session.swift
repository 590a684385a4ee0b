public import Capture
import Ground
import Logging
import Perception

/// A running perception session: one source, its pipeline of stages, and the consumers and views of the results.
///
/// Four threads: *capture* asks the source for frames and never waits for the pipeline of a live source (a source that is
/// not live waits instead); *pipeline* runs the stages; *model-loader* prepares the next network; *supervisor* notices
/// when one of the first two hangs. Any number of views watch at their own pace (``openView(_:)``); consumers get every
/// result. Every call is thread-safe.
public final class Session: SessionHost {
  let source: any FrameSource
  let configuration: SessionConfiguration
  let consumers: [any ResultConsumer]
  let slot = FrameSlot()
  let state: Monitor<SessionState>
  let models: ModelSwitchboard
  let references: ReferenceBook
  let comparisons: ComparisonRunner
  let extras: SessionExtras
  let photos: Photographer?
  let samples: SampleWriter?
  /// The source, where it can be moved about in.
  let playback: (any SeekableSource)?
  let views = ViewList()
  let captureHeart = Heartbeat()
  let pipelineHeart = Heartbeat()
  let announce: @Sendable (SessionEvent) -> Void
  private let threads = Monitor<[WorkerThread]>([])
  /// Names of the threads that have not come to their end.
  private let alive = Monitor<Set<String>>([])

  /// A session that has not started.
  ///
  /// - Parameters:
  ///   - source: an opened source; the session closes it.
  ///   - consumers: called on the pipeline's thread with every result and event.
  ///   - extras: what the session can do beyond; a recorder is to be among the consumers as well.
  public init(
    source: any FrameSource, provider: any ModelProvider, configuration: SessionConfiguration,
    consumers: [any ResultConsumer] = [], extras: SessionExtras = SessionExtras()
  ) {
    self.source = source
    playback = source as? any SeekableSource
    self.extras = extras
    self.configuration = configuration
    self.consumers = consumers
    let state = Monitor(
      SessionState(source: source.description, minimumConfidence: configuration.minimumConfidence))
    self.state = state
    let logger = Logger(label: "ocellus.session")
    let report: @Sendable (SessionEvent) -> Void = { event in
      state.withLock { $0.note(event) }
      logger.log(level: event.severity.level, "\(event.message)")
      for consumer in consumers { consumer.receive(event) }
    }
    announce = report
    source.controls?.report { told in
      report(SessionEvent(severity: told.isTrouble ? .warning : .info, message: told.message))
    }
    references = ReferenceBook(store: extras.references ?? ReferenceStore(), report: report)
    models = ModelSwitchboard(
      provider: provider, configuration: configuration, references: references, report: report)
    comparisons = ComparisonRunner(
      provider: provider, everyFrame: extras.comparesEveryFrame, classes: configuration.classes, report: report)
    photos = extras.photoFolder.map { Photographer(folder: $0, report: report) }
    samples = extras.photoFolder.map { SampleWriter(folder: $0, report: report) }
  }

  /// Starts the threads. Call once.
  ///
  /// - Returns: why one of them cannot be started; the session is over then, ``wait(poll:)`` says the same, and the
  ///   source is closed.
  @discardableResult
  public func start() -> (any Error)? {
    do {
      try models.start()
      try launch("pipeline") { [self] in process() }
      try launch("supervisor") { [self] in supervisor.run() }
      // Last: it closes the source when it ends.
      try launch("capture", .high) { [self] in capture() }
      return nil
    } catch {
      source.close()
      state.update { state in
        state.failure = "\(error)"
        state.finished = true
      }
      wait()
      return error
    }
  }

  private func launch(
    _ name: String, _ urgency: WorkerThread.Urgency = .normal, _ body: @escaping @Sendable () -> Void
  ) throws {
    alive.withLock { _ = $0.insert(name) }
    do {
      let thread = try WorkerThread(name: name, urgency: urgency) { [alive] in
        body()
        alive.update { _ = $0.remove(name) }
      }
      threads.withLock { $0.append(thread) }
    } catch {
      alive.withLock { _ = $0.remove(name) }
      throw error
    }
  }

  private var supervisor: Supervisor {
    Supervisor(
      state: state, slot: slot, capture: captureHeart, pipeline: pipelineHeart, patience: configuration.patience,
      source: source, announce: announce,
      deliver: { [consumers] in for consumer in consumers { consumer.receive($0) } },
      changed: { [views] in views.notify() })
  }

  /// Asks the threads to end; returns at once.
  public func stop() {
    state.update { $0.stopping = true }
    slot.close()
  }

  /// Pictures that the source was asked for and could not show: ``FrameSource/refusals``.
  public var refusals: Int { source.refusals }

  /// Waits until the session is over, by ``stop()``, by its source's end or by its frame limit, and joins the threads.
  ///
  /// - Parameter poll: called every 100 ms while waiting; return false to stop the session (a signal arrived).
  /// - Returns: why the session failed, or nil when it ended as it should.
  @discardableResult
  public func wait(poll: () -> Bool = { true }) -> String? {
    var stopped: MonotonicTime?
    let patience = configuration.patience.end
    while state.wait(timeout: 100_000_000, until: { $0.isOver }, then: { _ in true }) == nil {
      if !poll() { stop() }
      guard state.withLock({ $0.stopping }) else { continue }
      let since = stopped ?? .now
      stopped = since
      if MonotonicTime.now.milliseconds(since: since) > patience, supervisor.findsAnythingStuck { break }
    }
    stop()
    let stuck = awaitThreads(milliseconds: patience)
    models.stop()
    comparisons.stop()
    return state.withLock { $0.failure } ?? (stuck.isEmpty ? nil : "left behind, since it hangs: \(stuck)")
  }

  /// Joins the threads, or leaves them where one of them hangs; the process' end takes it along.
  ///
  /// - Returns: the names of those left, empty when none hangs.
  private func awaitThreads(milliseconds: Double) -> String {
    while alive.wait(
      timeout: Int64(saturating: milliseconds * 1e6), until: { $0.subtracting(["supervisor"]).isEmpty },
      then: { _ in true })
      == nil, !supervisor.findsAnythingStuck
    {}
    let stuck = alive.withLock { $0.subtracting(["supervisor"]).sorted() }
    state.update { $0.abandoned = true }
    let running = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    if stuck.isEmpty { running.forEach { $0.join() } }
    return stuck.joined(separator: ", ")
  }

  /// Tells the views, the log and the consumers of something that happened outside: a recorder's disk that fills. Any
  /// thread.
  public func report(_ event: SessionEvent) { announce(event) }
}
