import Inference
import Kernels
import TestSupport
import Testing

/// Roundings that must be ONNX Runtime's own: one step's difference in an early layer of a quantised network grows.
@Suite struct RoundingTests {
  struct Pair: Sendable {
    let isProduct: Bool
    let a, b, output: (scale: Float, zero: UInt8)
    let bytes: (UInt8, UInt8)
    /// What ONNX Runtime 1.31 answers; dequantising, computing and quantising would give `naive`.
    let answer, naive: UInt8
  }

  static let pairs = [
    Pair(
      isProduct: false, a: (0.0337, 70), b: (0.0171, 62), output: (0.0068, 84), bytes: (0, 226), answer: 149, naive: 150
    ),
    Pair(
      isProduct: false, a: (0.0461, 173), b: (0.0323, 148), output: (0.0378, 136), bytes: (65, 229), answer: 74,
      naive: 73),
    Pair(
      isProduct: false, a: (0.0378, 64), b: (0.0129, 63), output: (0.0438, 135), bytes: (0, 130), answer: 100, naive: 99
    ),
    Pair(
      isProduct: true, a: (0.0337, 70), b: (0.0171, 62), output: (0.0068 * 20, 84), bytes: (11, 56), answer: 86,
      naive: 85),
    Pair(
      isProduct: true, a: (0.0185, 60), b: (0.024, 77), output: (0.0063 * 20, 61), bytes: (10, 182), answer: 42,
      naive: 43),
    Pair(
      isProduct: true, a: (0.0073, 92), b: (0.0232, 192), output: (0.0139 * 20, 72), bytes: (230, 79), answer: 62,
      naive: 63),
  ]

  @Test(arguments: pairs) func sumsAndProductsRoundAsOnnxRuntimeDoes(pair: Pair) throws {
    func parameters(_ of: (scale: Float, zero: UInt8)) -> [Tensor] {
      [Tensor(scalar: of.scale), Tensor(scalar: of.zero)]
    }
    // Twenty of them, so that vectors and what is left over are both there.
    let (a, b) = (
      Tensor([20], [UInt8](repeating: pair.bytes.0, count: 20)),
      Tensor([20], [UInt8](repeating: pair.bytes.1, count: 20))
    )
    let name = pair.isProduct ? "QLinearMul" : "QLinearAdd"
    let plain = try OperatorHarness.tensor(
      name, domain: "com.microsoft", opset: 1, [:],
      [a] + parameters(pair.a) + [b] + parameters(pair.b) + parameters(pair.output))
    #expect(plain.array(of: UInt8.self) == [UInt8](repeating: pair.answer, count: 20))

    let constants = zip(
      ["sa", "za", "sb", "zb", "sy", "zy"], parameters(pair.a) + parameters(pair.b) + parameters(pair.output))
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: [OnnxNode(name, ["a", "sa", "za", "b", "sb", "zb", "sy", "zy"], ["y"], domain: "com.microsoft")],
        inputs: [("a", .uint8, [20]), ("b", .uint8, [20])], outputs: ["y"], initializers: Array(constants)))
    for isa in InstructionSets.available {
      try InstructionSets.force(isa) {
        let result = try model.withFile { try OcellusNetwork(path: $0).run([a, b])[0] }
        #expect(result.array(of: UInt8.self) == plain.array(of: UInt8.self))
      }
    }
  }

  /// Answers of ONNX Runtime 1.31.
  @Test func softmaxOfBytesIsComputedInIntegers() throws {
    let x = Tensor([1, 8], [3, 200, 199, 180, 255, 0, 254, 250] as [UInt8])
    let y = try OperatorHarness.tensor(
      "QLinearSoftmax", domain: "com.microsoft", opset: 1, ["axis": .int(-1), "opset": .int(17)],
      [
        x, Tensor(scalar: Float(0.02)), Tensor(scalar: UInt8(100)), Tensor(scalar: Float(1) / 256),
        Tensor(scalar: UInt8(0)),
      ])
    #expect(y.array(of: UInt8.self) == [0, 23, 22, 15, 68, 0, 66, 61])
    let signed = Tensor([1, 8], x.array(of: UInt8.self).map { Int8(bitPattern: $0 ^ 0x80) })
    let turned = try OperatorHarness.tensor(
      "QLinearSoftmax", domain: "com.microsoft", opset: 1, ["axis": .int(-1), "opset": .int(17)],
      [
        signed, Tensor(scalar: Float(0.02)), Tensor(scalar: Int8(-28)), Tensor(scalar: Float(1) / 256),
        Tensor(scalar: Int8(-128)),
      ])
    #expect(turned.array(of: Int8.self).map { UInt8(bitPattern: $0) ^ 0x80 } == y.array(of: UInt8.self))
  }

  struct Geometry: Sendable, CustomTestStringConvertible {
    let channels, filters, groups, size, kernel, stride, pad: Int
    var testDescription: String { "\(channels) to \(filters) in \(groups) groups, \(size)², \(kernel)x\(kernel)" }
  }

  static let geometries = [
    Geometry(channels: 3, filters: 5, groups: 1, size: 9, kernel: 3, stride: 2, pad: 1),
    Geometry(channels: 40, filters: 6, groups: 1, size: 13, kernel: 3, stride: 1, pad: 1),
    Geometry(channels: 600, filters: 3, groups: 1, size: 6, kernel: 1, stride: 1, pad: 0),
    Geometry(channels: 7, filters: 7, groups: 7, size: 11, kernel: 3, stride: 1, pad: 1),
    Geometry(channels: 6, filters: 6, groups: 6, size: 12, kernel: 5, stride: 2, pad: 2),
    Geometry(channels: 8, filters: 12, groups: 4, size: 7, kernel: 3, stride: 1, pad: 0),
  ]

  /// Exact convolutions add in the documented order, bit for bit, under every instruction set and number of threads.
  @Test(arguments: geometries) func exactConvolutionsAddInOrder(g: Geometry) throws {
    var random = SeededGenerator(UInt64(g.channels * 31 + g.kernel))
    let x = random.tensor([2, g.channels, g.size, g.size])
    let w = random.tensor([g.filters, g.channels / g.groups, g.kernel, g.kernel])
    let b = random.tensor([g.filters])
    let pads = [Int64](repeating: Int64(g.pad), count: 4)
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode(
            "Conv", ["x", "w", "b"], ["c"],
            [
              ("pads", .ints(pads)), ("strides", .ints([Int64(g.stride), Int64(g.stride)])),
              ("group", .int(Int64(g.groups))),
            ]),
          OnnxNode("Relu", ["c"], ["y"]),
        ], inputs: [("x", .float32, x.shape)], outputs: ["y"], initializers: [("w", w), ("b", b)]))
    let expected = Self.reference(x.array(of: Float.self), w.array(of: Float.self), b.array(of: Float.self), g)
    for isa in InstructionSets.available {
      try InstructionSets.force(isa) {
        for threads in [1, 3] {
          let result = try model.withFile {
            try OcellusNetwork(path: $0, options: NetworkOptions(threads: threads, exact: true)).run([x])[0].array(
              of: Float.self)
          }
          #expect(result == expected, "\(isa) \(threads)")
        }
      }
    }
  }

  private static func reference(_ x: [Float], _ w: [Float], _ b: [Float], _ g: Geometry) -> [Float] {
    let (inputs, outputs) = (g.channels / g.groups, g.filters / g.groups)
    let side = (g.size + 2 * g.pad - g.kernel) / g.stride + 1
    let depth = inputs * g.kernel * g.kernel
    var block = 128
    var width = 128
    while side * side < depth, width > 16, width / 2 >= side * side { (block, width) = (block * 2, width / 2) }
    var result: [Float] = []
    for item in 0..<2 {
      for filter in 0..<g.filters {
        for pixel in 0..<side * side {
          let products = (0..<depth).map { k -> (Float, Float) in
            let channel = filter / outputs * inputs + k / (g.kernel * g.kernel)
            let row = pixel / side * g.stride - g.pad + k / g.kernel % g.kernel
            let column = pixel % side * g.stride - g.pad + k % g.kernel
            let isInside = (0..<g.size).contains(row) && (0..<g.size).contains(column)
            let value = isInside ? x[((item * g.channels + channel) * g.size + row) * g.size + column] : 0
            return (w[filter * depth + k], value)
          }
          let sum = outputs == 1 ? roundedSum(products) : fusedSum(products, block)
          result.append(max(sum + b[filter], 0))
        }
      }
    }
    return result
  }

  private static func fusedSum(_ products: [(Float, Float)], _ block: Int) -> Float {
    let parts = stride(from: 0, to: products.count, by: block).map { start in
      products[start..<min(products.count, start + block)].reduce(Float(0)) { $0.addingProduct($1.0, $1.1) }
    }
    return parts.dropFirst().reduce(parts[0], +)
  }

  private static func roundedSum(_ products: [(Float, Float)]) -> Float {
    var parts: [Float] = []
    var start = 0
    while start < products.count {
      let count = products.count - start >= 4 ? 4 : products.count - start >= 2 ? 2 : 1
      let rounded = products[start..<start + count].map { $0.0 * $0.1 }
      parts.append(rounded.dropFirst().reduce(rounded[rounded.startIndex], +))
      start += count
    }
    return parts.dropFirst().reduce(parts[0], +)
  }
}
