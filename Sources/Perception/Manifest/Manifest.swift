import Configuration
import Foundation
import Ground
import Vision

/// What a `models/NAME.toml` says of a network. Every field is optional: what is missing is taken from the network file
/// itself, as far as it tells (see `Recognizer`).
public struct Manifest: Sendable {
  /// The manifest's own path.
  public var path = ""
  /// The network file, relative to the manifest; the manifest's name with `.onnx` if nil.
  public var file: String?
  public var task: ModelTask?
  public var license: String?
  /// Where the network comes from: an address or a paper.
  public var source: String?
  /// The network file's SHA-256, lowercase hexadecimal; checked when the network is loaded.
  public var sha256: String?
  /// Class names, written out or read from `labels_file`.
  public var labels: [String]?
  /// The engine that runs it, `NAME` or `NAME:PROVIDER`; the first engine of the program if nil.
  public var engine: String?
  public var input = InputOverrides()
  /// The output decoder's name.
  public var decoder: String?
  public var thresholds = Thresholds()
  public var sequence: SequenceParameters?
  /// How much wider and higher than its box an object's crop is, as a share of the box on each side.
  public var cropMargin: Float?
  /// The stages that follow this network.
  public var stages: [StageSpec] = []
  /// The points of a pose that are joined; nil: the usual pairs for its number of points.
  public var skeleton: Skeleton?
  /// The text network that makes a pair with this image network.
  public var text: TextPairing?

  /// The file that the decoder's parameters are read from once the decoder is known; nil when none are given.
  var document: ConfigDocument?

  /// When a finding counts, and how many may.
  public struct Thresholds: Sendable {
    public var confidence: Float?
    public var iou: Float?
    public var limit: Int?
    public var classAgnostic: Bool?
    /// Variance of soft-NMS' Gaussian; nil for plain suppression.
    public var softSigma: Float?
    /// How many classes a classifier reports.
    public var top: Int?

    public init() {}

    /// These with whatever `other` says put over them.
    func overridden(by other: Thresholds) -> Thresholds {
      var copy = self
      copy.confidence = other.confidence ?? confidence
      copy.iou = other.iou ?? iou
      copy.limit = other.limit ?? limit
      copy.classAgnostic = other.classAgnostic ?? classAgnostic
      copy.softSigma = other.softSigma ?? softSigma
      copy.top = other.top ?? top
      return copy
    }
  }

  /// A sequence network's facts.
  public struct SequenceParameters: Sendable {
    public var length: Int?
    /// Names of one step's numbers, in order: see ``SequenceFeature``.
    public var features: [String]?
  }

  public init() {}

  /// Reads a manifest file and, where it names one, its label file.
  ///
  /// - Throws: `ConfigurationError` that names the file, the line and the field.
  public init(path: String) throws {
    try self.init(text: SmallFile.text(path, limit: 1 << 22), path: path)
  }

  /// Reads a manifest's text; `path` places its errors and what it refers to.
  public init(text: String, path: String) throws {
    let document = try ConfigDocument(text: text, file: path)
    let reader = ConfigReader(document)
    self.path = path
    self.document = document
    file = try reader.string("file")
    task = try reader.choice("task", ModelTask.allCases.map { ($0.rawValue, $0) })
    license = try reader.string("license")
    source = try reader.string("source")
    sha256 = try Manifest.hash(reader)
    engine = try reader.string("engine")
    labels = try Manifest.labels(reader, beside: path)
    input = try InputOverrides(reader.table("input"))
    thresholds = try Thresholds(reader.table("thresholds"))
    cropMargin = try reader.table("crop").number("margin", in: 0...4)
    if reader.has("sequence") { sequence = try SequenceParameters(reader.table("sequence")) }
    stages = try StageSpec.stages(in: reader)
    skeleton = try Manifest.skeleton(reader)
    if reader.has("text") { self.text = try Manifest.text(reader.table("text"), beside: path) }
    if case .table = reader.value("decoder") {
      // The decoder itself reads its other parameters, and says which it does not know.
      guard case .table(let values) = reader.value("decoder"), case .string(let name) = values["name"] else {
        throw reader.error("decoder.name", "is missing", remedy: "name = \"yolov8\", for one")
      }
      decoder = name
    } else {
      decoder = try reader.string("decoder")
    }
    if let decoder, DecoderRegistry.definition(named: decoder) == nil {
      let names = DecoderRegistry.names
      let near = Spelling.nearest(to: decoder, among: names).map { "did you mean '\($0)'? " } ?? ""
      throw reader.error(
        "decoder", "is '\(decoder)', which is not known",
        remedy: "\(near)known are \(names.joined(separator: ", "))")
    }
    try reader.finish()
  }

  /// The decoder's own parameters, with the lines they stand on.
  func decoderParameters() throws -> ConfigReader {
    guard let document, case .table = document.root["decoder"] else { return ConfigReader([:]) }
    let reader = try ConfigReader(document).table("decoder")
    _ = try reader.string("name")
    return reader
  }

  /// `[text]`: the text network of a pair and its vocabulary, relative to the manifest.
  private static func text(_ reader: ConfigReader, beside path: String) throws -> TextPairing {
    func file(_ key: String) throws -> String {
      guard let name = try reader.string(key) else {
        throw reader.error(key, "is missing", remedy: "[text] takes 'model' and 'vocabulary', both files")
      }
      return place(of: name, beside: path)
    }
    let template = try reader.string("template") ?? TextPairing.usualTemplate
    guard template.contains("{}") else { throw reader.error("template", "must hold {} where the label goes") }
    return TextPairing(
      path: try file("model"), vocabulary: try file("vocabulary"), template: template,
      padsWithEnd: try reader.bool("pad_with_end") ?? false)
  }

  /// A file that a manifest names, from the manifest's own folder.
  private static func place(of file: String, beside path: String) -> String {
    file.hasPrefix("/")
      ? file : (path.folderPath as NSString).appendingPathComponent(file)
  }

  /// `skeleton = [[0, 1], [1, 2]]`: the points of a pose that are joined.
  private static func skeleton(_ reader: ConfigReader) throws -> Skeleton? {
    guard let value = reader.value("skeleton") else { return nil }
    func pair(_ value: ConfigValue) -> [Int]? {
      guard case .array(let items) = value else { return nil }
      return items.compactMap { if case .int(let number) = $0 { number } else { nil } }
    }
    guard case .array(let items) = value, case let pairs = items.compactMap(pair), pairs.count == items.count,
      let skeleton = Skeleton(pairs: pairs)
    else {
      throw reader.error("skeleton", "must be a list of pairs of points", remedy: "skeleton = [[0, 1], [1, 2]]")
    }
    return skeleton
  }

  private static func hash(_ reader: ConfigReader) throws -> String? {
    guard let text = try reader.string("sha256")?.lowercased() else { return nil }
    guard text.count == 64, text.allSatisfy(\.isHexDigit) else {
      throw reader.error("sha256", "must be 64 hexadecimal digits")
    }
    return text
  }

  private static func labels(_ reader: ConfigReader, beside path: String) throws -> [String]? {
    let file = try reader.string("labels_file")
    if case .string(let name) = reader.value("labels") {
      guard let known = LabelSets.named(name) else {
        let names = LabelSets.names.joined(separator: ", ")
        throw reader.error("labels", "names no known set '\(name)'", remedy: "a list of names, or one of \(names)")
      }
      return known
    }
    if let labels = try reader.strings("labels") { return labels }
    guard let file else { return nil }
    let place = place(of: file, beside: path)
    let bytes: [UInt8]
    do throws(ConfigurationError) { bytes = try SmallFile.bytes(place, limit: 1 << 22) } catch {
      throw reader.error(
        "labels_file", "names '\(file)', which cannot be read (\(error.what))", remedy: "looked for \(place)")
    }
    let names = LabelSets.lines(String(decoding: bytes, as: UTF8.self))
    guard !names.isEmpty else {
      throw reader.error("labels_file", "names '\(file)', which holds no names", remedy: "write one name per line")
    }
    return names
  }
}

extension Manifest.Thresholds {
  init(_ reader: ConfigReader) throws {
    confidence = try reader.number("confidence", in: 0...1)
    iou = try reader.number("iou", in: 0...1)
    limit = try reader.int("max_detections", in: 1...Suppression.largestLimit)
    classAgnostic = try reader.bool("class_agnostic")
    softSigma = try reader.number("soft_nms", in: 0.001...10)
    top = try reader.int("top", in: 1...1000)
  }
}

extension Manifest.SequenceParameters {
  init(_ reader: ConfigReader) throws {
    length = try reader.int("length", in: 1...4096)
    features = try reader.strings("features")
    for name in features ?? [] where SequenceFeature(rawValue: name) == nil {
      let names = SequenceFeature.allCases.map(\.rawValue)
      let near = Spelling.nearest(to: name, among: names).map { "did you mean '\($0)'? " } ?? ""
      throw reader.error(
        "features", "holds '\(name)', which is not known", remedy: "\(near)known are \(names.joined(separator: ", "))")
    }
  }
}
