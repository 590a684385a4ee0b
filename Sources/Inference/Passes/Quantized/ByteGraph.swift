import Ground

/// What the quantisation passes read off a graph.
extension Graph.Node {
  func isMicrosoft(_ type: String) -> Bool { domain == "com.microsoft" && operatorType == type }
}

extension GraphEditor {
  /// The one scale and zero point of a tensor of unsigned bytes, both constant.
  func byteScale(_ scale: ValueID?, _ zero: ValueID?) -> ByteScale? {
    guard let scale = constant(scale), scale.type == .float32, scale.count == 1 else { return nil }
    let value = scale.elements(as: Float.self)[0]
    guard value.isNormal, value > 0 else { return nil }
    guard zero != nil else { return ByteScale(scale: value, zero: 0) }
    guard let zero = constant(zero), zero.type == .uint8, zero.count == 1 else { return nil }
    return ByteScale(scale: value, zero: Int(zero.elements(as: UInt8.self)[0]))
  }

  /// The scales and zero points of constant weights with `outputs` outputs.
  func weightScale(_ weight: Tensor, _ scale: ValueID?, _ zero: ValueID?, outputs: Int) -> WeightScale? {
    guard weight.type == .uint8 || weight.type == .int8, let scale = constant(scale), scale.type == .float32,
      scale.count == 1 || scale.rank == 1 && scale.count == outputs
    else { return nil }
    let scales = scale.array(of: Float.self)
    guard scales.allSatisfy({ $0.isFinite && $0 >= 0 }) else { return nil }
    guard zero != nil else { return WeightScale(scales: scales, zeros: [0]) }
    guard let zero = constant(zero), zero.type == weight.type, zero.count == 1 || zero.count == outputs else {
      return nil
    }
    let zeros =
      zero.type == .uint8 ? zero.array(of: UInt8.self).map(Int.init) : zero.array(of: Int8.self).map(Int.init)
    return WeightScale(scales: scales, zeros: zeros)
  }

  /// The bytes that a float value is dequantised from.
  func dequantized(_ id: ValueID?) -> (bytes: ValueID, scale: ByteScale)? {
    guard let (_, node) = producer(of: id) else { return nil }
    if let operation = node.body(as: Dequantize.self), let bytes = node.input(0) { return (bytes, operation.input) }
    guard node.operatorType == "DequantizeLinear", node.domain.isEmpty || node.domain == "com.microsoft",
      let bytes = node.input(0), fact(bytes)?.type == .uint8, constant(bytes) == nil,
      let scale = byteScale(node.input(1), node.input(2))
    else { return nil }
    return (bytes, scale)
  }

  /// The constant 8-bit weights that a float value is dequantised from. Outputs are `axis` of them.
  func dequantizedWeight(_ id: ValueID?, axis: Int) throws -> (id: ValueID, tensor: Tensor, scale: WeightScale)? {
    guard let (_, node) = producer(of: id), node.operatorType == "DequantizeLinear",
      node.domain.isEmpty || node.domain == "com.microsoft", let source = node.input(0), let tensor = constant(source),
      tensor.rank >= 2, tensor.count > 0, try node.attributes.int("block_size", default: 0) == 0,
      let scale = weightScale(tensor, node.input(1), node.input(2), outputs: tensor.shape[axis])
    else { return nil }
    if scale.scales.count > 1 || scale.zeros.count > 1 {
      let given = try node.attributes.int("axis", default: 1)
      guard given == axis || given + tensor.rank == axis else { return nil }
    }
    return (source, tensor, scale)
  }

  /// A bias in units of input scale x weight scale, from constant floats or dequantised integers; `.some(nil)` where
  /// there is none, nil where it cannot be one.
  func byteBias(_ id: ValueID?, _ product: ByteProduct, outputs: Int) throws -> ValueID?? {
    guard id != nil else { return .some(nil) }
    if let (_, node) = producer(of: id), node.operatorType == "DequantizeLinear", let steps = constant(node.input(0)),
      steps.type == .int32, steps.count == outputs, let scale = constant(node.input(1)), scale.type == .float32,
      scale.count == 1 || scale.count == outputs,
      constant(node.input(2))?.array(of: Int32.self).allSatisfy({ $0 == 0 }) ?? (node.input(2) == nil)
    {
      let scales = scale.array(of: Float.self)
      let values = steps.array(of: Int32.self).enumerated().map { channel, step in
        Double(step) * Double(scales[scales.count == 1 ? 0 : channel])
      }
      return try bias(values, product)
    }
    guard let floats = constant(id), floats.type == .float32, floats.count == outputs, floats.shape.last == outputs
    else { return nil }
    return try bias(floats.array(of: Float.self).map(Double.init), product)
  }

  private func bias(_ values: [Double], _ product: ByteProduct) throws -> ValueID?? {
    var steps: [Int32] = []
    for (channel, value) in values.enumerated() {
      let unit = Double(product.input.scale) * Double(product.weight.scale(channel))
      // A scale of zero makes the products nothing and leaves the bias, which no number of such steps is.
      if value == 0 {
        steps.append(0)
        continue
      }
      let step = (value / unit).rounded(.toNearestOrEven)
      // Beyond this a sum could leave 32 bits.
      guard step.magnitude < Double(1 << 30) else { return nil }
      steps.append(Int32(saturating: step))
    }
    return addConstant(Tensor([steps.count], steps))
  }

  /// The node that turns `index`'s float input into unsigned bytes: what it quantises, to what.
  func quantizer(_ index: Int) -> (node: Graph.Node, input: ValueID, output: ValueID, scale: ByteScale)? {
    guard let node = nodes[index], node.operatorType == "QuantizeLinear",
      node.domain.isEmpty || node.domain == "com.microsoft", let input = node.input(0),
      let output = node.outputs.first ?? nil, fact(input)?.type == .float32, fact(output)?.type == .uint8,
      let scale = byteScale(node.input(1), node.input(2))
    else { return nil }
    return (node, input, output, scale)
  }

  /// Below a quantised result, an activation that only cuts the range off: the producer before it, and the bytes that
  /// remain. What quantises is monotone, so cutting the bytes is the same.
  func clipped(_ id: ValueID, _ scale: ByteScale) -> (input: ValueID, removed: [Int], range: ClosedRange<Int>) {
    guard isUsedOnce(id), let (index, node) = producer(of: id), case .clip(let low, let high)? = node.activation,
      let input = node.input(0), let range = scale.steps(from: low, to: high)
    else { return (id, [], 0...255) }
    return (input, [index], range)
  }
}

extension ByteScale {
  /// The bytes of the numbers from `low` to `high`.
  func steps(from low: Float, to high: Float) -> ClosedRange<Int>? {
    func step(_ x: Float) -> Int {
      let value = (x / scale).rounded(.toNearestOrEven) + Float(zero)
      return Int(saturating: min(max(value.isNaN ? 0 : value, 0), 255))
    }
    guard low <= high else { return nil }
    return step(low)...step(high)
  }

  /// The bytes of `other` for each byte of this scale.
  func table(to other: ByteScale) -> [UInt8] {
    (0...255).map { byte in
      let number = Float(byte - zero) * scale
      return UInt8(saturating: min(max((number / other.scale).rounded(.toNearestOrEven) + Float(other.zero), 0), 255))
    }
  }
}
