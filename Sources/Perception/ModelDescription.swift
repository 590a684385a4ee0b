import Inference

/// A network as its user knows it: what lists, headers and JSON show.
public struct ModelDescription: Sendable, Codable {
  public var name: String
  public var task: ModelTask
  /// The network file.
  public var path: String
  public var fileBytes: Int
  /// Input size in pixels.
  public var inputWidth: Int
  public var inputHeight: Int
  public var labels: [String]
  /// The decoder in use: "yolov8", "classifier", …
  public var decoder: String
  public var license: String
  /// How the description came about, a sentence a step: the manifest, or the guesses and their reasons.
  public var reasons: [String]
  /// What of the network's own files is not used, and why, a sentence each; ``reasons`` hold them too.
  public var warnings: [String] = []
  /// Whether nothing tells how pictures are prepared for it, so that the usual way of its kind is taken.
  public var assumesPreprocessing = false
  /// Where the network comes from: an address or a paper.
  public var source = ""
  /// The engine that runs it, with its provider; empty while no engine has prepared it.
  public var engine = ""
  /// The hardware that runs it: "CPU (avx512)"; empty while no engine has prepared it.
  public var runsOn = ""
  /// How much an object's crop should exceed its box on each side, as a share of the box; nil: no wish.
  public var cropMargin: Float?
  /// The stages that its manifest wants after it.
  public var stages: [StageSpec] = []
  /// Whether its answers are a pipeline's whole result already, tracks included: a recording's.
  public var isComplete = false
  /// The text network that makes a pair with this image network.
  public var text: TextPairing?

  // The stages, the text network and the warnings concern only the machine that loads the network. A description that is read
  // elsewhere has their results.
  private enum CodingKeys: CodingKey {
    case name, task, path, fileBytes, inputWidth, inputHeight, labels, decoder, license, reasons, source, cropMargin
    case engine, runsOn, isComplete, assumesPreprocessing
  }

  public init(
    name: String, task: ModelTask, path: String, fileBytes: Int, inputWidth: Int, inputHeight: Int, labels: [String],
    decoder: String, license: String = "", reasons: [String] = []
  ) {
    self.name = name
    self.task = task
    self.path = path
    self.fileBytes = fileBytes
    self.inputWidth = inputWidth
    self.inputHeight = inputHeight
    self.labels = labels
    self.decoder = decoder
    self.license = license
    self.reasons = reasons
  }

  /// Adds warnings, which say how the description came about as well.
  mutating func add(_ warnings: [String]) {
    self.warnings += warnings
    reasons += warnings
  }

  /// The same description with the engine that prepared the network.
  func prepared(by network: any PreparedNetwork) -> ModelDescription {
    var copy = self
    copy.engine = network.engine.description
    copy.runsOn = network.runsOn
    return copy
  }
}
