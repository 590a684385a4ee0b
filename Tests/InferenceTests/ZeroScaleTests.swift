import Inference
import TestSupport
import Testing

/// A weight scale of zero makes a channel of its bias alone, in every form of a quantised layer.
@Suite struct ZeroScaleTests {
  private enum Layer: CaseIterable { case convolution, pointwise, depthwise, gemm, product }

  private static func network(
    _ layer: Layer, scales: [Float], bias: Bool, quantizesResult: Bool, _ random: inout SeededGenerator
  ) -> OnnxModel {
    let isPicture = layer != .gemm && layer != .product
    let outputs = 4
    let shape: [Int] =
      switch layer {
      case .convolution: [outputs, 4, 3, 3]
      case .pointwise: [outputs, 4, 1, 1]
      case .depthwise: [outputs, 1, 3, 3]
      case .gemm, .product: [6, outputs]
      }
    var graph = OnnxGraph()
    graph.inputs = [("x", .float32, isPicture ? [1, 4, 6, 6] : [3, 6])]
    let count = shape.reduce(1, *)
    graph.initializers = [
      ("s", Tensor(scalar: Float(0.05))), ("z", Tensor(scalar: UInt8(3))),
      ("w", Tensor(shape, (0..<count).map { _ in Int8.random(in: -128...127, using: &random) })),
      ("ws", scales.count == 1 ? Tensor(scalar: scales[0]) : Tensor([scales.count], scales)),
      ("b", Tensor([outputs], [0.5, 2.5, -1, 100] as [Float])), ("ys", Tensor(scalar: Float(0.5))),
      ("yz", Tensor(scalar: UInt8(100))),
    ]
    graph.nodes = [
      OnnxNode("QuantizeLinear", ["x", "s", "z"], ["q"]), OnnxNode("DequantizeLinear", ["q", "s", "z"], ["a"]),
      OnnxNode("DequantizeLinear", ["w", "ws"], ["f"], [("axis", .int(isPicture ? 0 : 1))]),
    ]
    let last = quantizesResult ? "t" : "y"
    switch layer {
    case .convolution, .pointwise:
      graph.nodes.append(OnnxNode("Conv", ["a", "f"] + (bias ? ["b"] : []), [last]))
    case .depthwise:
      graph.nodes.append(OnnxNode("Conv", ["a", "f"] + (bias ? ["b"] : []), [last], [("group", .int(4))]))
    case .gemm: graph.nodes.append(OnnxNode("Gemm", ["a", "f"] + (bias ? ["b"] : []), [last]))
    case .product:
      graph.nodes.append(OnnxNode("MatMul", ["a", "f"], [bias ? "m" : last]))
      if bias { graph.nodes.append(OnnxNode("Add", ["m", "b"], [last])) }
    }
    if quantizesResult {
      graph.nodes += [
        OnnxNode("QuantizeLinear", ["t", "ys", "yz"], ["u"]), OnnxNode("DequantizeLinear", ["u", "ys", "yz"], ["y"]),
      ]
    }
    graph.outputs = ["y"]
    return OnnxModel(graph: graph)
  }

  @Test func theBiasStays() throws {
    var random = SeededGenerator(9)
    for layer in Layer.allCases {
      for scales in [[1, 0, 10, 0.1], [0, 0, 0, 0], [0], [0, 1e-30, 1, 0.01]] as [[Float]] {
        for (bias, quantizesResult) in [(true, false), (true, true), (false, false), (false, true)] {
          let model = ZeroScaleTests.network(
            layer, scales: scales, bias: bias, quantizesResult: quantizesResult, &random)
          let input = random.tensor(layer == .gemm || layer == .product ? [3, 6] : [1, 4, 6, 6])
          let expected = try model.load(NetworkOptions(optimize: false)).run([input])[0].array(of: Float.self)
          let found = try model.load().run([input])[0].array(of: Float.self)
          let top = expected.reduce(Float(1)) { max($0, abs($1)) }
          let worst = zip(found, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
          // One step of the result, where sums round to its other side.
          #expect(worst <= (quantizesResult ? 0.5001 : 1e-4 * top), "\(layer), scales \(scales), bias \(bias)")
          let plane = layer == .gemm || layer == .product ? 1 : found.count / 4
          if bias, !quantizesResult, scales.count == 4, scales[1] == 0 { #expect(abs(found[plane] - 2.5) < 1e-4) }
        }
      }
    }
  }
}
