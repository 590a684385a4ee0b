import Capture
import Inference
import Pipeline
import Recording

/// A session put together from what the user asked for: source, networks, recorder, and what fronts may do beyond.
struct LiveSession {
  let session: Session
  private let recorder: Recorder

  /// - Parameters:
  ///   - configure: last changes to the session's configuration.
  ///   - consumers: further takers of results.
  init(
    _ options: SessionOptions, recording: RecordingOptions, consumers: [any ResultConsumer] = [],
    configure: (inout SessionConfiguration) -> Void
  ) throws {
    FileLog.start()
    let opened = try SourceOpening.open(options.source, try options.request(), replay: options.replay)
    var configuration = InstalledModels.session(detector: options.model, classifier: options.classifier)
    configuration.minimumConfidence = options.confidence
    var settings = HealthSettings.load()
    try settings.apply(options.health)
    configuration.health = settings.thresholds
    let misconfigured = try options.likeness.apply(to: &configuration)
    var provider: any ModelProvider = InstalledModels(options: options.engine.options)
    var extras = SessionExtras()
    extras.photoFolder = "snapshots"
    let references = LikenessOptions.store()
    extras.references = references.store
    if let replayed = opened.source as? RecordingSource {
      provider = ReplayModelProvider(provider, source: replayed)
      extras.replay = replayed
      extras.replayStatus = { replayed.status }
      // What was recorded is shown until another model is asked for.
      if replayed.hasResults, options.model == nil {
        configuration.detector = RecordedModel.name
        configuration.classifier = options.classifier == "none" ? nil : options.classifier
        configuration.sequence = nil
      }
    }
    configure(&configuration)
    recorder = Recorder(
      try recording.configuration(metadata: [
        "source": opened.source.description.name, "detector": configuration.detector ?? "",
        "classifier": configuration.classifier ?? "",
      ]))
    let recorder = self.recorder
    extras.recorder = recorder
    extras.recordingStatus = { recorder.status }
    session = Session(
      source: opened.source, provider: provider, configuration: configuration, consumers: consumers + [recorder],
      extras: extras)
    let session = self.session
    recorder.report { session.report($0) }
    for problem in settings.problems + [misconfigured, references.problem].compactMap(\.self) {
      session.report(SessionEvent(severity: .error, message: problem))
    }
    if let reason = opened.reason { session.report(SessionEvent(severity: .info, message: reason)) }
    if recording.record != nil { recorder.setRecording(true) }
  }

  /// Ends what the session began: the recording is completed.
  func close() {
    session.stop()
    session.wait()
    recorder.close()
  }
}
