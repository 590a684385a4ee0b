import Ground

/// QLinearConv and its kin become the same operators on bytes as float operators between dequantised tensors.
extension Rewrite {
  private typealias Recipe =
    @Sendable (_ node: Graph.Node, _ output: ValueID, _ editor: GraphEditor) throws -> Graph.Node?

  private static let recipes: [String: Recipe] = [
    "/QLinearConv": convolution, "/QLinearMatMul": matrixProduct, "com.microsoft/QGemm": gemm,
    "com.microsoft/QLinearAdd": { try binary($0, $1, $2, isProduct: false) },
    "com.microsoft/QLinearMul": { try binary($0, $1, $2, isProduct: true) },
    "com.microsoft/QLinearGlobalAveragePool": average, "com.microsoft/QLinearAveragePool": average,
    "com.microsoft/QLinearConcat": concat, "com.microsoft/QLinearSigmoid": table,
    "com.microsoft/QLinearLeakyRelu": table, "com.microsoft/QLinearSoftmax": softmax,
  ]

  static let quantizeFromOperators = Rewrite("quantised operators to bytes") { index, editor in
    guard let node = editor.nodes[index], let recipe = recipes["\(node.domain)/\(node.operatorType)"],
      let output = node.outputs.first ?? nil, node.outputs.count == 1, editor.fact(output) != nil,
      let fused = try recipe(node, output, editor)
    else { return false }
    editor.replace([index], with: fused)
    return true
  }

  /// The bytes at input `index`, followed by their scale and zero point.
  private static func operand(_ node: Graph.Node, _ index: Int, _ editor: GraphEditor) -> (ValueID, ByteScale)? {
    guard let bytes = node.input(index), editor.fact(bytes)?.type == .uint8, editor.constant(bytes) == nil,
      let scale = editor.byteScale(node.input(index + 1), node.input(index + 2))
    else { return nil }
    return (bytes, scale)
  }

  /// Constant weights at input `index`, followed by their scale and zero point.
  private static func weights(
    _ node: Graph.Node, _ index: Int, outputAxis: Int, _ editor: GraphEditor
  ) -> (tensor: Tensor, scale: WeightScale)? {
    guard let tensor = editor.constant(node.input(index)), tensor.rank > outputAxis, tensor.count > 0,
      let scale = editor.weightScale(
        tensor, node.input(index + 1), node.input(index + 2), outputs: tensor.shape[outputAxis])
    else { return nil }
    return (tensor, scale)
  }

  private static func integerBias(_ id: ValueID?, outputs: Int, _ editor: GraphEditor) throws -> ValueID?? {
    guard let id else { return .some(nil) }
    guard let bias = editor.constant(id), bias.type == .int32, bias.count == outputs else { return nil }
    return bias.rank == 1 ? id : editor.addConstant(try bias.reshaped([outputs]))
  }

  private static func convolution(_ node: Graph.Node, _ output: ValueID, _ editor: GraphEditor) throws -> Graph.Node? {
    guard let (x, input) = operand(node, 0, editor), let weight = weights(node, 3, outputAxis: 0, editor),
      let scale = editor.byteScale(node.input(6), node.input(7)), editor.fact(output)?.type == .uint8,
      let bias = try integerBias(node.input(8), outputs: weight.tensor.shape[0], editor)
    else { return nil }
    let operation = QuantizedConvolution(
      convolution: try Convolution(node.attributes),
      product: ByteProduct(input: input, weight: weight.scale, output: scale))
    return .fused(operation, [x, node.input(3), bias], output, name: node.name)
  }

  private static func matrixProduct(_ node: Graph.Node, _ output: ValueID, _ editor: GraphEditor) throws -> Graph.Node?
  {
    guard let (a, input) = operand(node, 0, editor), let rank = editor.fact(a)?.shape.count, rank >= 2,
      let weight = weights(node, 3, outputAxis: 1, editor), weight.tensor.rank == 2,
      let scale = editor.byteScale(node.input(6), node.input(7)), editor.fact(output)?.type == .uint8
    else { return nil }
    let operation = QuantizedLinear(product: ByteProduct(input: input, weight: weight.scale, output: scale))
    return .fused(operation, [a, node.input(3), nil], output, name: node.name)
  }

  private static func gemm(_ node: Graph.Node, _ output: ValueID, _ editor: GraphEditor) throws -> Graph.Node? {
    let transposesB = try node.attributes.flag("transB")
    guard try !node.attributes.flag("transA"), try node.attributes.float("alpha", default: 1) == 1,
      let (a, input) = operand(node, 0, editor),
      let weight = weights(node, 3, outputAxis: transposesB ? 0 : 1, editor), weight.tensor.rank == 2,
      let bias = try integerBias(node.input(6), outputs: weight.tensor.shape[transposesB ? 0 : 1], editor)
    else { return nil }
    var product = ByteProduct(input: input, weight: weight.scale)
    if node.input(7) != nil {
      guard let scale = editor.byteScale(node.input(7), node.input(8)), editor.fact(output)?.type == .uint8 else {
        return nil
      }
      product.output = scale
    }
    return .fused(
      QuantizedLinear(product: product, transposesB: transposesB), [a, node.input(3), bias], output,
      name: node.name)
  }

  private static func binary(
    _ node: Graph.Node, _ output: ValueID, _ editor: GraphEditor, isProduct: Bool
  ) throws -> Graph.Node? {
    guard let (a, first) = operand(node, 0, editor), let (b, second) = operand(node, 3, editor),
      let scale = editor.byteScale(node.input(6), node.input(7)), editor.fact(output)?.type == .uint8
    else { return nil }
    let operation = QuantizedBinary(isProduct: isProduct, a: first, b: second, output: scale)
    return .fused(operation, [a, b], output, name: node.name)
  }

  private static func average(_ node: Graph.Node, _ output: ValueID, _ editor: GraphEditor) throws -> Graph.Node? {
    guard let (x, input) = operand(node, 0, editor), try !node.attributes.flag("channels_last"),
      let scale = editor.byteScale(node.input(3), node.input(4)), editor.fact(output)?.type == .uint8
    else { return nil }
    let isGlobal = node.operatorType == "QLinearGlobalAveragePool"
    let operation = QuantizedAverage(
      window: isGlobal ? nil : try AveragePool(node.attributes), input: input, output: scale)
    return .fused(operation, [x], output, name: node.name)
  }

  private static func softmax(_ node: Graph.Node, _ output: ValueID, _ editor: GraphEditor) throws -> Graph.Node? {
    guard let (x, input) = operand(node, 0, editor), let scale = editor.byteScale(node.input(3), node.input(4)),
      editor.fact(output)?.type == .uint8
    else { return nil }
    let operation = QuantizedSoftmax(
      axis: try node.attributes.int("axis", default: -1), coerces: try node.attributes.int("opset", default: 13) < 13,
      input: input.scale, output: scale)
    return .fused(operation, [x], output, name: node.name)
  }

  private static func concat(_ node: Graph.Node, _ output: ValueID, _ editor: GraphEditor) throws -> Graph.Node? {
    guard let scale = editor.byteScale(node.input(0), node.input(1)), editor.fact(output)?.type == .uint8,
      let rank = editor.fact(output)?.shape.count
    else { return nil }
    let places = Array(stride(from: 2, to: node.inputs.count, by: 3))
    let parts = places.compactMap { operand(node, $0, editor) }
    guard parts.count == places.count, !parts.isEmpty else { return nil }
    let operation = QuantizedConcat(
      axis: try normalizedAxis(try node.attributes.int("axis", default: 1), rank: rank),
      tables: parts.map { $0.1 == scale ? nil : $0.1.table(to: scale) })
    return .fused(operation, parts.map(\.0), output, name: node.name)
  }

  /// An operator of one number, evaluated on every byte.
  private static func table(_ node: Graph.Node, _ output: ValueID, _ editor: GraphEditor) throws -> Graph.Node? {
    guard let (x, _) = operand(node, 0, editor), editor.fact(output)?.type == .uint8 else { return nil }
    var inputs = node.inputs.map { editor.constant($0).map(Value.tensor) }
    inputs[0] = .tensor(Tensor([256], (0...255).map { UInt8($0) }))
    let result = try node.evaluator.evaluate(inputs, LoneContext())[0].tensor()
    guard result.type == .uint8, result.count == 256 else { return nil }
    return .fused(ByteTable(table: result.array(of: UInt8.self)), [x], output, name: node.name)
  }
}
