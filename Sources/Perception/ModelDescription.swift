/// A network as its user knows it: what lists, headers and JSON show.
public struct ModelDescription: Sendable {
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
  /// Where the network comes from: an address or a paper.
  public var source = ""
  /// How much an object's crop should exceed its box on each side, as a share of the box; nil: no wish.
  public var cropMargin: Float?
  /// The stages that its manifest wants after it.
  public var chain: [ChainStage] = []
  /// The text network that makes a pair with this image network.
  public var text: TextPairing?

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
}
