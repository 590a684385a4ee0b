/// Type and shape of quantised operators' results: evaluating one on zeros would cost a whole layer of the plain tier.
extension ShapeRules {
  /// Rules by operator type, of the default domain and of com.microsoft.
  static let quantizedRules: [String: Rule] = [
    "QuantizeLinear": { question in
      guard let x = question.input(0), let zero = question.input(2) else { return nil }
      return [Fact(zero.type, x.shape)]
    },
    "DequantizeLinear": { question in
      guard let x = question.input(0), let scale = question.input(1), question.node.outputs.count == 1 else {
        return nil
      }
      return [Fact(scale.type, x.shape)]
    },
    "DynamicQuantizeLinear": { question in
      guard let x = question.input(0), question.node.outputs.count == 3 else { return nil }
      return [Fact(.uint8, x.shape), Fact(.float32, []), Fact(.uint8, [])]
    },
    "QLinearConv": quantizedConvolution,
    "ConvInteger": { question in
      guard let x = question.input(0), let w = question.input(1) else { return nil }
      let geometry = try Convolution(question.node.attributes).geometry(input: x.shape, weight: w.shape, bias: nil)
      return [Fact(.int32, [x.shape[0], w.shape[0]] + geometry.outputShape)]
    },
    "QLinearMatMul": { question in
      guard let a = question.input(0), let b = question.input(3), let zero = question.input(7) else { return nil }
      return [Fact(zero.type, try MatMul.Geometry(a.shape, b.shape).shape)]
    },
    "MatMulInteger": { question in
      guard let a = question.input(0), let b = question.input(1) else { return nil }
      return [Fact(.int32, try MatMul.Geometry(a.shape, b.shape).shape)]
    },
  ]
  private static func quantizedConvolution(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0), let w = question.input(3), let zero = question.input(7), x.shape.count >= 3 else {
      return nil
    }
    // An attribute of com.microsoft's form alone.
    let isChannelsLast = try question.node.attributes.flag("channels_last")
    let last = x.shape.count - 1
    let input = isChannelsLast ? [x.shape[0], x.shape[last]] + x.shape[1..<last] : x.shape
    let geometry = try Convolution(question.node.attributes).geometry(
      input: input, weight: w.shape, bias: question.input(8)?.shape)
    let spatial = geometry.outputShape
    return [
      Fact(zero.type, isChannelsLast ? [x.shape[0]] + spatial + [w.shape[0]] : [x.shape[0], w.shape[0]] + spatial)
    ]
  }
}
