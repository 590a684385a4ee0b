public import Capture
import Ground
import Perception

/// A running perception session: one source, its networks, and whoever takes the results.
///
/// Three threads: *capture* asks the source for frames and never waits for anybody (a source that is not live waits for
/// the pipeline instead); *pipeline* runs the networks; *model-loader* prepares the next network. Fronts poll
/// ``snapshot()`` at their own pace; consumers get every result.
public final class Session: SessionControl {
  private let source: any FrameSource
  private let configuration: SessionConfiguration
  private let consumers: [any ResultConsumer]
  private let slot = FrameSlot()
  private let state: Monitor<SessionState>
  private let models: ModelSwitchboard
  private let comparisons: ComparisonRunner
  private let extras: SessionExtras
  private let photos: Photographer?
  private let threads = Monitor<[WorkerThread]>([])

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
    let report: @Sendable (SessionEvent) -> Void = { event in
      state.withLock { $0.note(event) }
      for consumer in consumers { consumer.receive(event) }
    }
    models = ModelSwitchboard(provider: provider, report: report)
    comparisons = ComparisonRunner(provider: provider, report: report)
    photos = extras.photoFolder.map { folder in
      Photographer(folder: folder, latest: { state.withLock { $0.frozen ?? $0.latest } }, report: report)
    }
  }

  /// Starts the threads. Call once.
  public func start() {
    var first: [ModelSwitchboard.Request] = []
    if let name = configuration.detector { first.append(.detector(name)) }
    if let name = configuration.classifier { first.append(.classifier(name)) }
    if let name = configuration.sequence { first.append(.sequence(name)) }
    models.start(first)
    threads.withLock { threads in
      threads.append(WorkerThread(name: "pipeline") { [self] in process() })
      threads.append(WorkerThread(name: "capture") { [self] in capture() })
    }
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
    while state.wait(timeout: 100_000_000, until: { $0.finished }, then: { _ in true }) == nil {
      if !poll() { stop() }
    }
    stop()
    let running = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    running.forEach { $0.join() }
    models.stop()
    comparisons.stop()
    return state.withLock { $0.failure }
  }

  // MARK: SessionControl

  /// Everything at this moment. Any thread.
  public func snapshot() -> SessionSnapshot {
    let listings = models.listings
    let skipped = slot.skipped
    let comparing = comparisons.status
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
      snapshot.skipped = SkipCounts(pipeline: skipped, driver: state.driverDrops)
      snapshot.stages = state.latency.statistics()
      snapshot.detectors = listings.detectors
      snapshot.classifiers = listings.classifiers
      snapshot.events = state.events
      snapshot.comparison = comparing
      snapshot.recording = recording
      snapshot.replay = replaying
      snapshot.captured = state.captured
      snapshot.processed = state.processed
      return snapshot
    }
  }

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
    while !state.withLock({ $0.stopping }) {
      do {
        switch try source.next(timeout: 100) {
        case .frame(let frame):
          state.withLock { $0.noteCaptured(frame) }
          if source.description.isLive { slot.put(frame) } else { slot.putWhenEmpty(frame) }
        case .nothing:
          break
        case .noSignal(let reason, let since):
          state.withLock { $0.sourceState = .noSignal(reason: reason, since: since) }
        case .notice(let message):
          announce(SessionEvent(severity: .warning, message: message))
          let description = source.description
          state.withLock { $0.source = description }
        case .end:
          state.withLock { $0.sourceState = .ended }
          return
        }
      } catch {
        let reason = "\(error)"
        state.withLock {
          $0.sourceState = .failed(reason: reason)
          $0.failure = reason
        }
        announce(SessionEvent(severity: .error, message: reason))
        return
      }
    }
  }

  private func announce(_ event: SessionEvent) {
    state.withLock { $0.note(event) }
    for consumer in consumers { consumer.receive(event) }
  }

  // MARK: Pipeline thread

  private func process() {
    var pipeline = FramePipeline(configuration: configuration, source: source.description.name)
    var generation = 0
    while !slot.isFinished {
      guard let (frame, arrived) = slot.take(timeout: 100_000_000) else { continue }
      if state.withLock({ $0.stopping }) { break }
      let active = models.active
      if active.generation != generation {
        generation = active.generation
        pipeline.reset()
        state.withLock { $0.latency.reset() }
      }
      let skipped = SkipCounts(pipeline: slot.skipped, driver: frame.driverDrops)
      let minimumConfidence = state.withLock { $0.minimumConfidence }
      let (result, trouble) = pipeline.process(
        frame, arrived: arrived, with: active, minimumConfidence: minimumConfidence, skipped: skipped)
      if let trouble { announce(SessionEvent(severity: .error, message: trouble)) }
      guard active.detector != nil else {
        state.withLock { $0.latest = result }
        continue
      }
      state.withLock { $0.noteProcessed(result) }
      for consumer in consumers { consumer.receive(result) }
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
