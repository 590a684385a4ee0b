import Ground

/// The rest of com.microsoft: operators over channels-last tensors, weights of a few bits, and names that ONNX gave the
/// same operators later.
enum MicrosoftLayoutOperators {
  private static let domain = "com.microsoft"

  static let definitions: [OperatorDefinition] =
    [
      channelsLast("NhwcMaxPool", weights: false) {
        OperatorRegistry.definition(domain: "", name: "MaxPool", opset: 12)
      },
      channelsLast("NhwcConv", weights: true) { OperatorRegistry.definition(domain: "", name: "Conv", opset: 11) },
      channelsLast("NhwcFusedConv", weights: false) {
        OperatorRegistry.definition(domain: domain, name: "FusedConv", opset: 1)
      },
      .tensor("MatMulNBits", domain: domain) { attributes in
        let weights = try PackedWeights(attributes)
        return { x in
          let data = try x.tensor(0)
          let matrix = try weights.unpack(
            try x.tensor(1), scales: try x.tensor(2), zeros: try x.optionalTensor(3), groups: try x.optionalTensor(4))
          let product = try MatMul().product(try data.converted(to: .float32), matrix)
          let bias = try x.optionalTensor(5)?.converted(to: .float32)
          return try (bias.map { try arithmetic(Addition.self, product, $0) } ?? product).converted(to: data.type)
        }
      },
      .tensor("Inverse", domain: domain) { _ in { x in try inverse(try x.tensor(0)) } },
      .tensor("ExpandDims", domain: domain) { _ in
        { x in try ReshapingOperators.unsqueeze(try x.tensor(0), [try x.tensor(1).scalarInteger()]) }
      },
    ] + aliases.map { name, opset in alias(name, opset: opset) }

  /// Operators that came to the default domain later, and the operator set that has them as they were.
  private static let aliases = [
    ("GridSample", 16), ("Trilu", 14), ("Range", 11), ("GatherND", 12), ("Pad", 13),
  ]

  private static func alias(_ name: String, opset: Int) -> OperatorDefinition {
    OperatorDefinition(
      name, domain: domain, sameAs: { OperatorRegistry.definition(domain: "", name: name, opset: opset) })
  }

  /// An operator between two transpositions.
  ///
  /// - Parameter weights: whether the second input has its channels last too.
  private static func channelsLast(
    _ name: String, weights: Bool, _ inner: @escaping @Sendable () -> OperatorDefinition?
  ) -> OperatorDefinition {
    .tensor(name, domain: domain) { attributes in
      guard let operation = try inner()?.make(attributes) else {
        throw InferenceError(.unknownOperator, "unknown operator '\(name)'")
      }
      return { x in
        let order = ChannelsLast(rank: try x.tensor(0).rank, applies: true)
        var inputs = x.values
        inputs[0] = .tensor(try order.first(try x.tensor(0)))
        if weights { inputs[1] = .tensor(try order.first(try x.tensor(1))) }
        // A residual has the data's layout.
        if inputs.count > 3, let residual = try x.optionalTensor(3) { inputs[3] = .tensor(try order.first(residual)) }
        return try order.last(try operation.evaluate(inputs, x.context)[0].tensor("the result"))
      }
    }
  }

  /// The inverses of square matrices, by Gauss and Jordan's elimination with partial pivoting.
  private static func inverse(_ x: Tensor) throws -> Tensor {
    try require(
      x.rank >= 2 && x.shape[x.rank - 1] == x.shape[x.rank - 2] && x.shape[x.rank - 1] <= 1 << 12,
      "no inverse of shape \(x.shape)")
    let size = x.shape[x.rank - 1]
    let source = try x.doubles()
    var result = [Double](repeating: 0, count: x.count)
    for matrix in 0..<(size == 0 ? 0 : x.count / (size * size)) {
      let start = matrix * size * size
      var rows = (0..<size).map { row in
        Array(source[(start + row * size)..<(start + (row + 1) * size)]) + (0..<size).map { $0 == row ? 1 : 0 }
      }
      for column in 0..<size {
        let pivot = (column..<size).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
        rows.swapAt(column, pivot)
        let divisor = rows[column][column]
        for index in rows[column].indices { rows[column][index] /= divisor }
        for row in 0..<size where row != column && rows[row][column] != 0 {
          let factor = rows[row][column]
          for index in rows[row].indices { rows[row][index] -= factor * rows[column][index] }
        }
      }
      for row in 0..<size {
        for column in 0..<size { result[start + row * size + column] = rows[row][size + column] }
      }
    }
    return try Tensor(x.shape, result).converted(to: x.type)
  }
}

/// MatMulNBits' weights: columns of `depth` numbers of a few bits, a scale and a zero point for each block of them.
private struct PackedWeights: Sendable {
  let depth: Int
  let columns: Int
  let bits: Int
  let block: Int

  init(_ attributes: NodeAttributes) throws {
    depth = try attributes.int("K", default: 0)
    columns = try attributes.int("N", default: 0)
    bits = try attributes.int("bits", default: 4)
    block = try attributes.int("block_size", default: 0)
    try require(
      depth > 0 && columns > 0 && block > 0 && [2, 4, 8].contains(bits) && depth < 1 << 31 && columns < 1 << 31
        && block < 1 << 31, "\(depth)x\(columns) weights of \(bits) bits in blocks of \(block)")
  }

  /// The weights as a (depth, columns) matrix.
  func unpack(_ packed: Tensor, scales: Tensor, zeros: Tensor?, groups: Tensor?) throws -> Tensor {
    guard groups == nil else { throw InferenceError(.unsupportedFeature, "weights whose rows are reordered") }
    let blocks = (depth - 1) / block + 1
    let perByte = 8 / bits
    let rowBytes = blocks * ((block + perByte - 1) / perByte)
    try require(
      packed.type == .uint8 && packed.count == columns * rowBytes && scales.count == columns * blocks,
      "packed weights of shape \(packed.shape) with scales of shape \(scales.shape)")
    let (data, factors) = (packed.array(of: UInt8.self), try scales.floats())
    let shifts = try zeroPoints(zeros, blocks: blocks)
    let result = try Tensor(uninitialized: .float32, [depth, columns])
    let target = result.elements(as: Float.self)
    for column in 0..<columns {
      for row in 0..<depth {
        let group = column * blocks + row / block
        let byte = data[column * rowBytes + row / perByte]
        let step = Int(byte) >> (row % perByte * bits) & ((1 << bits) - 1)
        target[row * columns + column] = (Float(step) - shifts[group]) * factors[group]
      }
    }
    return result
  }

  /// A zero point a block: packed like the weights, or floats; the middle of the range where there are none.
  private func zeroPoints(_ zeros: Tensor?, blocks: Int) throws -> [Float] {
    guard let zeros else { return Array(repeating: Float(1 << (bits - 1)), count: columns * blocks) }
    guard zeros.type == .uint8 else {
      try require(zeros.count == columns * blocks, "zero points of shape \(zeros.shape)")
      return try zeros.floats()
    }
    let perByte = 8 / bits
    let rowBytes = (blocks + perByte - 1) / perByte
    try require(zeros.count == columns * rowBytes, "zero points of shape \(zeros.shape)")
    let data = zeros.array(of: UInt8.self)
    return (0..<(columns * blocks)).map { index in
      let (column, place) = (index / blocks, index % blocks)
      return Float(Int(data[column * rowBytes + place / perByte]) >> (place % perByte * bits) & ((1 << bits) - 1))
    }
  }
}
