import Ground
import Inference
import TestSupport
import Testing

@Suite struct ElementwiseTests {
  /// The element of a broadcast operand that stands at an index of the result.
  private func broadcastPlace(_ index: [Int], _ shape: [Int]) -> Int {
    place(zip(index.suffix(shape.count), shape).map { $1 == 1 ? 0 : $0 }, in: shape)
  }

  @Test func broadcastingAgreesWithIndexArithmetic() throws {
    var random = SeededGenerator(1)
    for _ in 0..<200 {
      let full = random.shape(rank: Int.random(in: 0...5, using: &random), 0...4)
      func operand() -> [Int] {
        let kept = full.suffix(Int.random(in: 0...full.count, using: &random))
        return kept.map { Bool.random(using: &random) ? 1 : $0 }
      }
      let (shapeA, shapeB) = (operand(), operand())
      let (a, b) = (random.floats(shapeA), random.floats(shapeB))
      let result = try OperatorHarness.tensor("Sub", [a, b])
      let rank = max(shapeA.count, shapeB.count)
      let padded = [shapeA, shapeB].map { Array(repeating: 1, count: rank - $0.count) + $0 }
      let expectedShape = zip(padded[0], padded[1]).map { $0 == 1 ? $1 : $0 }
      #expect(result.shape == expectedShape)
      let (x, y) = (a.array(of: Float.self), b.array(of: Float.self))
      let expected = indices(of: expectedShape).map { x[broadcastPlace($0, shapeA)] - y[broadcastPlace($0, shapeB)] }
      #expect(result.array(of: Float.self) == expected)
    }
  }

  @Test func shapesThatDoNotBroadcastAreRefused() {
    #expect(throws: InferenceError.self) {
      try OperatorHarness.tensor("Add", [Tensor([2], [1, 2] as [Float]), Tensor([3], [1, 2, 3] as [Float])])
    }
  }

  @Test func integersWrapAndNeverTrap() throws {
    func binary<T: TensorElement>(_ name: String, _ a: T, _ b: T) throws -> [T] {
      try OperatorHarness.tensor(name, [Tensor(scalar: a), Tensor(scalar: b)]).array(of: T.self)
    }
    #expect(try binary("Add", Int8.max, 1) == [Int8.min])
    #expect(try binary("Mul", Int64.max, 2) == [-2])
    #expect(try binary("Sub", UInt8(0), 1) == [255])
    #expect(try binary("Div", Int64.min, -1) == [Int64.min])
    #expect(try binary("Div", Int32(5), 0) == [0])
    #expect(try binary("Mod", Int32(-7), 3) == [2])
    #expect(try binary("Mod", Int32(5), 0) == [0])
    #expect(try binary("Mod", UInt64.max, 10) == [5])
    #expect(try binary("Pow", Int32(-3), 3) == [-27])
    #expect(try binary("Max", UInt64.max, 1) == [UInt64.max])
  }

  @Test func shiftsBeyondTheWidthGiveZero() throws {
    let result = try OperatorHarness.tensor(
      "BitShift", ["direction": .string("LEFT")], [Tensor([2], [1, 3] as [UInt8]), Tensor([2], [7, 200] as [UInt8])])
    #expect(result.array(of: UInt8.self) == [128, 0])
  }

  @Test func everyNumericTypeAddsAsItsOwn() throws {
    func check<T: TensorElement & Equatable>(_ a: T, _ b: T, _ sum: T) throws {
      let result = try OperatorHarness.tensor("Add", [Tensor([1], [a]), Tensor([1], [b])])
      #expect(result.array(of: T.self) == [sum])
    }
    try check(Float(1.5), 2, 3.5)
    try check(Double(1.5), 2, 3.5)
    try check(Float16(1.5), 2, 3.5)
    try check(BFloat16(1.5), BFloat16(2), BFloat16(3.5))
    try check(Int8(1), 2, 3)
    try check(UInt16(65535), 2, 1)
    try check(Int16(1), 2, 3)
    try check(UInt32(1), 2, 3)
    try check(UInt64(1) << 63, 2, UInt64(1) << 63 + 2)
  }

  @Test func comparisonsFollowIEEEAndText() throws {
    let numbers = Tensor([3], [1, .nan, 3] as [Float])
    #expect(try OperatorHarness.tensor("Equal", [numbers, numbers]).array(of: Bool.self) == [true, false, true])
    #expect(
      try OperatorHarness.tensor("LessOrEqual", [numbers, Tensor(scalar: Float(1))]).array(of: Bool.self)
        == [true, false, false])
    let text = Tensor([2], strings: ["a", "b"])
    #expect(
      try OperatorHarness.tensor("Equal", [text, Tensor([1], strings: ["b"])]).array(of: Bool.self) == [false, true])
    #expect(throws: InferenceError.self) { try OperatorHarness.tensor("Less", [text, text]) }
  }

  @Test func selectionBroadcastsAllThree() throws {
    let result = try OperatorHarness.tensor(
      "Where", [Tensor([2, 1], [true, false]), Tensor([3], [1, 2, 3] as [Int64]), Tensor(scalar: Int64(9))])
    #expect(result.shape == [2, 3])
    #expect(result.array(of: Int64.self) == [1, 2, 3, 9, 9, 9])
  }

  @Test func castsWrapRoundAndReadText() throws {
    func cast(_ x: Tensor, _ type: ElementType) throws -> Tensor {
      try OperatorHarness.tensor("Cast", ["to": .int(Int64(type.rawValue))], [x])
    }
    let wild = Tensor([5], [.nan, .infinity, -1, 300.7, -300.2] as [Float])
    #expect(try cast(wild, .uint8).array(of: UInt8.self).suffix(3) == [255, 44, 212])
    #expect(try cast(wild, .bool).array(of: Bool.self) == [true, true, true, true, true])
    #expect(try cast(Tensor([2], [65504, 65536] as [Float]), .float16).array(of: Float16.self) == [65504, .infinity])
    #expect(try cast(Tensor([2], strings: ["1.5", " -2"]), .float32).array(of: Float.self) == [1.5, -2])
    #expect(try cast(Tensor([2], [0.25, 3] as [Float]), .string).strings == ["0.25", "3.0"])
    #expect(throws: InferenceError.self) { try cast(Tensor([1], strings: ["seven"]), .int32) }
    for source in ElementType.allCases where source.byteCount > 0 {
      for target in ElementType.allCases {
        let x = try Tensor(uninitialized: source, [3])
        x.storage.bytes.initializeMemory(as: UInt8.self, repeating: 1)
        _ = try? cast(x, target)
      }
    }
  }

  @Test(arguments: ["Sigmoid", "Tanh", "Relu", "Softplus", "HardSwish", "Gelu", "Erf", "Exp", "Mish", "Selu", "Celu"])
  func activationsAgreeAcrossPrecisions(name: String) throws {
    var random = SeededGenerator(3)
    let x = random.floats([257], -6...6)
    let single = try OperatorHarness.tensor(name, [x]).array(of: Float.self)
    let wide = Tensor(x.shape, x.array(of: Float.self).map(Double.init))
    let double = try OperatorHarness.tensor(name, [wide]).array(of: Double.self).map { Float($0) }
    #expect(isClose(single, double, 1e-6))
  }

  @Test func sigmoidStaysInRangeAtTheEnds() throws {
    let x = Tensor([5], [-1000, -88, 0, 88, 1000] as [Float])
    let y = try OperatorHarness.tensor("Sigmoid", [x]).array(of: Float.self)
    #expect(y[0] == 0 && y[2] == 0.5 && y[4] == 1 && y.allSatisfy { $0 >= 0 && $0 <= 1 })
  }
}
