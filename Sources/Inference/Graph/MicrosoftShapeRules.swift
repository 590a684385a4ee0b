extension ShapeRules {
  /// Rules of operators of com.microsoft, whose operands are followed by their scales and zero points.
  static let microsoftRules: [String: Rule] = {
    var rules: [String: Rule] = [
      "QLinearGlobalAveragePool": quantizedGlobalPool, "QLinearConcat": quantizedConcat,
      "FusedConv": fusedConvolution,
    ]
    for name in ["QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"] { rules[name] = same }
    for name in ["Gelu", "QuickGelu", "FastGelu", "BiasGelu"] { rules[name] = same }
    for name in ["QLinearAdd", "QLinearMul"] { rules[name] = quantizedBroadcast }
    return rules
  }()

  private static func quantizedBroadcast(_ question: Question) -> [Fact]? {
    guard let a = question.input(0), let b = question.input(3), let shape = broadcast(a.shape, b.shape) else {
      return nil
    }
    return [Fact(question.input(7)?.type ?? a.type, shape)]
  }

  /// Rules of the domain of operators over blocks of channels, which here are planar.
  static let blockedRules: [String: Rule] = {
    var rules: [String: Rule] = ["Conv": fusedConvolution]
    for name in ["MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"] { rules[name] = Self.rules[name] }
    return rules
  }()

  private static func fusedConvolution(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0), let w = question.input(1), x.type == w.type, question.node.outputs.count == 1
    else {
      return nil
    }
    let geometry = try Convolution(question.node.attributes).geometry(input: x.shape, weight: w.shape, bias: nil)
    return [Fact(x.type, [x.shape[0], w.shape[0]] + geometry.outputShape)]
  }

  private static func quantizedGlobalPool(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0), x.shape.count >= 3 else { return nil }
    let ones = [Int](repeating: 1, count: x.shape.count - 2)
    let isChannelsLast = try question.node.attributes.flag("channels_last")
    let shape = isChannelsLast ? [x.shape[0]] + ones + [x.shape[x.shape.count - 1]] : x.shape.prefix(2) + ones
    return [Fact(question.input(4)?.type ?? x.type, Array(shape))]
  }

  private static func quantizedConcat(_ question: Question) throws -> [Fact]? {
    guard let zero = question.input(1) else { return nil }
    let parts = stride(from: 2, to: question.inputs.count, by: 3).compactMap { question.input($0) }
    guard let first = parts.first, parts.count == (question.inputs.count - 2) / 3,
      let axis = question.axis(try question.node.attributes.int("axis", default: 0), rank: first.shape.count),
      parts.allSatisfy({ part in
        part.shape.count == first.shape.count
          && part.shape.indices.allSatisfy { $0 == axis || part.shape[$0] == first.shape[$0] }
      })
    else { return nil }
    var shape = first.shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    return [Fact(zero.type, shape)]
  }
}
