import Inference
import TestSupport
import Testing

@Suite struct SpatialTests {
  private static let transforms = [
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
  ]

  private func resize(
    _ x: Tensor, sizes: [Int64], _ attributes: [String: NodeAttributes.Attribute]
  ) throws -> Tensor {
    try OperatorHarness.tensor("Resize", opset: 19, attributes, [x, nil, nil, Tensor([sizes.count], sizes)])
  }

  @Test(arguments: transforms, ["nearest", "linear", "cubic"])
  func aConstantStaysConstant(transform: String, mode: String) throws {
    let x = Tensor([1, 2, 4, 5], [Float](repeating: 3.5, count: 40))
    for sizes in [[1, 2, 9, 3], [1, 2, 1, 1], [1, 2, 4, 5], [1, 2, 7, 11]] as [[Int64]] {
      for antialias in [0, 1] as [Int64] {
        let y = try resize(
          x, sizes: sizes,
          [
            "mode": .string(mode), "coordinate_transformation_mode": .string(transform),
            "antialias": .int(mode == "nearest" ? 0 : antialias),
          ])
        #expect(y.shape == sizes.map { Int($0) })
        #expect(isClose(y.array(of: Float.self), [Float](repeating: 3.5, count: y.count)))
      }
    }
  }

  @Test(arguments: ["linear", "cubic"])
  func theSameSizeIsTheSameImage(mode: String) throws {
    var random = SeededGenerator(51)
    let x = random.floats([2, 3, 5, 4])
    let y = try resize(x, sizes: [2, 3, 5, 4], ["mode": .string(mode)])
    #expect(y.array(of: Float.self) == x.array(of: Float.self))
  }

  @Test func twiceTheNearestRepeatsEveryPixel() throws {
    let x = Tensor([1, 1, 2, 2], [1, 2, 3, 4] as [Float])
    let y = try OperatorHarness.tensor(
      "Resize", opset: 13, ["coordinate_transformation_mode": .string("asymmetric"), "nearest_mode": .string("floor")],
      [x, nil, Tensor([4], [1, 1, 2, 2] as [Float])])
    #expect(y.array(of: Float.self) == [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4])
  }

  @Test func linearRampsStayLinear() throws {
    let x = Tensor([1, 1, 1, 8], (0..<8).map(Float.init))
    let y = try resize(
      x, sizes: [1, 1, 1, 15], ["mode": .string("linear"), "coordinate_transformation_mode": .string("align_corners")])
    #expect(isClose(y.array(of: Float.self), (0..<15).map { Float($0) / 2 }))
  }

  @Test func theIdentityGridSamplesTheImageItself() throws {
    var random = SeededGenerator(52)
    let x = random.floats([2, 3, 4, 5])
    let theta = Tensor([2, 2, 3], [1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0] as [Float])
    for aligns in [0, 1] as [Int64] {
      let flag: [String: NodeAttributes.Attribute] = ["align_corners": .int(aligns)]
      let grid = try OperatorHarness.tensor("AffineGrid", flag, [theta, Tensor([4], [2, 3, 4, 5] as [Int64])])
      for mode in ["linear", "nearest", "cubic"] {
        let y = try OperatorHarness.tensor(
          "GridSample", flag.merging(["mode": .string(mode)]) { $1 }, [x, grid])
        #expect(isClose(y.array(of: Float.self), x.array(of: Float.self), 1e-4))
      }
    }
  }

  /// Far to the left of a picture with a border, all of a cubic kernel's taps are the first column; half a pixel outside it
  /// still reaches the second and third. The numbers are PyTorch's (`grid_sample`, bicubic, border, align_corners).
  @Test func cubicKernelsStayInPlaceBeyondABorder() throws {
    let x = Tensor([1, 1, 1, 4], [1, 2, 4, 8] as [Float])
    let grid = Tensor([1, 1, 3, 2], [-9, 0, -4 / 3, 0, 4 / 3, 0] as [Float])
    let y = try OperatorHarness.tensor(
      "GridSample", ["mode": .string("cubic"), "padding_mode": .string("border"), "align_corners": .int(1)], [x, grid])
    #expect(isClose(y.array(of: Float.self), [1, 0.90625, 8.375], 1e-5))
  }

  @Test func normalisedRowsHaveMeanZeroAndVarianceOne() throws {
    var random = SeededGenerator(53)
    let x = random.floats([4, 33], -3...9)
    let one = Tensor([33], [Float](repeating: 1, count: 33))
    let y = try OperatorHarness.tensors("LayerNormalization", [x, one], outputs: 3)
    let rows = y[0].array(of: Float.self)
    for row in 0..<4 {
      let values = rows[(row * 33)..<((row + 1) * 33)]
      let mean = values.reduce(0, +) / 33
      let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 33
      #expect(abs(mean) < 1e-5 && abs(variance - 1) < 1e-3)
    }
    #expect(y[1].shape == [4, 1] && y[2].shape == [4, 1])
  }

  @Test func groupsOfOneChannelAreInstances() throws {
    var random = SeededGenerator(54)
    let x = random.floats([2, 6, 3, 3])
    let (scale, bias) = (random.floats([6]), random.floats([6]))
    let groups = try OperatorHarness.tensor("GroupNormalization", ["num_groups": .int(6)], [x, scale, bias])
    let instances = try OperatorHarness.tensor("InstanceNormalization", [x, scale, bias])
    #expect(isClose(groups.array(of: Float.self), instances.array(of: Float.self)))
  }

  @Test func suppressionKeepsTheBestOfOverlappingBoxes() throws {
    let boxes = Tensor([1, 3, 4], [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 5, 1, 6] as [Float])
    let scores = Tensor([1, 1, 3], [0.7, 0.9, 0.6] as [Float])
    let kept = try OperatorHarness.tensor(
      "NonMaxSuppression",
      [boxes, scores, Tensor(scalar: Int64(10)), Tensor(scalar: Float(0.5)), Tensor(scalar: Float(0.1))])
    #expect(kept.array(of: Int64.self) == [0, 0, 1, 0, 0, 2])
  }

  /// Against the definition: every candidate with every box that stays.
  @Test(arguments: [Float(0), 0.3, 0.7], [Float(0), 0.4])
  func suppressionOfManyBoxesFollowsItsDefinition(overlap: Float, threshold: Float) throws {
    var random = SeededGenerator(56)
    let count = 400
    var corners: [[Float]] = []
    for number in 0..<count {
      let (y, x) = (Float.random(in: 0...30, using: &random), Float.random(in: 0...90, using: &random))
      let (height, width) = (Float.random(in: 0...12, using: &random), Float.random(in: 0...20, using: &random))
      // Corners in any order, and some boxes twice.
      corners.append(number % 3 == 0 ? [y + height, x, y, x + width] : [y, x, y + height, x + width])
      if number % 7 == 6 { corners[number] = corners[number - 1] }
    }
    let scores = (0..<(2 * count)).map { _ in (Float.random(in: 0...1, using: &random) * 50).rounded() / 50 }
    func iou(_ a: [Float], _ b: [Float]) -> Float {
      func sides(_ c: [Float], _ axis: Int) -> (Float, Float) { (min(c[axis], c[axis + 2]), max(c[axis], c[axis + 2])) }
      var (shared, areas): (Float, [Float]) = (1, [1, 1])
      for axis in 0..<2 {
        let (first, second) = (sides(a, axis), sides(b, axis))
        shared *= max(0, min(first.1, second.1) - max(first.0, second.0))
        areas[0] *= first.1 - first.0
        areas[1] *= second.1 - second.0
      }
      return shared <= 0 ? -1 : shared / (areas[0] + areas[1] - shared)
    }
    var expected: [Int64] = []
    for category in 0..<2 {
      let own = Array(scores[(category * count)..<((category + 1) * count)])
      let order = own.indices.filter { own[$0] > threshold }
        .sorted { own[$0] == own[$1] ? $0 < $1 : own[$0] > own[$1] }
      var kept: [Int] = []
      for box in order where kept.count < 60 && kept.allSatisfy({ !(iou(corners[box], corners[$0]) > overlap) }) {
        kept.append(box)
      }
      expected += kept.flatMap { [0, Int64(category), Int64($0)] }
    }
    let kept = try OperatorHarness.tensor(
      "NonMaxSuppression",
      [
        Tensor([1, count, 4], corners.flatMap { $0 }), Tensor([1, 2, count], scores), Tensor(scalar: Int64(60)),
        Tensor(scalar: overlap), Tensor(scalar: threshold),
      ])
    #expect(kept.array(of: Int64.self) == expected)
  }

  @Test func aConstantImageHasConstantRegions() throws {
    let x = Tensor([1, 2, 8, 8], [Float](repeating: 2, count: 128))
    let regions = Tensor([2, 4], [0, 0, 7, 7, 2.3, 1.7, 5.5, 6] as [Float])
    let y = try OperatorHarness.tensor(
      "RoiAlign", ["output_height": .int(3), "output_width": .int(2), "sampling_ratio": .int(2)],
      [x, regions, Tensor([2], [0, 0] as [Int64])])
    #expect(y.shape == [2, 2, 3, 2])
    #expect(isClose(y.array(of: Float.self), [Float](repeating: 2, count: y.count)))
  }

  @Test func unbentDeformableConvolutionIsConvolution() throws {
    var random = SeededGenerator(55)
    let (x, w) = (random.floats([1, 4, 6, 7]), random.floats([6, 2, 3, 3]))
    let attributes: [String: NodeAttributes.Attribute] = [
      "group": .int(2), "pads": .ints([1, 1, 1, 1]), "strides": .ints([2, 1]),
    ]
    let plain = try OperatorHarness.tensor("Conv", attributes, [x, w])
    let offsets = Tensor([1, 18] + plain.shape[2...], [Float](repeating: 0, count: 18 * plain.count / 6))
    let bent = try OperatorHarness.tensor("DeformConv", attributes, [x, w, offsets])
    #expect(bent.shape == plain.shape)
    #expect(isClose(bent.array(of: Float.self), plain.array(of: Float.self), 1e-4))
  }
}
