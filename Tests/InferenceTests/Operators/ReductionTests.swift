import Ground
import Inference
import TestSupport
import Testing

@Suite struct ReductionTests {
  private static let kinds: [String: @Sendable ([Double]) -> Double] = [
    "ReduceSum": { $0.reduce(0, +) },
    "ReduceMean": { $0.reduce(0, +) / Double($0.count) },
    "ReduceMax": { $0.max() ?? -.infinity },
    "ReduceMin": { $0.min() ?? .infinity },
    "ReduceProd": { $0.reduce(1, *) },
    "ReduceL1": { $0.map(abs).reduce(0, +) },
    "ReduceL2": { $0.map { $0 * $0 }.reduce(0, +).squareRoot() },
    "ReduceSumSquare": { $0.map { $0 * $0 }.reduce(0, +) },
  ]

  @Test(arguments: kinds.keys.sorted())
  func reductionsAgreeWithNaiveSums(name: String) throws {
    let reference = try #require(Self.kinds[name])
    var random = SeededGenerator(21)
    for _ in 0..<40 {
      let shape = random.shape(rank: Int.random(in: 1...4, using: &random), 1...11)
      let axes = shape.indices.filter { _ in Bool.random(using: &random) }
      let x = random.floats(shape)
      let y = try OperatorHarness.tensor(name, [x, Tensor([axes.count], axes.map(Int64.init))])
      let reduced = axes.isEmpty ? Array(shape.indices) : axes
      let kept = shape.indices.map { reduced.contains($0) ? 1 : shape[$0] }
      var groups = [[Double]](repeating: [], count: kept.reduce(1, *))
      for (index, value) in zip(indices(of: shape), x.array(of: Float.self)) {
        groups[place(shape.indices.map { reduced.contains($0) ? 0 : index[$0] }, in: kept)].append(Double(value))
      }
      #expect(y.shape == kept)
      #expect(isClose(y.array(of: Float.self), groups.map { Float(reference($0)) }, 1e-4))
    }
  }

  @Test func emptySetsGiveTheIdentity() throws {
    let x = try Tensor(uninitialized: .float32, [2, 0])
    let axes = Tensor([1], [Int64(1)])
    #expect(try OperatorHarness.tensor("ReduceSum", [x, axes]).array(of: Float.self) == [0, 0])
    #expect(try OperatorHarness.tensor("ReduceProd", [x, axes]).array(of: Float.self) == [1, 1])
    #expect(try OperatorHarness.tensor("ReduceMax", [x, axes]).array(of: Float.self) == [-.infinity, -.infinity])
    let bytes = try Tensor(uninitialized: .int8, [0])
    #expect(try OperatorHarness.tensor("ReduceMin", [bytes]).array(of: Int8.self) == [127])
  }

  @Test func integerSumsAreExact() throws {
    let x = Tensor([2], [Int64(1) << 60, 1])
    #expect(try OperatorHarness.tensor("ReduceSum", [x]).array(of: Int64.self) == [Int64(1) << 60 + 1])
  }

  @Test func softmaxLinesAddUpToOneAlongAnyAxis() throws {
    var random = SeededGenerator(22)
    let x = random.floats([3, 5, 7], -50...50)
    for axis in -3..<3 {
      let y = try OperatorHarness.tensor("Softmax", ["axis": .int(Int64(axis))], [x])
      let sums = try OperatorHarness.tensor("ReduceSum", [y, Tensor([1], [Int64(axis)])])
      #expect(isClose(sums.array(of: Float.self), Array(repeating: 1, count: sums.count)))
      let logarithms = try OperatorHarness.tensor("LogSoftmax", ["axis": .int(Int64(axis))], [x])
      let back = try OperatorHarness.tensor("Exp", [logarithms])
      #expect(isClose(back.array(of: Float.self), y.array(of: Float.self), 1e-4))
    }
  }

  @Test func oldSoftmaxFlattensFromItsAxis() throws {
    var random = SeededGenerator(23)
    let x = random.floats([2, 3, 4])
    let y = try OperatorHarness.tensor("Softmax", opset: 12, ["axis": .int(1)], [x])
    #expect(isClose([y.array(of: Float.self)[..<12].reduce(0, +)], [1]))
  }

  @Test func topElementsAreSortedAndStable() throws {
    let x = Tensor([2, 4], [1, 4, 4, 2, 9, 7, 8, 7] as [Float])
    let found = try OperatorHarness.tensors("TopK", [x, Tensor([1], [Int64(3)])], outputs: 2)
    #expect(found[0].array(of: Float.self) == [4, 4, 2, 9, 8, 7])
    #expect(found[1].array(of: Int64.self) == [1, 2, 3, 0, 2, 1])
    let along = try OperatorHarness.tensors(
      "TopK", ["axis": .int(0), "largest": .int(0)], [x, Tensor([1], [Int64(1)])], outputs: 2)
    #expect(along[0].array(of: Float.self) == [1, 4, 4, 2])
  }

  @Test(arguments: [1, 7, 200, 999, 1000])
  func theTopOfManyIsTheHeadOfTheSorted(k: Int) throws {
    var random = SeededGenerator(24)
    // Few distinct values, of both signs: many are equal, zeros of either sign among them.
    let values = (0..<1000).map { _ in (Float.random(in: -3...3, using: &random) * 8).rounded() / 4 }
    for takesLargest in [true, false] {
      let order = values.indices.sorted {
        values[$0] == values[$1] ? $0 < $1 : takesLargest ? values[$0] > values[$1] : values[$0] < values[$1]
      }
      let found = try OperatorHarness.tensors(
        "TopK", ["largest": .int(takesLargest ? 1 : 0)], [Tensor([1000], values), Tensor([1], [Int64(k)])], outputs: 2)
      #expect(found[1].array(of: Int64.self) == order.prefix(k).map { Int64($0) })
      #expect(found[0].array(of: Float.self) == order.prefix(k).map { values[$0] })
    }
  }

  @Test func runningSumsMayExcludeAndReverse() throws {
    let x = Tensor([4], [1, 2, 3, 4] as [Int32])
    let axis = Tensor(scalar: Int32(0))
    func sums(_ attributes: [String: NodeAttributes.Attribute]) throws -> [Int32] {
      try OperatorHarness.tensor("CumSum", attributes, [x, axis]).array(of: Int32.self)
    }
    #expect(try sums([:]) == [1, 3, 6, 10])
    #expect(try sums(["exclusive": .int(1)]) == [0, 1, 3, 6])
    #expect(try sums(["reverse": .int(1)]) == [10, 9, 7, 4])
    #expect(try sums(["reverse": .int(1), "exclusive": .int(1)]) == [9, 7, 4, 0])
  }

  @Test func largestPlaces() throws {
    let x = Tensor([2, 3], [1, 3, 3, 5, 5, 0] as [Float])
    #expect(try OperatorHarness.tensor("ArgMax", ["axis": .int(1)], [x]).array(of: Int64.self) == [1, 0])
    #expect(
      try OperatorHarness.tensor("ArgMax", ["axis": .int(1), "select_last_index": .int(1)], [x]).array(of: Int64.self)
        == [2, 1])
    #expect(throws: InferenceError.self) {
      try OperatorHarness.tensor("ArgMax", ["axis": .int(1)], [try Tensor(uninitialized: .float32, [2, 0])])
    }
  }
}
