import Capture
import Configuration
import Ground
import Inference
import Pipeline
import Recording

/// What a session is to be put together from.
struct SessionPlan {
  var source: SourceChoice
  var session: SessionOptions
  var recording: RecordingOptions
  /// A second detector to compare with.
  var compare: String?
}

/// A session put together from what the user asked for: source, networks, recorder, and what fronts may do beyond.
struct LiveSession {
  let session: Session
  let recorder: Recorder
  /// Present where a second detector is to see every frame.
  let disagreements: DisagreementCounter?

  /// - Parameters:
  ///   - countsDisagreements: whether the plan's second detector, if there is one, is to see every frame.
  ///   - configure: last changes to the session's configuration.
  ///   - consumers: further takers of results.
  init(
    _ plan: SessionPlan, consumers: [any ResultConsumer] = [], countsDisagreements: Bool,
    configure: (inout SessionConfiguration) -> Void
  ) throws {
    FileLog.start()
    let options = plan.session
    let user = UserConfiguration()
    var (recording, problems) = try plan.recording.configuration(user)
    let opened = try SourceOpening.open(plan.source.name, plan.source.request, replay: plan.source.replay)
    var configuration = InstalledModels.session(detector: options.model, classifier: options.classifier)
    configuration.minimumConfidence = options.confidence
    var settings = HealthSettings(user)
    try settings.apply(options.health)
    configuration.health = settings.thresholds
    let misconfigured = try options.likeness.apply(to: &configuration, user)
    var provider: any ModelProvider = InstalledModels(
      options: options.engine.options, wishes: options.suppression.wishes)
    var extras = SessionExtras()
    extras.photoFolder = "snapshots"
    let references = LikenessOptions.store()
    extras.references = references.store
    if let replayed = opened.source as? RecordingSource {
      provider = ReplayModelProvider(provider, source: replayed)
      // What was recorded is shown until another model is asked for.
      if replayed.hasResults, options.model == nil {
        configuration.detector = RecordedModel.name
        configuration.classifier = options.classifier == "none" ? nil : options.classifier
        configuration.sequence = nil
      }
    }
    if let seekable = opened.source as? any SeekableSource {
      extras.replay = seekable
      extras.replayStatus = { seekable.status }
    }
    configure(&configuration)
    disagreements = try plan.compare.flatMap { name in
      guard countsDisagreements else { return nil }
      return DisagreementCounter(
        try provider.loadVisionModel(name), minimumConfidence: configuration.minimumConfidence)
    }
    let facts = SessionFacts()
    recording.metadata = { [configuration, source = opened.source] in
      facts.session(source.description, options, configuration)
    }
    recording.describeModel = { facts.model($0) }
    let recorder = Recorder(recording)
    self.recorder = recorder
    extras.recorder = recorder
    extras.recordingStatus = { recorder.status }
    let counting: [any ResultConsumer] = disagreements.map { [$0] } ?? []
    session = Session(
      source: opened.source, provider: provider, configuration: configuration,
      consumers: consumers + counting + [recorder], extras: extras)
    let session = self.session
    recorder.report { session.report($0) }
    for problem in settings.problems
      + [user.problem.map { "\($0.line); the defaults hold" }, misconfigured, references.problem].compactMap(\.self)
    {
      session.report(SessionEvent(severity: .error, message: problem))
    }
    if let reason = opened.reason { session.report(SessionEvent(severity: .info, message: reason)) }
    for problem in problems { session.report(SessionEvent(severity: .warning, message: problem.line)) }
    if plan.recording.record != nil { recorder.setRecording(true) }
  }

  /// Whether a recording has ended because it could not go on.
  var recordingHasFailed: Bool {
    if case .failed = recorder.status.state { true } else { false }
  }

  /// Ends what the session began: the recording is completed.
  ///
  /// - Returns: what was recorded.
  @discardableResult
  func close() -> RecordingOutcome {
    session.stop()
    session.wait()
    return recorder.close()
  }
}
