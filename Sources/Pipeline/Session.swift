public import Capture
import Ground
import Logging
import Perception

/// A running perception session: one source, its networks, and whoever takes the results.
///
/// Four threads: *capture* asks the source for frames and never waits for anybody (a source that is not live waits for
/// the pipeline instead); *pipeline* runs the networks; *model-loader* prepares the next network; *supervisor* notices when
/// one of the first two hangs. Fronts ask for a
/// ``snapshot()`` at their own pace and may be told of new pictures; consumers get every result.
public final class Session: SessionControl, LabelControl {
  private let source: any FrameSource
  private let configuration: SessionConfiguration
  private let consumers: [any ResultConsumer]
  private let slot = FrameSlot()
  private let state: Monitor<SessionState>
  private let models: ModelSwitchboard
  private let references: ReferenceBook
  private let comparisons: ComparisonRunner
  private let extras: SessionExtras
  private let photos: Photographer?
  private let threads = Monitor<[WorkerThread]>([])
  /// Names of the threads that have not come to their end.
  private let alive = Monitor<Set<String>>([])
  private let captureHeart = Heartbeat()
  private let pipelineHeart = Heartbeat()
  private let announce: @Sendable (SessionEvent) -> Void
  /// Told of every new picture.
  private let listener: Monitor<(@Sendable () -> Void)?>

  /// A session that has not started.
  ///
  /// - Parameters:
  ///   - source: an opened source; the session closes it.
  ///   - consumers: called on the pipeline's thread with every result and event.
  ///   - extras: what fronts may do beyond; a recorder is to be among the consumers as well.
  public init(
    source: any FrameSource, provider: any ModelProvider, configuration: SessionConfiguration,
    consumers: [any ResultConsumer] = [], extras: SessionExtras = SessionExtras()
  ) {
    self.source = source
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
    references = ReferenceBook(store: extras.references ?? ReferenceStore(), report: report)
    models = ModelSwitchboard(
      provider: provider, configuration: configuration, references: references, report: report)
    comparisons = ComparisonRunner(provider: provider, report: report)
    photos = extras.photoFolder.map { folder in
      Photographer(folder: folder, latest: { state.withLock { $0.frozen ?? $0.latest } }, report: report)
    }
    let references = self.references
    let models = self.models
    let listener = Monitor<(@Sendable () -> Void)?>(nil)
    self.listener = listener
    references.connect(
      .init(
        // What is on the screen shows the change even where no frame follows: a photo, a paused replay.
        changed: {
          state.withLock { state in
            state.latest.map { state.latest = references.renewed($0) }
            state.frozen.map { state.frozen = references.renewed($0) }
          }
          listener.withLock { $0?() }
        },
        needsEmbedder: { models.request(.embedder(nil)) }))
  }

  /// Starts the threads. Call once.
  public func start() {
    models.start()
    launch("pipeline") { [self] in process() }
    launch("capture", .high) { [self] in capture() }
    launch("supervisor") { [self] in supervisor.run() }
  }

  private func launch(
    _ name: String, _ urgency: WorkerThread.Urgency = .normal, _ body: @escaping @Sendable () -> Void
  ) {
    alive.withLock { _ = $0.insert(name) }
    let thread = WorkerThread(name: name, urgency: urgency) { [alive] in
      body()
      alive.update { _ = $0.remove(name) }
    }
    threads.withLock { $0.append(thread) }
  }

  private var supervisor: Supervisor {
    Supervisor(
      state: state, slot: slot, capture: captureHeart, pipeline: pipelineHeart, patience: configuration.patience,
      source: source, announce: announce, deliver: { [consumers] in for consumer in consumers { consumer.receive($0) } }
    )
  }

  /// Asks the threads to end; returns at once.
  public func stop() {
    state.update { $0.stopping = true }
    slot.close()
  }

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
  /// - Returns: the names of those left, empty when all is well.
  private func awaitThreads(milliseconds: Double) -> String {
    while alive.wait(
      timeout: Int64(milliseconds * 1e6), until: { $0.subtracting(["supervisor"]).isEmpty }, then: { _ in true })
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

  // MARK: SessionControl

  /// Everything at this moment. Any thread.
  public func snapshot() -> SessionSnapshot {
    let (listings, companions) = models.offered
    let skipped = slot.skipped
    let comparing = comparisons.status
    let remembered = references.references
    let labels = models.labels
    let recording = extras.recordingStatus?()
    let replaying = extras.replayStatus?()
    return state.withLock { state in
      var snapshot = SessionSnapshot(source: state.source)
      snapshot.sourceState = state.sourceState
      snapshot.latest = state.frozen ?? state.latest
      snapshot.paused = state.frozen != nil
      snapshot.minimumConfidence = state.minimumConfidence
      state.noteSkips(skipped)
      snapshot.rates = state.rates(at: .now)
      snapshot.skipped = SkipCounts(
        pipeline: skipped, driver: state.driverDrops, passedOver: state.passedOver, damaged: state.damaged)
      snapshot.health = state.health
      snapshot.stall = state.stall
      snapshot.stages = state.latency.statistics()
      snapshot.detectors = listings.detectors
      snapshot.classifiers = listings.classifiers
      snapshot.companions = companions
      snapshot.events = state.events
      snapshot.comparison = comparing
      snapshot.references = remembered
      snapshot.labels = labels
      snapshot.recording = recording
      snapshot.replay = replaying
      snapshot.captured = state.captured
      snapshot.processed = state.processed
      return snapshot
    }
  }

  /// Tells of new pictures; see ``SessionControl``. `body` is not called any more once a call with nil has returned.
  public func whenPictureChanges(_ body: (@Sendable () -> Void)?) { listener.withLock { $0 = body } }

  /// Starts loading a detector; see ``SessionControl``.
  public func selectDetector(_ name: String) { models.request(.detector(name)) }

  /// Starts loading a classifier, or switches the second stage off.
  public func selectClassifier(_ name: String?) { models.request(.classifier(name)) }

  /// Sets the confidence below which detections are dropped, clamped to 0.01...0.99.
  public func setMinimumConfidence(_ value: Float) {
    state.withLock { $0.minimumConfidence = min(0.99, max(0.01, value)) }
  }

  /// Freezes or thaws the picture that snapshots show.
  public func setPaused(_ paused: Bool) {
    state.withLock { $0.frozen = paused ? $0.latest : nil }
  }

  /// A second detector beside the first.
  public var comparison: (any ComparisonControl)? { comparisons }

  public var recorder: (any RecordingControl)? { extras.recorder }

  public var replay: (any ReplayControl)? { extras.replay }

  public var photographer: (any SnapshotControl)? { photos }

  public var memory: (any ReferenceControl)? { references }

  public var labeller: (any LabelControl)? { self }

  /// Sets the names that a pair of image and text networks chooses from; see ``LabelControl``.
  public func setLabels(_ labels: [String]) { models.request(.labels(labels)) }

  /// Tells the front, the log and the consumers of something that happened outside: a recorder's disk that fills. Any
  /// thread.
  public func report(_ event: SessionEvent) { announce(event) }

  // MARK: Capture thread

  private func capture() {
    defer {
      source.close()
      slot.close()
    }
    if configuration.waitForModels {
      models.waitUntilIdle()
      if let reason = models.failure {
        state.withLock { $0.failure = reason }
        return
      }
    }
    let description = source.description
    var health = HealthWatch(
      PictureHealthMonitor(
        thresholds: configuration.health, isStill: description.isStill || !description.isLive))
    while !state.withLock({ $0.stopping }) {
      do {
        captureHeart.begin("source")
        let event = try source.next(timeout: 100)
        captureHeart.end()
        guard take(event, &health) else { return }
      } catch {
        captureHeart.end()
        let reason = "\(error)"
        state.update {
          _ = $0.noteSource(.failed(reason: reason), of: source)
          $0.failure = reason
        }
        announce(SessionEvent(severity: .error, message: reason))
        return
      }
    }
  }

  /// - Returns: false at the source's end.
  private func take(_ event: SourceEvent, _ health: inout HealthWatch) -> Bool {
    switch event {
    case .frame(var frame):
      let complaints = health.look(at: &frame)
      let isBack = state.withLock { $0.noteCaptured(frame, of: source) }
      if source.description.isLive { slot.put(frame) } else { slot.putWhenEmpty(frame) }
      if let isBack { announce(isBack) }
      complaints.forEach(announce)
    case .nothing:
      break
    case .noSignal(let reason, let since):
      let event = state.update { $0.noteSource(.noSignal(reason: reason, since: since), of: source) }
      if let event { announce(event) }
    case .notice(let message):
      announce(SessionEvent(severity: .warning, message: message))
      let description = source.description
      state.withLock { $0.source = description }
    case .end:
      state.withLock { _ = $0.noteSource(.ended, of: source) }
      return false
    }
    return true
  }

  // MARK: Pipeline thread

  private func process() {
    var pipeline = FramePipeline(
      source: source.description.name, heartbeat: pipelineHeart, references: references)
    var generation = 0
    while !slot.isFinished {
      let waiting = slot.take(timeout: 100_000_000)
      let active = models.active
      if let embedder = active.embeddingModels.last { references.serveWaiting(with: embedder) }
      guard let (frame, arrived) = waiting else { continue }
      if state.withLock({ $0.stopping }) { break }
      pipeline.adopt(active)
      if active.generation != generation {
        generation = active.generation
        state.withLock { $0.latency.reset() }
      }
      let skipped = SkipCounts(
        pipeline: slot.skipped, driver: frame.driverDrops, passedOver: frame.passedOver, damaged: frame.damaged)
      let (minimumConfidence, name) = state.withLock { ($0.minimumConfidence, $0.source.name) }
      pipeline.source = name
      let (result, trouble) = pipeline.process(
        frame, arrived: arrived, minimumConfidence: minimumConfidence, skipped: skipped)
      if let trouble { announce(SessionEvent(severity: .error, message: trouble)) }
      guard active.detector != nil else {
        state.withLock { $0.latest = result }
        listener.withLock { $0?() }
        continue
      }
      state.withLock { $0.noteProcessed(result) }
      listener.withLock { $0?() }
      pipelineHeart.begin("outputs")
      for consumer in consumers { consumer.receive(result) }
      pipelineHeart.end()
      comparisons.offer(result, minimumConfidence: minimumConfidence)
      if let limit = configuration.frameLimit, result.number >= limit { break }
    }
    state.update {
      $0.stopping = true
      $0.finished = true
    }
    slot.close()
  }
}
