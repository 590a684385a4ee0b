import Ground
import Perception
import Pipeline
import Testing
import Vision

/// The share of the picture that changed, and where.
@Suite struct MotionTests {
  private func picture(_ width: Int, _ height: Int, square: (x: Int, y: Int, side: Int)? = nil, noise: UInt64 = 0)
    -> Image
  {
    let storage = PixelStorage(count: width * height * 3)
    let bytes = storage.bytes.bindMemory(to: UInt8.self)
    var random = noise
    for y in 0..<height {
      for x in 0..<width {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let grain = noise == 0 ? 0 : Int(random >> 60) - 8
        let isInside = square.map { $0.x <= x && x < $0.x + $0.side && $0.y <= y && y < $0.y + $0.side } ?? false
        for channel in 0..<3 { bytes[(y * width + x) * 3 + channel] = UInt8(clamping: (isInside ? 220 : 90) + grain) }
      }
    }
    return Image(packed: width, height, .rgb24, storage: storage)!
  }

  private func motion(_ images: [Image]) throws -> [Motion?] {
    let loader = StageLoader(provider: FakeProvider())
    var graph = StageGraph([try loader.prepare(StageSpec(kind: "motion"), as: "motion")])
    return images.enumerated().map { index, image in
      let time = MonotonicTime(nanoseconds: Int64(index) * 33_000_000)
      return graph.run(StageFrame(image: image, number: UInt64(index + 1), time: time)).findings.layers.last(
        Motion.self)
    }
  }

  @Test(arguments: [(640, 480), (97, 61), (40, 30)])
  func aSquareThatAppearsIsFound(width: Int, height: Int) throws {
    let side = height / 4
    let square = (x: width / 2, y: height / 2, side: side)
    let found = try motion([picture(width, height), picture(width, height), picture(width, height, square: square)])
    #expect(found[0] == nil, "there is no picture before the first")
    #expect(found[1] == Motion(share: 0, regions: []))
    let moved = try #require(found[2])
    let box = try #require(moved.regions.first)
    #expect(moved.regions.count == 1)
    let truth = Box(x: Float(square.x), y: Float(square.y), width: Float(side), height: Float(side))
    #expect(box.iou(truth) > 0.5)
    #expect(abs(moved.share - Float(side * side) / Float(width * height)) < 0.06)
  }

  @Test func noiseIsNoMotion() throws {
    let found = try motion((1...6).map { picture(640, 480, noise: $0) })
    for motion in found.dropFirst() { #expect(motion?.share == 0) }
  }
}
