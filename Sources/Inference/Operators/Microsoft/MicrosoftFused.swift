import Ground

/// What ONNX Runtime's optimiser writes in the domain com.microsoft: plain operators with an activation or a
/// transposition folded in.
enum MicrosoftFusedOperators {
  private static let domain = "com.microsoft"

  static let definitions: [OperatorDefinition] = [
    .tensor("FusedConv", domain: domain) { attributes in
      let convolution = try Convolution(attributes)
      let activation = try FusedActivation(attributes)
      return { x in
        var result = try convolution.evaluate(Array(x.values.prefix(3)), x.context)[0].tensor()
        // The fourth input is what a residual connection adds.
        if let residual = try x.optionalTensor(3) { result = try arithmetic(Addition.self, result, residual) }
        return try activation.apply(result, x.context)
      }
    }
    .shapes(convolutionShape),
    .tensor("FusedGemm", domain: domain) { attributes in
      let gemm = try Gemm(attributes)
      let activation = try FusedActivation(attributes)
      return { x in try activation.apply(try gemm.evaluate(x.values, x.context)[0].tensor(), x.context) }
    },
    .tensor("FusedMatMul", domain: domain) { attributes in
      let alpha = try attributes.float("alpha", default: 1)
      let (transposesA, transposesB) = (try attributes.flag("transA"), try attributes.flag("transB"))
      let (batchA, batchB) = (try attributes.flag("transBatchA"), try attributes.flag("transBatchB"))
      return { x in
        let a = try turned(try x.tensor(0), last: transposesA, batch: batchA)
        let b = try turned(try x.tensor(1), last: transposesB, batch: batchB)
        let product = try MatMul().product(a, b)
        return try arithmetic(Multiplication.self, product, try Tensor(scalar: alpha).converted(to: product.type))
      }
    },
  ]

  /// A matrix operand with its last two axes exchanged, or its first axis moved before the last.
  private static func turned(_ x: Tensor, last: Bool, batch: Bool) throws -> Tensor {
    if x.rank < 2 || (!last && !batch) { return x }
    var order = Array(0..<x.rank)
    if batch { order.insert(order.removeFirst(), at: order.count - 1) }
    if last { order.swapAt(order.count - 1, order.count - 2) }
    return try x.transposed(order)
  }
}

/// The activation that a fused operator names, made from the operator of that name.
struct FusedActivation: Sendable {
  private let operation: (any Operator)?

  init(_ attributes: NodeAttributes) throws {
    guard let name = try attributes.string("activation"), !name.isEmpty else {
      operation = nil
      return
    }
    let parameters = try FusedActivation.parameters(attributes)
    let names = name == "Clip" ? ["min", "max"] : ["alpha", "beta"]
    let values = Dictionary(uniqueKeysWithValues: zip(names, parameters.map { NodeAttributes.Attribute.float($0) }))
    // Opset 6 gives Clip its bounds as attributes.
    let inner = NodeAttributes(values, opset: 6, inputCount: 1, outputCount: 1)
    guard let definition = OperatorRegistry.definition(domain: "", name: name, opset: 6) else {
      throw InferenceError(.badAttribute, "unknown activation '\(name)'")
    }
    operation = try definition.make(inner)
  }

  private static func parameters(_ attributes: NodeAttributes) throws -> [Float] {
    try attributes.floats("activation_params") ?? [
      try attributes.float("activation_alpha", default: 0.01), try attributes.float("activation_beta", default: 0),
    ]
  }

  /// The activation as kernels know it; nil where they do not.
  static func kernel(_ attributes: NodeAttributes) throws -> Activation? {
    guard let name = try attributes.string("activation"), !name.isEmpty else { return Activation.none }
    let values = try parameters(attributes)
    switch (name, values.count) {
    case ("Relu", _): return .clip(0, .infinity)
    case ("Sigmoid", _): return .sigmoid
    case ("Tanh", _): return .tanh
    case ("LeakyRelu", 1...): return .leakyRelu(values[0])
    case ("Clip", 2...) where values[0] <= values[1]: return .clip(values[0], values[1])
    case ("HardSigmoid", 2...): return .hardSigmoid(values[0], values[1])
    default: return nil
    }
  }

  func apply(_ x: Tensor, _ context: any EvaluationContext) throws -> Tensor {
    guard let operation else { return x }
    return try operation.evaluate([.tensor(x)], context)[0].tensor()
  }
}

// MARK: shapes

extension MicrosoftFusedOperators {
  @Sendable
  static func convolutionShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), let w = question.input(1), x.type == w.type, question.outputCount == 1
    else {
      return nil
    }
    let geometry = try Convolution(question.attributes).geometry(input: x.shape, weight: w.shape, bias: nil)
    return [Fact(x.type, [x.shape[0], w.shape[0]] + geometry.outputShape)]
  }
}
