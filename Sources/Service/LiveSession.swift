import Capture
import Configuration
import Foundation
import Ground
import Inference
public import Perception
public import Pipeline
public import Recording

/// A session put together from what the user asked for: source, stages, recorder.
public struct LiveSession: Sendable {
  public let session: Session
  public let recorder: Recorder
  /// The detection that starts recordings; nil where they start when told to.
  public let trigger: RecordingTrigger?

  /// How a front uses the session.
  public struct Use: Sendable {
    /// Whether frames wait until the networks are loaded, and a network that cannot be loaded ends the session.
    public var waitsForModels = false
    /// Whether the second detector to compare with looks at every frame, instead of the newest.
    public var comparesEveryFrame = false
    /// Stops after this many processed frames.
    public var frameLimit: UInt64?
    /// Whether the network that serves at the end is the source's usual one from then on.
    public var remembersNetwork = false

    public init() {}
  }

  private let remembersNetwork: Bool
  private let machine = MachineWatch()
  /// The source, where it is a recording.
  let replayed: RecordingSource?

  /// Opens the source and puts the session together; it has not started then.
  ///
  /// - Parameter consumers: further consumers of results.
  /// - Throws: an error whose line says what to do: a source, a file or a network that cannot be used.
  public init(_ request: SessionRequest, _ use: Use = Use(), consumers: [any ResultConsumer] = []) throws {
    FileLog.start()
    let user = UserConfiguration()
    var problems = [user.problem.map { "\($0.line); the defaults hold" }].compactMap(\.self)
    var (recording, misread) = try LiveSession.recording(request.recording, user)
    let cameras = CameraSettings(user)
    problems += cameras.problems
    var source = request.source
    source.request.controlMemory = cameras.memory
    let opened = try SourceOpening.open(source)
    let description = opened.source.description
    let replayed = opened.source as? RecordingSource
    self.replayed = replayed
    let choice = try PipelineChoice(request, user) {
      // The recorded results take its place.
      if replayed?.hasResults == true { return .demo }
      var problem: String?
      defer { if let problem { problems.append(problem) } }
      return UsualNetwork(for: description.name, isDemo: description.isDemo, user, problem: &problem)
    }
    var configuration = choice.configuration
    if let problem = choice.problem { problems.append(problem) }
    configuration.minimumConfidence = request.confidence
    configuration.waitForModels = use.waitsForModels
    configuration.frameLimit = use.frameLimit
    var health = HealthSettings(user)
    try health.apply(request.health)
    configuration.health = health.thresholds
    problems += health.problems
    var provider: any ModelProvider = InstalledModels(
      options: request.network, wishes: request.thresholds, offersDemo: description.isDemo || replayed != nil)
    var extras = SessionExtras()
    extras.photoFolder = "snapshots"
    let references = LiveSession.references()
    extras.references = references.store
    if let problem = references.problem { problems.append(problem) }
    remembersNetwork = use.remembersNetwork && replayed == nil && !description.isDemo
    if let replayed {
      provider = ReplayModelProvider(provider, source: replayed)
      // What was recorded is shown until another model is asked for.
      if replayed.hasResults, request.models.isEmpty, !choice.isWhole {
        configuration.showRecorded(request.classifier)
      }
    }
    trigger = recording.trigger
    var warnings: [String] = []
    if let trigger = recording.trigger {
      let check = TriggerCheck(trigger, configuration)
      if let error = check.unknownLabel(provider) ?? check.leftOutLabel {
        // What stands in the configuration does not keep a session from starting.
        if request.recording.settings.contains(where: { $0.key == "on" }) { throw error }
        warnings.append(error.line)
      }
      if let warning = check.lowConfidence { warnings.append(warning) }
    }
    if use.comparesEveryFrame, let name = request.compare {
      extras.comparesEveryFrame = try provider.loadVisionModel(name)
    }
    let facts = SessionFacts()
    recording.metadata = { [configuration, source = opened.source] in
      facts.session(source.description, request, configuration)
    }
    recording.describeModel = { facts.model($0) }
    let recorder = Recorder(recording)
    self.recorder = recorder
    extras.recorder = recorder
    extras.recordingStatus = { recorder.status }
    extras.machine = { [machine] in machine.status }
    session = Session(
      source: opened.source, provider: provider, configuration: configuration, consumers: consumers + [recorder],
      extras: extras)
    let session = self.session
    recorder.report { session.report($0) }
    for problem in LiveSession.fewest(problems, in: user.file) {
      session.report(SessionEvent(severity: .error, message: problem))
    }
    for warning in warnings { session.report(SessionEvent(severity: .warning, message: warning)) }
    if let reason = opened.reason { session.report(SessionEvent(severity: .info, message: reason)) }
    for line in LiveSession.fewest(misread.map(\.line) + user.strays.map(\.line), in: user.file) {
      session.report(SessionEvent(severity: .warning, message: line))
    }
    if let advice = configuration.advice {
      // The dashboard shows it in the picture.
      session.report(SessionEvent(severity: use.waitsForModels ? .warning : .info, message: advice))
    }
    if request.recording.isOn { recorder.setRecording(true) }
  }

  /// So many problems are told one by one: a file may have thousands.
  private static let toldProblems = 8

  /// The first of the lines, and how many more there are.
  private static func fewest(_ lines: [String], in file: String) -> [String] {
    guard lines.count > toldProblems else { return lines }
    return lines.prefix(toldProblems) + ["\(lines.count - toldProblems) more problems in \(file)"]
  }

  /// Whether a recording has ended because it could not go on.
  public var recordingHasFailed: Bool {
    if case .failed = recorder.status.state { true } else { false }
  }

  /// Starts the session.
  ///
  /// - Throws: an error whose line says why its threads cannot be started; everything is closed then.
  public func start() throws {
    guard let failure = session.start() else {
      do { try machine.start() } catch {
        session.report(SessionEvent(severity: .warning, message: "nothing is told of the machine: \(error)"))
      }
      return
    }
    close()
    throw failure
  }

  /// Ends what the session began: the recording is completed.
  ///
  /// - Returns: what was recorded.
  @discardableResult
  public func close() -> RecordingOutcome {
    rememberNetwork()
    machine.stop()
    session.stop()
    session.wait()
    return recorder.close()
  }

  private func rememberNetwork() {
    let snapshot = session.snapshot()
    guard remembersNetwork, let name = snapshot.detectors.first(where: { $0.state == .active })?.name,
      !InstalledModels.ofDemo.contains(name)
    else { return }
    let isPath = name.contains("/") || name.hasSuffix(".onnx") || name.hasSuffix(".toml")
    let full = isPath ? URL(fileURLWithPath: name).standardized.path : name
    do { try LastNetworks().remember(full, for: snapshot.source.name) } catch {
      session.report(SessionEvent(severity: .warning, message: "\(full) is not remembered: \(error)"))
    }
  }

  /// The recorder's settings, and what is wrong with those of the configuration file.
  private static func recording(
    _ request: RecordingRequest, _ user: UserConfiguration
  ) throws -> (RecordingConfiguration, problems: [RecordingError]) {
    var configuration = RecordingConfiguration(directory: ".")
    let problems = user.document.map { RecordingSettings.apply($0, to: &configuration) } ?? []
    for (key, value) in request.settings { try RecordingSettings.set(key, to: value, in: &configuration) }
    return (configuration, problems)
  }

  /// The user's references; in memory only, with the reason, where their file cannot be read.
  public static func references() -> (store: ReferenceStore, problem: String?) {
    do {
      return (try ReferenceStore(path: UserFolders.data("references.json")), nil)
    } catch {
      return (ReferenceStore(), "references are not kept: \(error)")
    }
  }
}

extension SessionConfiguration {
  /// Shows the results of a recording instead of running networks.
  fileprivate mutating func showRecorded(_ classifier: ClassifierChoice) {
    primaries = [StageSpec(model: RecordedModel.name)]
    stages = stages ?? []
    sequence = nil
    if case .named = classifier { return }
    self.classifier = nil
  }
}
