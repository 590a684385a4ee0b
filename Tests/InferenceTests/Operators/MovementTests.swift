import Ground
import Inference
import TestSupport
import Testing

@Suite struct MovementTests {
  @Test func transposesMoveEveryElement() throws {
    var random = SeededGenerator(5)
    for _ in 0..<100 {
      let shape = random.shape(rank: Int.random(in: 0...5, using: &random), 1...6)
      let order = Array(shape.indices).shuffled(using: &random)
      let x = random.floats(shape)
      let y = try OperatorHarness.tensor("Transpose", ["perm": .ints(order.map(Int64.init))], [x])
      let source = x.array(of: Float.self)
      let expected = indices(of: order.map { shape[$0] }).map { index -> Float in
        var original = index
        for (position, axis) in order.enumerated() { original[axis] = index[position] }
        return source[place(original, in: shape)]
      }
      #expect(y.shape == order.map { shape[$0] })
      #expect(y.array(of: Float.self) == expected)
    }
  }

  @Test func largeTransposesUseTilesRightly() throws {
    var random = SeededGenerator(6)
    let x = random.floats([2, 37, 53])
    let there = try OperatorHarness.tensor("Transpose", ["perm": .ints([0, 2, 1])], [x])
    let back = try OperatorHarness.tensor("Transpose", ["perm": .ints([0, 2, 1])], [there])
    #expect(back.array(of: Float.self) == x.array(of: Float.self))
    #expect(there.array(of: Float.self)[53 * 37 + 3 * 37 + 5] == x.array(of: Float.self)[37 * 53 + 5 * 53 + 3])
  }

  /// Python's slicing, element by element.
  private func sliced(_ extent: Int, _ start: Int, _ end: Int, _ step: Int) -> [Int] {
    var (start, end) = (start < 0 ? start + extent : start, end < 0 ? end + extent : end)
    if step > 0 {
      (start, end) = (min(max(start, 0), extent), min(max(end, 0), extent))
      return Array(stride(from: start, to: end, by: step))
    }
    (start, end) = (min(max(start, -1), extent - 1), min(max(end, -1), extent - 1))
    return Array(stride(from: start, to: end, by: step)).filter { $0 >= 0 }
  }

  @Test func slicesAgreeWithPython() throws {
    var random = SeededGenerator(7)
    for _ in 0..<300 {
      let extent = Int.random(in: 1...9, using: &random)
      let x = Tensor([extent], (0..<extent).map(Int64.init))
      let (start, end) = (Int.random(in: -12...12, using: &random), Int.random(in: -12...12, using: &random))
      let step = [-3, -2, -1, 1, 2, 3].randomElement(using: &random) ?? 1
      // Starts below the front of a backward slice differ between Python and ONNX; they stay out.
      if step < 0 && start < -extent { continue }
      let y = try OperatorHarness.tensor(
        "Slice",
        [
          x, Tensor([1], [Int64(start)]), Tensor([1], [Int64(end)]), Tensor([1], [Int64(0)]),
          Tensor([1], [Int64(step)]),
        ])
      #expect(
        y.array(of: Int64.self).map { Int($0) } == sliced(extent, start, end, step), "\(extent) \(start) \(end) \(step)"
      )
    }
  }

  @Test func extremeSliceBoundsAreClamped() throws {
    let x = Tensor([3], [1, 2, 3] as [Int64])
    let y = try OperatorHarness.tensor(
      "Slice",
      [x, Tensor([1], [Int64.max]), Tensor([1], [Int64.min]), Tensor([1], [Int64(0)]), Tensor([1], [Int64(-1)])])
    #expect(y.array(of: Int64.self) == [3, 2, 1])
    let single = try OperatorHarness.tensor(
      "Slice",
      [x, Tensor([1], [Int64(1)]), Tensor([1], [Int64.max]), Tensor([1], [Int64(0)]), Tensor([1], [Int64.max])])
    #expect(single.array(of: Int64.self) == [2])
  }

  @Test func partsConcatenateToTheWhole() throws {
    var random = SeededGenerator(8)
    for _ in 0..<50 {
      let shape = random.shape(rank: 3, 2...7)
      let axis = Int.random(in: 0...2, using: &random)
      let x = random.floats(shape)
      let cut = Int64.random(in: 0...Int64(shape[axis]), using: &random)
      let parts = try OperatorHarness.tensors(
        "Split", ["axis": .int(Int64(axis))], [x, Tensor([2], [cut, Int64(shape[axis]) - cut])], outputs: 2)
      let whole = try OperatorHarness.tensor("Concat", ["axis": .int(Int64(axis))], parts)
      #expect(whole.shape == shape)
      #expect(whole.array(of: Float.self) == x.array(of: Float.self))
    }
  }

  @Test func stringsMoveAsNumbersDo() throws {
    let x = Tensor([2, 2], strings: ["a", "b", "c", "d"])
    #expect(try OperatorHarness.tensor("Transpose", [x]).strings == ["a", "c", "b", "d"])
    #expect(
      try OperatorHarness.tensor("Concat", ["axis": .int(1)], [x, x]).strings == [
        "a", "b", "a", "b", "c", "d", "c", "d",
      ])
    #expect(try OperatorHarness.tensor("Gather", [x, Tensor(scalar: Int64(-1))]).strings == ["c", "d"])
    let padded = try OperatorHarness.tensor(
      "Pad", [x, Tensor([4], [0, 1, 0, 0] as [Int64]), Tensor([], strings: ["-"])])
    #expect(padded.strings == ["-", "a", "b", "-", "c", "d"])
    #expect(
      try OperatorHarness.tensor("Where", [Tensor([2, 1], [true, false]), x, Tensor([], strings: ["z"])]).strings
        == ["a", "b", "z", "z"])
  }

  @Test(arguments: ["constant", "edge", "reflect", "wrap"])
  func paddingRepeatsAsItsModeSays(mode: String) throws {
    let x = Tensor([1, 4], [1, 2, 3, 4] as [Float])
    let y = try OperatorHarness.tensor("Pad", ["mode": .string(mode)], [x, Tensor([4], [0, 5, 0, 6] as [Int64])])
    let expected: [String: [Float]] = [
      "constant": [0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0],
      "edge": [1, 1, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4],
      "reflect": [2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4],
      "wrap": [4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2],
    ]
    #expect(y.array(of: Float.self) == expected[mode])
  }

  @Test func negativePadsCut() throws {
    let x = Tensor([2, 3], [1, 2, 3, 4, 5, 6] as [Float])
    let y = try OperatorHarness.tensor("Pad", [x, Tensor([4], [0, -1, 1, 0] as [Int64])])
    #expect(y.shape == [3, 2])
    #expect(y.array(of: Float.self) == [2, 3, 5, 6, 0, 0])
  }

  @Test func gatheringWhatWasScatteredGivesItBack() throws {
    var random = SeededGenerator(9)
    for _ in 0..<50 {
      let shape = random.shape(rank: 3, 2...5)
      let axis = Int.random(in: 0...2, using: &random)
      let places = indices(of: shape).map { _ in Int64(0) }.indices.map { number -> Int64 in
        // A permutation along the axis, so that no update hides another.
        let stride = shape[(axis + 1)...].reduce(1, *)
        return Int64((number / stride + number % stride) % shape[axis])
      }
      let index = Tensor(shape, places)
      let (data, updates) = (random.floats(shape), random.floats(shape))
      let attributes: [String: NodeAttributes.Attribute] = ["axis": .int(Int64(axis))]
      let scattered = try OperatorHarness.tensor("ScatterElements", attributes, [data, index, updates])
      let gathered = try OperatorHarness.tensor("GatherElements", attributes, [scattered, index])
      #expect(gathered.array(of: Float.self) == updates.array(of: Float.self))
    }
  }

  @Test func scatteringAccumulates() throws {
    let data = Tensor([2, 2], [1, 2, 3, 4] as [Int32])
    let index = Tensor([2, 1], [1, 1] as [Int64])
    let updates = Tensor([2, 2], [10, 20, 30, 40] as [Int32])
    let sum = try OperatorHarness.tensor("ScatterND", ["reduction": .string("add")], [data, index, updates])
    #expect(sum.array(of: Int32.self) == [1, 2, 43, 64])
    let top = try OperatorHarness.tensor("ScatterND", ["reduction": .string("max")], [data, index, updates])
    #expect(top.array(of: Int32.self) == [1, 2, 30, 40])
  }

  @Test func depthAndSpaceAreInverses() throws {
    var random = SeededGenerator(10)
    let x = random.floats([2, 3, 4, 6])
    let deep = try OperatorHarness.tensor("SpaceToDepth", ["blocksize": .int(2)], [x])
    let back = try OperatorHarness.tensor("DepthToSpace", ["blocksize": .int(2)], [deep])
    #expect(deep.shape == [2, 12, 2, 3])
    #expect(back.array(of: Float.self) == x.array(of: Float.self))
  }

  @Test func uniqueFindsCountsAndPlaces() throws {
    let x = Tensor([6], [3, 1, 3, 2, 1, 3] as [Int64])
    let sorted = try OperatorHarness.tensors("Unique", [x], outputs: 4).map { $0.array(of: Int64.self) }
    #expect(sorted == [[1, 2, 3], [1, 3, 0], [2, 0, 2, 1, 0, 2], [2, 1, 3]])
    let plain = try OperatorHarness.tensors("Unique", ["sorted": .int(0)], [x], outputs: 4).map {
      $0.array(of: Int64.self)
    }
    #expect(plain == [[3, 1, 2], [0, 1, 3], [0, 1, 0, 2, 1, 0], [3, 2, 1]])
  }

  @Test func reshapesInferAndCopy() throws {
    var random = SeededGenerator(11)
    let x = random.floats([2, 3, 4])
    #expect(try OperatorHarness.tensor("Reshape", [x, Tensor([2], [0, -1] as [Int64])]).shape == [2, 12])
    #expect(throws: InferenceError.self) {
      try OperatorHarness.tensor("Reshape", [x, Tensor([2], [-1, -1] as [Int64])])
    }
    #expect(throws: InferenceError.self) { try OperatorHarness.tensor("Reshape", [x, Tensor([1], [5] as [Int64])]) }
    #expect(throws: InferenceError.self) {
      try OperatorHarness.tensor("Reshape", [x, Tensor([3], [Int64.max, Int64.max, -1])])
    }
  }
}
