import Capture
import Ground

/// The session's capture thread.
extension Session {
  func capture() {
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
    var health = HealthWatch(configuration.health, isStill: description.isStill || !description.isLive)
    while !state.withLock({ $0.stopping }) {
      do {
        captureHeart.begin("source")
        let event = try source.next(timeout: 100)
        captureHeart.end()
        guard accept(event, &health) else { return }
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
  private func accept(_ event: SourceEvent, _ health: inout HealthWatch) -> Bool {
    switch event {
    case .frame(var frame):
      let complaints = health.inspect(&frame)
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
}

/// The session's pipeline thread.
extension Session {
  func process() {
    var pipeline = FramePipeline(heartbeat: pipelineHeart)
    var generation = 0
    var resting = RestingPicture()
    while !slot.isFinished {
      let waiting = slot.take(timeout: 100_000_000)
      let active = models.active
      if let embedder = active.embedders.last, references.serveWaiting(with: embedder) { renewLikenesses() }
      let view = state.withLock { state in
        RestingPicture.View(
          generation: active.generation, minimumConfidence: state.leastConfidence, prompts: state.prompts,
          looks: state.looks)
      }
      guard let (frame, arrived) = waiting ?? resting.again(in: view) else { continue }
      if state.withLock({ $0.stopping }) { break }
      if source.description.rests { resting.keep(frame, seenIn: view) }
      pipeline.adopt(active)
      if active.generation != generation {
        generation = active.generation
        let listings = active.listings
        state.withLock { $0.latency.arrange(for: listings) }
      }
      let skipped = SkipCounts(
        pipeline: slot.skipped, driver: frame.driverDrops, passedOver: frame.passedOver, damaged: frame.damaged)
      let wishes = state.withLock { state in
        FramePipeline.Wishes(
          source: state.source.name, minimumConfidence: state.leastConfidence, prompts: state.prompts,
          skipped: skipped)
      }
      var (result, trouble) = pipeline.process(frame, arrived: arrived, wishes)
      result.machine = extras.machine?()
      for line in trouble { announce(SessionEvent(severity: .error, message: line)) }
      deliver(result)
      if let limit = configuration.frameLimit, result.number >= limit { break }
    }
    state.update {
      $0.stopping = true
      $0.finished = true
    }
    slot.close()
  }

  /// Shows a result in the views, and hands it to the consumers without what is below the session's threshold.
  private func deliver(_ result: FrameResult) {
    let minimumConfidence = state.withLock { state in
      state.noteProcessed(result)
      return state.minimumConfidence
    }
    views.notify()
    let reported = result.filtered(atLeast: minimumConfidence)
    pipelineHeart.begin("outputs")
    for consumer in consumers { consumer.receive(reported) }
    pipelineHeart.end()
    comparisons.offer(reported, minimumConfidence: minimumConfidence)
  }
}
