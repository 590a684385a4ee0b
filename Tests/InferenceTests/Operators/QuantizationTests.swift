import Inference
import TestSupport
import Testing

@Suite struct QuantizationTests {
  @Test func whatIsQuantisedComesBackWithinHalfAStep() throws {
    var random = SeededGenerator(61)
    let x = random.floats([64], -1...1)
    let (scale, zero) = (Tensor(scalar: Float(0.01)), Tensor(scalar: Int8(3)))
    let steps = try OperatorHarness.tensor("QuantizeLinear", [x, scale, zero])
    let back = try OperatorHarness.tensor("DequantizeLinear", [steps, scale, zero])
    #expect(steps.type == .int8)
    for (a, b) in zip(x.array(of: Float.self), back.array(of: Float.self)) { #expect(abs(a - b) <= 0.005001) }
  }

  @Test func quantisationRoundsHalfToEvenAndSaturates() throws {
    let x = Tensor([6], [0.5, 1.5, 2.5, 1000, -1000, .nan] as [Float])
    let steps = try OperatorHarness.tensor("QuantizeLinear", [x, Tensor(scalar: Float(1)), Tensor(scalar: UInt8(0))])
    #expect(Array(steps.array(of: UInt8.self).prefix(5)) == [0, 2, 2, 255, 0])
  }

  @Test func axesAndBlocksHaveTheirOwnScales() throws {
    let x = Tensor([2, 4], [1, 2, 3, 4, 5, 6, 7, 8] as [Int8])
    let axis = try OperatorHarness.tensor(
      "DequantizeLinear", ["axis": .int(0)], [x, Tensor([2], [1, 10] as [Float])])
    #expect(axis.array(of: Float.self) == [1, 2, 3, 4, 50, 60, 70, 80])
    let blocks = try OperatorHarness.tensor(
      "DequantizeLinear", ["axis": .int(1), "block_size": .int(2)],
      [x, Tensor([2, 2], [1, 10, 100, 1000] as [Float])])
    #expect(blocks.array(of: Float.self) == [1, 2, 30, 40, 500, 600, 7000, 8000])
  }

  @Test func integerProductsAreExact() throws {
    let a = Tensor([2, 3], [255, 0, 128, 1, 2, 3] as [UInt8])
    let b = Tensor([3, 2], [-128, 127, 5, 6, 7, -8] as [Int8])
    let y = try OperatorHarness.tensor(
      "MatMulInteger", [a, b, Tensor(scalar: UInt8(128)), Tensor(scalar: Int8(-1))])
    func reference(_ row: Int, _ column: Int) -> Int32 {
      let (x, w) = (a.array(of: UInt8.self), b.array(of: Int8.self))
      return (0..<3).reduce(0) { $0 + (Int32(x[row * 3 + $1]) - 128) * (Int32(w[$1 * 2 + column]) + 1) }
    }
    #expect(y.array(of: Int32.self) == [reference(0, 0), reference(0, 1), reference(1, 0), reference(1, 1)])
  }

  /// A quantised convolution is the plain one between dequantised operands, requantised.
  @Test func quantisedConvolutionAgreesWithFloats() throws {
    var random = SeededGenerator(62)
    let x = Tensor([1, 3, 6, 6], (0..<108).map { _ in UInt8.random(in: 0...255, using: &random) })
    let w = Tensor([4, 3, 3, 3], (0..<108).map { _ in Int8.random(in: -128...127, using: &random) })
    let scales = Tensor([4], [0.01, 0.02, 0.005, 0.03] as [Float])
    let (xScale, xZero) = (Tensor(scalar: Float(0.02)), Tensor(scalar: UInt8(120)))
    let (yScale, yZero) = (Tensor(scalar: Float(0.5)), Tensor(scalar: UInt8(128)))
    let none = Tensor([4], [0, 0, 0, 0] as [Int8])
    let pads: [String: NodeAttributes.Attribute] = ["pads": .ints([1, 1, 1, 1])]
    let quantised = try OperatorHarness.tensor(
      "QLinearConv", pads, [x, xScale, xZero, w, scales, none, yScale, yZero])
    let plain = try OperatorHarness.tensor(
      "Conv", pads,
      [
        try OperatorHarness.tensor("DequantizeLinear", [x, xScale, xZero]),
        try OperatorHarness.tensor("DequantizeLinear", ["axis": .int(0)], [w, scales]),
      ])
    let expected = try OperatorHarness.tensor("QuantizeLinear", [plain, yScale, yZero])
    for (a, b) in zip(quantised.array(of: UInt8.self), expected.array(of: UInt8.self)) {
      #expect(abs(Int(a) - Int(b)) <= 1)
    }
  }

  @Test func microsoftsSumsAreSumsOfNumbers() throws {
    let (a, b) = (Tensor([3], [10, 20, 30] as [UInt8]), Tensor([3], [1, 2, 3] as [UInt8]))
    let (one, ten, zero) = (Tensor(scalar: Float(1)), Tensor(scalar: Float(10)), Tensor(scalar: UInt8(0)))
    let sum = try OperatorHarness.tensor(
      "QLinearAdd", domain: "com.microsoft", opset: 1, [:], [a, one, zero, b, ten, zero, one, zero])
    #expect(sum.array(of: UInt8.self) == [20, 40, 60])
    let joined = try OperatorHarness.tensor(
      "QLinearConcat", domain: "com.microsoft", opset: 1, ["axis": .int(0)], [one, zero, a, one, zero, b, ten, zero])
    #expect(joined.array(of: UInt8.self) == [10, 20, 30, 10, 20, 30])
  }

  @Test func fusedOperatorsAreTheirParts() throws {
    var random = SeededGenerator(63)
    let (a, b) = (random.floats([2, 3, 4]), random.floats([2, 5, 4]))
    let fused = try OperatorHarness.tensor(
      "FusedMatMul", domain: "com.microsoft", opset: 1, ["transB": .int(1), "alpha": .float(0.5)], [a, b])
    let turned = try OperatorHarness.tensor("Transpose", ["perm": .ints([0, 2, 1])], [b])
    let plain = try OperatorHarness.tensor("MatMul", [a, turned]).array(of: Float.self).map { $0 * 0.5 }
    #expect(isClose(fused.array(of: Float.self), plain))
    let (x, w) = (random.floats([1, 2, 4, 4]), random.floats([3, 2, 1, 1]))
    let activated = try OperatorHarness.tensor(
      "FusedConv", domain: "com.microsoft", opset: 1, ["activation": .string("Relu")], [x, w])
    let convolved = try OperatorHarness.tensor("Conv", [x, w]).array(of: Float.self).map { max($0, 0) }
    #expect(isClose(activated.array(of: Float.self), convolved))
  }
}
