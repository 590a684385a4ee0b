import Inference
import TestSupport
import Testing

/// Integers of 64 bits never pass through floating point: against arithmetic of 128 bits, at the ends of the types.
@Suite struct WholeNumberTests {
  private static let ends: [Int64] = [
    .min, .min + 1, .min + 2, -9_007_199_254_740_993, -3, -1, 0, 1, 2, 7, 9_007_199_254_740_993,
    4_611_686_018_427_387_905, .max - 2, .max - 1, .max,
  ]

  private func run(
    _ type: String, _ inputs: [Tensor], _ attributes: [(String, OnnxAttribute)] = [], outputs: Int = 1,
    domain: String = ""
  ) throws -> Tensor {
    var graph = OnnxGraph()
    let names = inputs.indices.map { "x\($0)" }
    graph.inputs = zip(names, inputs).map { ($0, $1.type, $1.shape) }
    graph.nodes = [OnnxNode(type, names, (0..<outputs).map { "y\($0)" }, attributes, domain: domain)]
    graph.outputs = ["y0"]
    return try OnnxModel(graph: graph, opset: 18).load().run(inputs)[0]
  }

  @Test func rangesInsideInt64() throws {
    for start in WholeNumberTests.ends {
      for step in [1, 2, 3, -1, -2, 9_007_199_254_740_993, .min, .max] as [Int64] {
        for count in 0...3 {
          for slack in [0, 1] as [Int128] {
            // The limit lies `slack` beyond the last number's successor.
            let sign: Int128 = step > 0 ? 1 : -1
            let end = Int128(start) + Int128(step) * Int128(count) - sign * min(slack, step.magnitude > 1 ? 1 : 0)
            guard let limit = Int64(exactly: end) else { continue }
            let result = try run("Range", [Tensor(scalar: start), Tensor(scalar: limit), Tensor(scalar: step)])
            let expected = (0..<count).map { start &+ step &* Int64($0) }
            #expect(result.array(of: Int64.self) == expected, "from \(start) to \(limit) by \(step)")
          }
        }
      }
    }
  }

  @Test func rangesThatNeverEndAreRefused() {
    for (start, limit, step) in [(0, 5, 0), (.min, .max, 1), (.max, .min, -1)] as [(Int64, Int64, Int64)] {
      #expect(throws: InferenceError.self) {
        try run("Range", [Tensor(scalar: start), Tensor(scalar: limit), Tensor(scalar: step)])
      }
    }
  }

  @Test func einsumWraps() throws {
    let a = WholeNumberTests.ends + [11]
    let b = Array(a.reversed())
    let dot = zip(a, b).reduce(Int64(0)) { $0 &+ $1.0 &* $1.1 }
    let result = try run("Einsum", [Tensor([16], a), Tensor([16], b)], [("equation", .string("i,i->"))])
    #expect(result.array(of: Int64.self) == [dot])
    let unsigned = try run(
      "Einsum", [Tensor([4, 4], a.map { UInt64(bitPattern: $0) }), Tensor([4, 4], b.map { UInt64(bitPattern: $0) })],
      [("equation", .string("ij,jk->ki"))])
    for i in 0..<4 {
      for k in 0..<4 {
        let expected = (0..<4).reduce(UInt64(0)) {
          $0 &+ UInt64(bitPattern: a[i * 4 + $1]) &* UInt64(bitPattern: b[$1 * 4 + k])
        }
        #expect(unsigned.array(of: UInt64.self)[k * 4 + i] == expected)
      }
    }
    let sum = try run("Einsum", [Tensor([16], a)], [("equation", .string("i->"))])
    #expect(sum.array(of: Int64.self) == [a.reduce(0, &+)])
  }

  @Test func powersKeepEveryBit() throws {
    let bases = WholeNumberTests.ends
    func expected(_ base: Int64, _ exponent: UInt64) -> Int64 {
      (0..<64).reversed().reduce(1) { result, bit in
        let square = result &* result
        return exponent >> UInt64(bit) & 1 == 1 ? square &* base : square
      }
    }
    for exponent in [
      0, 1, 2, 3, 63, 4_294_967_297, 4_611_686_018_427_387_909, 9_223_372_036_854_775_808, 9_223_372_036_854_775_811,
      .max,
    ] as [UInt64] {
      let input = Tensor([bases.count], bases)
      let result = try run("Pow", [input, Tensor(scalar: exponent)])
      #expect(result.array(of: Int64.self) == bases.map { expected($0, exponent) }, "to the power of \(exponent)")
      guard let signed = Int64(exactly: exponent) else { continue }
      let narrow = try run("Pow", [Tensor([3], [3, -2, 1] as [Int32]), Tensor(scalar: signed)])
      let cut = [3, -2, 1].map { Int32(truncatingIfNeeded: expected($0, exponent)) }
      #expect(narrow.array(of: Int32.self) == cut)
    }
  }

  @Test func reductions() throws {
    let x = WholeNumberTests.ends
    let all = Tensor([1, x.count], x)
    #expect(try run("ReduceMax", [all]).array(of: Int64.self) == [.max])
    #expect(try run("ReduceMin", [all]).array(of: Int64.self) == [.min])
    #expect(try run("ReduceSum", [all]).array(of: Int64.self) == [x.reduce(0, &+)])
    #expect(
      try run("ReduceProd", [Tensor([2], [9_007_199_254_740_993, 3] as [Int64])]).array(of: Int64.self) == [
        27_021_597_764_222_979
      ])
    #expect(
      try run("ReduceL1", [Tensor([2], [-9_007_199_254_740_993, 1] as [Int64])]).array(of: Int64.self) == [
        9_007_199_254_740_994
      ])
    for root in [3_037_000_499, 3_037_000_498, 94_906_267, 94_906_265, 3, 0] as [Int64] {
      for rest in [0, 1] as [Int64] where root > 0 || rest == 0 {
        let parts: [Int64] = [root]
        let result = try run("ReduceL2", [Tensor([1], parts)])
        #expect(result.array(of: Int64.self) == [root])
        // root² + rest is no square, and rounds down.
        if rest == 1, root < 3_037_000_499 {
          #expect(try run("ReduceL2", [Tensor([2], [root, 1])]).array(of: Int64.self) == [root])
        }
      }
    }
    #expect(try run("ReduceLogSumExp", [Tensor([2], [.max - 9, 5] as [Int64])]).array(of: Int64.self) == [.max - 9])
    #expect(
      try run("ReduceLogSumExp", [Tensor([2], [1_152_921_504_606_846_977, 1_152_921_504_606_846_976] as [Int64])])
        .array(of: Int64.self) == [1_152_921_504_606_846_977])
  }

  @Test func whatOnlyChoosesOrMovesIsExact() throws {
    let x: [Int64] = [9_007_199_254_740_993, 9_007_199_254_740_992, .max, .max - 1, .min, .min + 1]
    let tensor = Tensor([6], x)
    let top = try run("TopK", [tensor, Tensor([1], [3] as [Int64])], outputs: 2)
    #expect(top.array(of: Int64.self) == [.max, .max - 1, 9_007_199_254_740_993])
    let clipped: [Int64] = x.map { value in min(max(value, Int64.min + 1), Int64.max - 1) }
    #expect(
      try run("Clip", [tensor, Tensor(scalar: Int64.min + 1), Tensor(scalar: Int64.max - 1)]).array(of: Int64.self)
        == clipped)
    #expect(try run("CumSum", [tensor, Tensor(scalar: Int64(0))]).array(of: Int64.self).last == x.reduce(0, &+))
    #expect(try run("Relu", [tensor]).array(of: Int64.self) == x.map { max(0, $0) })
    let shrunk: [Int64] = x.map { value in value > 0 ? value - 2 : value + 2 }
    #expect(try run("Shrink", [tensor], [("lambd", .float(1)), ("bias", .float(2))]).array(of: Int64.self) == shrunk)
    #expect(
      try run("PRelu", [tensor, Tensor(scalar: Int64(1))]).array(of: Int64.self) == x)
    let remainders: [Int64] = x.map { value in (value % 1000 + 1000) % 1000 }
    #expect(try run("Mod", [tensor, Tensor(scalar: Int64(1000))]).array(of: Int64.self) == remainders)
    #expect(
      try run("Max", [Tensor([2], [UInt64.max, 3]), Tensor([2], [UInt64.max - 1, UInt64.max])]).array(of: UInt64.self)
        == [.max, .max])
    let grid = Tensor([1, 2, 3, 2], [-1, -1, 0, -1, 1, -1, -1, 1, 0, 1, 1, 1] as [Float])
    let sampled = try run(
      "GridSample", [Tensor([1, 1, 2, 3], x), grid], [("mode", .string("nearest")), ("align_corners", .int(1))])
    #expect(sampled.array(of: Int64.self) == x)
    let sizes = Tensor([4], [1, 1, 4, 3] as [Int64])
    let enlarged = try run(
      "Resize", [Tensor([1, 1, 2, 3], x), Tensor([0], [Float]()), Tensor([0], [Float]()), sizes],
      [
        ("mode", .string("nearest")), ("nearest_mode", .string("floor")),
        ("coordinate_transformation_mode", .string("asymmetric")),
      ])
    let rows: [[Int64]] = [Array(x[..<3]), Array(x[..<3]), Array(x[3...]), Array(x[3...])]
    #expect(enlarged.array(of: Int64.self) == rows.flatMap { $0 })
    #expect(
      try run("Binarizer", [tensor], [("threshold", .float(9007199254740992))], domain: "ai.onnx.ml")
        .array(of: Int64.self) == [1, 0, 1, 1, 0, 0])
  }

  @Test func textOfWholeNumbers() throws {
    let texts = ["18446744073709551615", "9223372036854775809", "0"]
    var graph = OnnxGraph()
    graph.inputs = [("x", .uint64, [3])]
    graph.nodes = [
      OnnxNode("Cast", ["x"], ["s"], [("to", .int(8))]), OnnxNode("Cast", ["s"], ["y"], [("to", .int(13))]),
    ]
    graph.outputs = ["y"]
    let x = texts.map { UInt64($0) ?? 1 }
    #expect(try OnnxModel(graph: graph).load().run([Tensor([3], x)])[0].array(of: UInt64.self) == x)
  }
}
