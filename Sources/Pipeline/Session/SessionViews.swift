import Capture
import Ground
import Perception

/// One watcher's view of a session in this process.
final class LocalView: SessionView {
  private let session: Session
  private let id: Int

  init(_ session: Session, _ id: Int) {
    self.session = session
    self.id = id
  }

  var capabilities: Set<SessionCapability> { session.capabilities }

  func snapshot() -> SessionSnapshot { session.snapshot(in: id) }

  func perform(_ command: SessionCommand) { session.perform(command, in: id) }

  func close() { session.closeView(id) }
}

extension Session {
  /// Opens a view; see ``SessionHost``.
  public func openView(_ changed: @escaping @Sendable () -> Void = {}) -> any SessionView {
    let id = state.withLock { state in
      state.nextView += 1
      state.views[state.nextView] = SessionState.View(minimumConfidence: state.minimumConfidence)
      return state.nextView
    }
    views.add(id, changed)
    return LocalView(self, id)
  }

  func closeView(_ id: Int) {
    views.remove(id)
    state.withLock { _ = $0.views.removeValue(forKey: id) }
  }

  /// Everything at this moment, as no view in particular shows it. Any thread.
  public func snapshot() -> SessionSnapshot { snapshot(in: nil) }

  func snapshot(in view: Int?) -> SessionSnapshot {
    let (listings, active) = models.offered
    let skipped = slot.skipped
    var snapshot = SessionSnapshot(source: source.description)
    snapshot.comparison = comparisons.status
    snapshot.references = references.references
    snapshot.labels = models.labels
    snapshot.recording = extras.recordingStatus?()
    snapshot.machine = extras.machine?()
    snapshot.replay = playback?.status
    snapshot.controls = source.controls?.listing
    snapshot.capabilities = capabilities
    snapshot.pipeline = active.listings
    snapshot.detectors = listings.detectors
    snapshot.classifiers = listings.classifiers
    let isWaiting = active.wholeFrame.isEmpty && !listings.detectors.contains { $0.state == .loading }
    snapshot.advice = isWaiting ? configuration.advice : nil
    state.withLock { state in
      let choices = view.flatMap { state.views[$0] }
      snapshot.source = state.source
      snapshot.sourceState = state.sourceState
      snapshot.latest = state.shown(in: view)
      if let view { state.views[view]?.shown = snapshot.latest }
      snapshot.paused = choices?.frozen != nil
      snapshot.minimumConfidence = choices?.minimumConfidence ?? state.minimumConfidence
      state.noteSkips(skipped)
      snapshot.rates = state.rates(at: .now)
      snapshot.skipped = SkipCounts(
        pipeline: skipped, driver: state.driverDrops, passedOver: state.passedOver, damaged: state.damaged)
      snapshot.health = state.health
      snapshot.stall = state.stall
      snapshot.latencies = state.latency.statistics()
      snapshot.events = state.events
      snapshot.captured = state.captured
      snapshot.processed = state.processed
    }
    snapshot.latest = snapshot.latest?.filtered(atLeast: snapshot.minimumConfidence)
    return snapshot
  }

  var capabilities: Set<SessionCapability> {
    var all: Set<SessionCapability> = [.comparison, .references, .labels]
    if extras.recorder != nil { all.insert(.recording) }
    if playback != nil { all.insert(.replay) }
    if photos != nil { all.insert(.photos) }
    if source.controls != nil { all.insert(.controls) }
    return all
  }
}

// MARK: Commands

extension Session {
  /// Does what is asked, on behalf of no view in particular; see ``SessionCommand``.
  public func perform(_ command: SessionCommand) { perform(command, in: nil) }

  func perform(_ command: SessionCommand, in view: Int?) {
    switch command {
    case .selectModel(let name, let stage): select(name, for: stage)
    case .selectClassifier(let name): models.request(.classifier(name))
    case .setLabels(let labels): models.request(.labels(labels))
    case .compare(let detector):
      comparisons.compare(with: detector)
      state.withLock { $0.looks += 1 }
    case .setMinimumConfidence(let value): state.withLock { $0.minimumConfidence = Self.possible(value) }
    case .setRecording(let on):
      ask(extras.recorder, "record") { $0.setRecording(on) }
      state.withLock { $0.looks += 1 }
    case .record(let path):
      ask(extras.recorder, "record") { $0.record(to: path) }
      state.withLock { $0.looks += 1 }
    // The host that can change its sources takes these itself.
    case .useSource, .useTopic:
      announce(SessionEvent(severity: .warning, message: "this session keeps its source"))
    case .savePhoto: ask(photos, "save photos") { photos in photos.save(shown(in: view)) }
    case .saveSample(let labels): ask(samples, "save samples") { saveSample(shown(in: view), only: labels, $0) }
    case .markReference(let object, let name): mark(object, name)
    case .removeReference(let name): if references.remove(name: name) { renewLikenesses() }
    case .prompt(let prompts): state.withLock { $0.prompts = prompts }
    case .seek(let seconds): ask(playback, "seek") { $0.seek(to: seconds) }
    case .step(let frames): ask(playback, "step") { $0.step(by: frames) }
    case .setPlaying(let playing): ask(playback, "pause its source") { $0.setPlaying(playing) }
    case .setSpeed(let speed): ask(playback, "change its speed") { $0.setSpeed(speed) }
    case .adjust(let request): ask(source.controls, "change controls of its source") { $0.ask(request) }
    case .stop: stop()
    case .pause(let paused): pause(paused, in: view)
    case .showAtLeast(let value): show(atLeast: Self.possible(value), in: view)
    }
  }

  private static func possible(_ confidence: Float) -> Float {
    let range = SessionConfiguration.confidences
    return confidence.isFinite ? min(range.upperBound, max(range.lowerBound, confidence)) : 0.5
  }

  private func ask<Part>(_ part: Part?, _ what: String, _ body: (Part) -> Void) {
    if let part { return body(part) }
    announce(SessionEvent(severity: .warning, message: "this session cannot \(what)"))
  }

  private func shown(in view: Int?) -> FrameResult? {
    state.withLock { state in
      let confidence = view.flatMap { state.views[$0]?.minimumConfidence } ?? state.minimumConfidence
      return state.shown(in: view)?.filtered(atLeast: confidence)
    }
  }

  private func saveSample(_ result: FrameResult?, only labels: [String], _ samples: SampleWriter) {
    guard let result else {
      return announce(SessionEvent(severity: .warning, message: "no picture to save yet"))
    }
    let lists = models.active.wholeFrame.compactMap(\.model).filter { $0.task.detects }.map(\.labels)
    samples.save(SampleWriter.Sample(result: result, lists: lists, only: labels))
  }

  private func pause(_ paused: Bool, in view: Int?) {
    guard let view else { return }
    state.withLock { $0.views[view]?.frozen = paused ? $0.latest : nil }
  }

  private func show(atLeast confidence: Float, in view: Int?) {
    guard let view else { return }
    state.withLock { $0.views[view]?.minimumConfidence = confidence }
  }

  private func select(_ name: String, for stage: StageID?) {
    let active = models.active
    guard let wanted = stage ?? active.wholeFrame.first?.id else {
      return models.request(.primary(StageSpec(model: name), at: 0))
    }
    if let place = active.primaries.firstIndex(where: { $0.id == wanted }) {
      var spec = active.primaries[place].spec
      spec.model = name
      models.request(.primary(spec, at: place))
    } else if active.further.contains(where: { $0.id == wanted }) {
      models.request(.stage(wanted, model: name))
    } else {
      let known = active.ids().map(\.name).sorted().joined(separator: ", ")
      announce(SessionEvent(severity: .warning, message: "no stage is called '\(wanted)'; there are: \(known)"))
    }
  }

  private func mark(_ object: ObjectID, _ name: String) {
    guard let (detection, result) = state.withLock({ $0.find(object) }) else {
      return announce(
        SessionEvent(severity: .warning, message: "'\(name)' not marked: the object is no longer visible"))
    }
    switch references.mark(detection, of: result, name: name) {
    case .added: renewLikenesses()
    case .waits: models.request(.embedder(nil))
    case .failed: break
    }
  }

  /// Compares what is on the screens with the references as they are now: no frame may follow (a photo, a paused replay).
  func renewLikenesses() {
    guard let stage = models.active.references?.id else { return }
    let shown = state.withLock { state in
      ([state.latest] + state.views.values.map(\.frozen)).compactMap(\.self)
    }
    for var result in shown {
      references.compare(&result.findings, by: stage)
      state.withLock { $0.replace(result) }
    }
    views.notify()
  }
}
