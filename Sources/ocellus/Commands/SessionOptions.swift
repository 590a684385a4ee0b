import ArgumentParser
import Configuration
import Ground
import Perception
import Pipeline
import Service

/// The flags of every command that runs a session: its stages and its thresholds.
struct SessionOptions: ParsableArguments {
  @OptionGroup(title: "Networks and stages") var stages: StageOptions
  @OptionGroup var profile: ProfileOption
  @OptionGroup(title: "Thresholds") var confidence: ConfidenceOption
  @OptionGroup(title: "Thresholds") var suppression: SuppressionOptions
  @OptionGroup(title: "Thresholds") var health: HealthOptions
  @OptionGroup(title: "References and labels") var likeness: LikenessOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  /// The request of a session over a source.
  func request(_ source: SourceChoice, recording: RecordingRequest) throws -> SessionRequest {
    var request = try stages.request()
    request.source = source
    request.recording = recording
    request.confidence = confidence.value ?? SessionOptions.usualConfidence
    request.health = health.health
    request.thresholds = suppression.wishes
    request.network = engine.options
    request.program = "ocellus \(Ocellus.configuration.version)"
    try likeness.apply(to: &request)
    return request
  }

  /// Where the command line says nothing.
  private static let usualConfidence: Float = 0.4
}

/// Which of the configuration's profiles holds. Its flags are put before those of the command line, before they are parsed.
struct ProfileOption: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Take the flags of [profile.NAME] in the configuration file; @NAME before all flags says the same.",
      valueName: "NAME"))
  var profile: String?
}

/// The confidence that counts.
struct ConfidenceOption: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Drop detections below this confidence, 0.001 to 0.999, or a percentage such as 40% (default: 0.4; of detect, the "
        + "manifest's threshold).", valueName: "SHARE"))
  var confidence: ShareArgument?

  func validate() throws {
    guard let confidence else { return }
    guard SessionConfiguration.confidences.contains(confidence.value) else {
      throw ValidationError("--confidence takes 0.001 to 0.999, or 0.1% to 99.9%")
    }
  }

  var value: Float? { confidence?.value }
}

/// When the picture is complained about.
struct HealthOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Threshold of a picture health check: frozen, dark, overexposed, blurred, covered, flicker or hold, with a number "
        + "or 'off'; 'off' alone turns all of them off. May be repeated. [health] in the configuration file explains them.",
      valueName: "NAME=VALUE"))
  var health: [String] = []

  func validate() throws {
    var settings = HealthSettings()
    do {
      try settings.apply(health)
    } catch {
      throw ValidationError("--health: \(error)")
    }
  }
}

/// The flags that say which stages run.
struct StageOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "A network on the whole frame, such as a detector. Repeat for several at once.", valueName: "NAME|PATH"))
  var model: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp("The second stage, run on each detection; 'none' for none.", valueName: "NAME|PATH"))
  var classifier: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Take the stages from the [[stage]] tables of this file; without it, from the configuration file, else from the "
        + "networks' manifests.", valueName: "FILE.toml"))
  var pipeline: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Take the stages after the detector from the [[chain]] tables of this file.", valueName: "FILE.toml"))
  var chain: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Add a stage: \(StageOptions.kinds), with fields of a [[stage]] table after a colon. Lists are joined with +. "
        + "'none' runs no networks but those that are named. Repeat for more.",
      valueName: "KIND[:KEY=VALUE,…]"))
  var stage: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Limit detectors to these classes, such as person,forklift: others are neither shown, followed nor recorded.",
      valueName: "A,B,…"))
  var classes: String?

  private static var kinds: String { StageRegistry.standard.definitions.map(\.kind).joined(separator: ", ") }

  func validate() throws {
    if pipeline != nil, chain != nil { throw ValidationError("--pipeline and --chain exclude each other") }
    guard stage.count <= StageSpec.countLimit else {
      throw ValidationError("--stage may be given \(StageSpec.countLimit) times")
    }
    _ = try specs()
    if let classes, ZeroShotLabels.parse(classes).isEmpty {
      throw ValidationError("--classes takes names of classes, separated by commas")
    }
  }

  func request() throws -> SessionRequest {
    var request = SessionRequest()
    request.models = model
    request.classifier = classifier.map { $0 == "none" ? .none : .named($0) } ?? .usual
    request.pipeline = pipeline
    request.chain = chain
    request.stages = try specs()
    request.classes = classes.map(ZeroShotLabels.parse) ?? []
    request.runsNamedNetworksOnly = stage.contains("none")
    return request
  }

  private func specs() throws -> [StageSpec] {
    try stage.filter { $0 != "none" }.map { text in
      do { return try StageRegistry.standard.stage(parsing: text) } catch {
        throw ValidationError("--stage \(text): \(error)")
      }
    }
  }
}
