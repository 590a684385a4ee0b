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
    "QLinearConv": { question in
      guard let x = question.input(0), let w = question.input(3), let zero = question.input(7) else { return nil }
      let convolution = try Convolution(question.node.attributes)
      let geometry = try convolution.geometry(input: x.shape, weight: w.shape, bias: question.input(8)?.shape)
      return [Fact(zero.type, [x.shape[0], w.shape[0]] + geometry.outputShape)]
    },
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
}
