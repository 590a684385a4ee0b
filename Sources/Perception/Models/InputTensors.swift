import Ground
import Inference
import Vision

/// A network's input tensors, filled from frames in memory that is reused while the size stays the same.
final class InputTensors {
  private let ports: [NetworkPort]
  private let pictureIndex: Int
  private let recipe: InputRecipe
  private let resampler = Resampler()
  /// By the picture's shape: a network on crops goes to and fro between one and several.
  private var prepared: [[Int]: [Tensor]] = [:]
  private static let preparedLimit = 3
  /// Where pictures are packed when the network does not take floats.
  private var staging: [Float] = []

  /// - Throws: ``PerceptionError`` when some input is neither the picture nor one of the known extras.
  init(facts: NetworkFacts, recipe: InputRecipe, inputName: String?) throws {
    ports = facts.inputs
    self.recipe = recipe
    if let inputName {
      guard let index = facts.inputs.firstIndex(where: { $0.name == inputName }) else {
        let names = facts.inputs.map { "'\($0.name)'" }.joined(separator: ", ")
        throw PerceptionError(
          .badManifest, "field 'input.name' names no input '\(inputName)'", place: facts.name,
          remedy: "the network's inputs are \(names)")
      }
      pictureIndex = index
    } else if let picture = facts.picture {
      pictureIndex = picture.index
    } else {
      throw PerceptionError(.notUnderstood, "no input looks like a picture", place: facts.name)
    }
    for (index, port) in ports.enumerated() where index != pictureIndex && Extra(port) == nil {
      throw PerceptionError(
        .notUnderstood, "input '\(port.name)' is not known", place: facts.name,
        remedy: "only a picture and its size can be fed")
    }
  }

  /// What networks ask for beside the picture.
  private enum Extra {
    /// Height and width, or width and height, of the network's input: boxes then come in its pixels.
    case heightWidth
    case widthHeight
    /// How much the picture was scaled: 1, since the placement undoes it.
    case ones

    init?(_ port: NetworkPort) {
      switch port.name.split(separator: ":").first.map(String.init) ?? "" {
      case "image_shape", "im_shape": self = .heightWidth
      case "orig_target_sizes", "target_sizes": self = .widthHeight
      case "scale_factor": self = .ones
      default: return nil
      }
    }

    func tensor(_ port: NetworkPort, width: Int, height: Int, batch: Int) throws -> Tensor {
      let pair: [Int] =
        switch self {
        case .heightWidth: [height, width]
        case .widthHeight: [width, height]
        case .ones: [1, 1]
        }
      let values = (0..<batch).flatMap { _ in pair }
      let shape = port.shape?.count == 1 ? [2] : [batch, 2]
      switch port.type {
      case .int64: return Tensor(shape, values.map { Int64($0) })
      case .int32: return Tensor(shape, values.map { Int32($0) })
      case .float32: return Tensor(shape, values.map { Float($0) })
      default:
        throw PerceptionError(.notUnderstood, "input '\(port.name)' has the type \(port.type.name)")
      }
    }
  }

  /// Fills the input with one picture a region (one whole picture for an empty list).
  ///
  /// - Returns: the tensors in the network's order, and where each picture was placed. The tensors are overwritten by the
  ///   next call.
  func fill(_ image: Image, regions: [Box?]) throws -> (tensors: [Tensor], placements: [Placement]) {
    let first = regions.first.flatMap { $0 }?.clipped(width: image.width, height: image.height)
    let size = recipe.inputSize(
      frameWidth: first.map(\.width) ?? Float(image.width), frameHeight: first.map(\.height) ?? Float(image.height))
    let placements = regions.map { region in
      Placement(
        sourceWidth: image.width, sourceHeight: image.height, region: region, width: size.width, height: size.height,
        rule: recipe.rule)
    }
    let tensors = try prepare(width: size.width, height: size.height, batch: regions.count)
    let target = tensors[pictureIndex]
    let channels = recipe.normalization.order.channels
    let each = channels * size.width * size.height
    for (index, placement) in placements.enumerated() {
      if target.type == .float32 {
        pack(image, placement, target.elements(as: Float.self).baseAddress, index * each)
      } else {
        if staging.count < each { staging = [Float](repeating: 0, count: each) }
        staging.withUnsafeMutableBufferPointer { pack(image, placement, $0.baseAddress, 0) }
        convert(count: each, to: target, at: index * each)
      }
    }
    return (tensors, placements)
  }

  private func pack(_ image: Image, _ placement: Placement, _ base: UnsafeMutablePointer<Float>?, _ offset: Int) {
    guard let base else { return }
    resampler.pack(
      image, placement, recipe.filter, recipe.normalization, interleaved: recipe.layout.isInterleaved,
      into: base + offset)
  }

  private func convert(count: Int, to target: Tensor, at offset: Int) {
    func whole<Element: TensorElement & FixedWidthInteger>(_: Element.Type, _ range: ClosedRange<Float>) {
      let out = target.elements(as: Element.self)
      for index in 0..<count {
        out[offset + index] = Element(
          saturating: min(max(staging[index].rounded(), range.lowerBound), range.upperBound))
      }
    }
    func floating<Element: TensorElement & BinaryFloatingPoint>(_: Element.Type) {
      let out = target.elements(as: Element.self)
      for index in 0..<count { out[offset + index] = Element(staging[index]) }
    }
    switch target.type {
    case .uint8:
      let out = target.elements(as: UInt8.self)
      for index in 0..<count { out[offset + index] = UInt8(saturating: min(max(staging[index] + 0.5, 0), 255)) }
    case .int8: whole(Int8.self, -128...127)
    case .uint16: whole(UInt16.self, 0...65535)
    case .int16: whole(Int16.self, -32768...32767)
    case .uint32: whole(UInt32.self, 0...1e6)
    case .int32: whole(Int32.self, -1e6...1e6)
    case .uint64: whole(UInt64.self, 0...1e6)
    case .int64: whole(Int64.self, -1e6...1e6)
    case .float64: floating(Double.self)
    case .float16: floating(Float16.self)
    case .float32, .string, .bool, .complex64, .complex128, .bfloat16:
      // Floats are packed in place, and `prepare` refuses the others.
      break
    }
  }

  private func prepare(width: Int, height: Int, batch: Int) throws -> [Tensor] {
    var shape = recipe.layout.shape(channels: recipe.normalization.order.channels, width: width, height: height)
    if shape.count == 4 { shape[0] = batch }
    if let tensors = prepared[shape] { return tensors }
    if prepared.count >= InputTensors.preparedLimit { prepared.removeAll() }
    let tensors = try ports.enumerated().map { index, port in
      if index == pictureIndex {
        guard NetworkFacts.pictureTypes.contains(port.type) else {
          throw PerceptionError(.notUnderstood, "input '\(port.name)' has the type \(port.type.name)")
        }
        return try Tensor(uninitialized: port.type, shape)
      }
      guard let extra = Extra(port) else {
        throw PerceptionError(.notUnderstood, "input '\(port.name)' is not known")
      }
      return try extra.tensor(port, width: width, height: height, batch: batch)
    }
    prepared[shape] = tensors
    return tensors
  }
}
