import Ground
public import Inference
import Vision

/// All that a network file tells about itself without being run: what recognition goes by.
public struct NetworkFacts: Sendable {
  public var inputs: [NetworkPort]
  public var outputs: [NetworkPort]
  public let metadata: [String: String]
  public var producer: String
  /// The file's name without folder and extension.
  public var name: String
  /// Why a trial run did not tell the shapes that the file leaves open; nil where it did, or was not needed.
  var trialFailure: String?
  /// Ultralytics' metadata, if the file carries it.
  let ultralytics: UltralyticsMetadata?
  /// What Hugging Face's files beside the network say of it.
  var companion: CompanionFiles?
  /// How many pictures the network takes at once; 1 unless its file fixes another number. The ports' shapes are then those
  /// of one picture.
  private(set) var batch = 1

  public init(
    name: String, inputs: [NetworkPort], outputs: [NetworkPort], metadata: [String: String] = [:],
    producer: String = ""
  ) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.metadata = metadata
    self.producer = producer
    ultralytics = UltralyticsMetadata(metadata)
    if let picture, let shape = inputs[picture.index].shape, shape.count == 4, let extent = shape[0], extent > 1 {
      batch = extent
      for index in inputs.indices { self.inputs[index].shape = onePicture(inputs[index].shape) }
      for index in outputs.indices { self.outputs[index].shape = onePicture(outputs[index].shape) }
    }
  }

  /// A port's shape for one picture of the batch.
  private func onePicture(_ shape: [Int?]?) -> [Int?]? {
    guard let shape, shape.first == .some(batch) else { return shape }
    return [1] + shape.dropFirst()
  }

  /// Takes the shapes of a trial run for the outputs that the file leaves open.
  mutating func complete(outputShapes shapes: [[Int]]) {
    for (index, shape) in zip(outputs.indices, shapes) where outputs[index].shape == nil {
      outputs[index].shape = onePicture(shape)
    }
  }

  /// What the file's metadata or the files beside it say that could not be read, a sentence each.
  var problems: [String] { (ultralytics?.problems ?? []) + (companion?.problems ?? []) }

  /// As many pictures as a fixed batch may have: all are computed for one answer.
  private static let batchLimit = 256

  /// Checks that the first picture's answer can be told from the others' where the file fixes a batch.
  ///
  /// - Throws: ``PerceptionError``, its place `path`.
  func checkBatch(_ path: String) throws {
    guard batch > 1 else { return }
    let remedy = "export it with a batch of 1"
    guard batch <= NetworkFacts.batchLimit else {
      throw PerceptionError(
        .notUnderstood,
        "the network takes a batch of \(batch) pictures, at most \(NetworkFacts.batchLimit) can be given",
        place: path, remedy: remedy)
    }
    let mixed = outputs.first { port in port.shape.map { ($0.first ?? 0) ?? 1 != 1 } ?? false }
    if let mixed {
      throw PerceptionError(
        .notUnderstood,
        "the network takes a batch of \(batch) pictures, and its output '\(mixed.name)' does not keep them apart",
        place: path, remedy: remedy)
    }
  }

  /// What an input shape says about a picture: axis order, channels, and the extents that it fixes.
  struct PictureShape: Equatable {
    var index: Int
    var layout: TensorLayout
    var channels: Int
    var width: Int?
    var height: Int?
  }

  /// The first input that can hold a picture: rank 4, or rank 3 without a batch axis, with 1 or 3 channels.
  var picture: PictureShape? {
    for (index, port) in inputs.enumerated() {
      guard NetworkFacts.pictureTypes.contains(port.type), let shape = port.shape else { continue }
      if let found = NetworkFacts.picture(shape, at: index) { return found }
    }
    return nil
  }

  /// What a picture can be fed as.
  static let pictureTypes: [ElementType] = [.float32, .float16, .float64] + wholeTypes

  private static let wholeTypes: [ElementType] = [
    .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64,
  ]

  private static func picture(_ shape: [Int?], at index: Int) -> PictureShape? {
    // A rank-3 input of one channel is a sequence [1, steps, features], not a picture.
    func isChannels(_ extent: Int?) -> Bool { extent == 3 || (extent == 1 && shape.count == 4) }
    func isSide(_ extent: Int?) -> Bool { extent.map { $0 >= 8 && $0 <= 8192 } ?? true }
    let axes = shape.count == 4 ? Array(shape[1...]) : shape
    guard axes.count == 3, shape.count == 3 || shape[0] ?? 1 >= 1 else { return nil }
    let batched = shape.count == 4
    if isChannels(axes[0]), isSide(axes[1]), isSide(axes[2]) {
      return PictureShape(
        index: index, layout: batched ? .nchw : .chw, channels: axes[0] ?? 3, width: axes[2], height: axes[1])
    }
    if isChannels(axes[2]), isSide(axes[0]), isSide(axes[1]) {
      return PictureShape(
        index: index, layout: batched ? .nhwc : .hwc, channels: axes[2] ?? 3, width: axes[1], height: axes[0])
    }
    return nil
  }

  /// The shapes of the outputs; nil where even the rank is unknown.
  var outputShapes: [[Int?]?] { outputs.map(\.shape) }

  /// The output shapes without a leading batch axis of 1 or unknown extent.
  func unbatched(_ index: Int) -> [Int?]? {
    guard index < outputs.count, let shape = outputs[index].shape, shape.count > 1 else {
      return index < outputs.count ? outputs[index].shape : nil
    }
    return shape[0] ?? 1 == 1 ? Array(shape[1...]) : shape
  }

  /// Where an output with one of these names stands (case and a trailing ":0" aside).
  func output(named names: String...) -> Int? {
    outputs.firstIndex { port in
      let plain = port.name.lowercased().split(separator: ":").first.map(String.init) ?? ""
      return names.contains(plain)
    }
  }

  /// The recipe for an input of whole numbers, which takes pixels as they are: what the family's float networks get first
  /// happens inside. Signed bytes are pixels less 128.
  func wholeNumbers(_ recipe: InputRecipe) -> (recipe: InputRecipe, reason: String)? {
    guard let picture, NetworkFacts.wholeTypes.contains(inputs[picture.index].type) else { return nil }
    let order = recipe.normalization.order
    let signed = inputs[picture.index].type == .int8
    var copy = recipe
    copy.normalization = Normalization(
      order: order, scale: 1, mean: [Float](repeating: signed ? 128 : 0, count: order.channels),
      deviation: [Float](repeating: 1, count: order.channels), pad: recipe.normalization.pad)
    let text = signed ? "pixels less 128" : "pixels as they are"
    return (copy, "the input takes \(inputs[picture.index].type.name): \(text)")
  }

  /// How many cells the grids of the given strides have together on the input; nil while its size is unknown.
  func cells(strides: [Int], width: Int, height: Int) -> Int {
    strides.reduce(0) { $0 + (width + $1 - 1) / $1 * ((height + $1 - 1) / $1) }
  }

  /// A recipe with the layout and size of the picture input; the sizes that the file leaves open are `width` x `height`.
  func recipe(
    width: Int, height: Int, rule: ResizeRule, normalization: Normalization = Normalization()
  ) -> InputRecipe {
    let picture = picture
    var normalization = normalization
    if picture?.channels == 1 {
      normalization.order = .gray
      normalization.mean = [normalization.mean.first ?? 0]
      normalization.deviation = [normalization.deviation.first ?? 1]
    }
    return InputRecipe(
      layout: picture?.layout ?? .nchw,
      size: .fixed(width: picture?.width ?? width, height: picture?.height ?? height), rule: rule,
      normalization: normalization)
  }

}
