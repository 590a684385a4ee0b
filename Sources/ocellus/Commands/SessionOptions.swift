import ArgumentParser
import Configuration
import Ground
import Perception
import Pipeline
import Service

/// The flags of every command that runs a session: its stages and its thresholds.
struct SessionOptions: ParsableArguments {
  @OptionGroup var stages: StageOptions

  @Option(name: .long, help: "Drop detections below this confidence, 0.001 to 0.999.")
  var confidence: Float = 0.4

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Threshold of a picture health check: frozen, dark, overexposed, blurred, covered, flicker or hold, with a number "
        + "or 'off'; 'off' alone turns all of them off. May be repeated. [health] in the configuration file explains them.",
      valueName: "NAME=VALUE"))
  var health: [String] = []

  @OptionGroup var suppression: SuppressionOptions
  @OptionGroup var likeness: LikenessOptions
  @OptionGroup var engine: EngineOptions

  func validate() throws {
    guard SessionConfiguration.confidences.contains(confidence) else {
      throw ValidationError("--confidence takes 0.001 to 0.999")
    }
    var settings = HealthSettings()
    do {
      try settings.apply(health)
    } catch {
      throw ValidationError("--health: \(error)")
    }
  }

  /// The request of a session over a source.
  func request(_ source: SourceChoice, recording: RecordingRequest) throws -> SessionRequest {
    var request = try stages.request()
    request.source = source
    request.recording = recording
    request.confidence = confidence
    request.health = health
    request.thresholds = suppression.wishes
    request.network = engine.options
    request.program = "ocellus \(Ocellus.configuration.version)"
    try likeness.apply(to: &request)
    return request
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

  private static var kinds: String { StageRegistry.standard.definitions.map(\.kind).joined(separator: ", ") }

  func validate() throws {
    if pipeline != nil, chain != nil { throw ValidationError("--pipeline and --chain exclude each other") }
    guard stage.count <= StageSpec.countLimit else {
      throw ValidationError("--stage may be given \(StageSpec.countLimit) times")
    }
    _ = try specs()
  }

  func request() throws -> SessionRequest {
    var request = SessionRequest()
    request.models = model
    request.classifier = classifier.map { $0 == "none" ? .none : .named($0) } ?? .usual
    request.pipeline = pipeline
    request.chain = chain
    request.stages = try specs()
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
