import TestSupport
import Testing
import Vision

@Suite struct ResamplerTests {
  /// Resizing by its definition: for each target pixel, all source pixels weighed by a triangle, rows then columns.
  private func reference(_ image: Image, width: Int, height: Int, antialias: Bool) -> [Double] {
    let source = pixels(image)
    func weights(_ size: Int, _ target: Int) -> [[Double]] {
      let scale = Double(size) / Double(target)
      let radius = antialias ? max(1, scale) : 1
      return (0..<target).map { index in
        let center = (Double(index) + 0.5) * scale
        let raw = (0..<size).map { max(0, 1 - abs((Double($0) + 0.5 - center) / radius)) }
        let total = raw.reduce(0, +)
        return raw.map { $0 / total }
      }
    }
    let across = weights(image.width, width)
    let down = weights(image.height, height)
    // Antialiased pictures are rounded to whole pixels after each pass, so half of one is as near as it gets, twice.
    var out = [Double](repeating: 0, count: width * height * 3)
    for y in 0..<height {
      for x in 0..<width {
        for sy in 0..<image.height where down[y][sy] > 0 {
          for sx in 0..<image.width where across[x][sx] > 0 {
            let weight = down[y][sy] * across[x][sx]
            for c in 0..<3 {
              out[(y * width + x) * 3 + c] += weight * Double(source[(sy * image.width + sx) * 3 + c])
            }
          }
        }
      }
    }
    return out
  }

  @Test(arguments: [(33, 21, 8, 5), (8, 5, 33, 21), (17, 17, 17, 17), (40, 3, 7, 9), (1, 1, 4, 4), (64, 48, 1, 1)])
  func matchesItsDefinition(_ size: (Int, Int, Int, Int)) throws {
    let image = try randomPicture(size.0, size.1, .rgb24, seed: 5)
    let resampler = Resampler()
    for filter in ResizeFilter.allCases {
      let expected = reference(image, width: size.2, height: size.3, antialias: filter == .antialias)
      var values = [Float](repeating: 0, count: size.2 * size.3 * 3)
      let placement = Placement(
        sourceWidth: size.0, sourceHeight: size.1, width: size.2, height: size.3, rule: .stretch)
      resampler.pack(
        image, placement, filter, Normalization(scale: 1), interleaved: true, into: &values)
      for index in values.indices {
        #expect(abs(Double(values[index]) - expected[index]) < (filter == .antialias ? 1.001 : 1e-3))
      }
    }
  }

  @Test func planarAndInterleavedHoldTheSameNormalisedPixels() throws {
    let image = try randomPicture(9, 6, .rgb24)
    let placement = Placement(sourceWidth: 9, sourceHeight: 6, width: 9, height: 6, rule: .stretch)
    let normalization = Normalization(order: .bgr, scale: 1, mean: [1, 2, 3], deviation: [2, 4, 8])
    var planar = [Float](repeating: 0, count: 162)
    var interleaved = planar
    let resampler = Resampler()
    resampler.pack(image, placement, .bilinear, normalization, into: &planar)
    resampler.pack(image, placement, .bilinear, normalization, interleaved: true, into: &interleaved)
    let source = pixels(image)
    for index in 0..<54 {
      for channel in 0..<3 {
        let expected = (Float(source[index * 3 + 2 - channel]) - Float(channel + 1)) / Float(2 << channel)
        #expect(abs(planar[channel * 54 + index] - expected) < 1e-4)
        #expect(abs(interleaved[index * 3 + channel] - expected) < 1e-4)
      }
    }
  }

  /// The plain path rounds converted pixels to bytes, the kernel does not: half a step apart at most, and what fixed
  /// point loses.
  @Test(arguments: PixelFormat.allCases)
  func theKernelAgreesWithThePlainPath(_ format: PixelFormat) throws {
    let resampler = Resampler()
    for (width, height, side) in [(97, 41, 64), (64, 64, 64), (31, 50, 80), (2, 3, 40)] {
      let image = try randomPicture(width, height, format)
      let placement = Placement(
        sourceWidth: width, sourceHeight: height, width: side, height: side, rule: .letterbox(centered: true))
      let plane = side * side
      var planar = [Float](repeating: -1, count: plane * 3)
      var interleaved = planar
      resampler.pack(image, placement, .bilinear, Normalization(scale: 1), into: &planar)
      resampler.pack(image, placement, .bilinear, Normalization(scale: 1), interleaved: true, into: &interleaved)
      for index in 0..<plane {
        for channel in 0..<3 {
          #expect(abs(planar[channel * plane + index] - interleaved[index * 3 + channel]) < 0.52)
        }
      }
    }
  }

  @Test func letterboxPadsAndKeepsTheAspect() throws {
    let image = try randomPicture(40, 20, .gray8)
    let placement = Placement(
      sourceWidth: 40, sourceHeight: 20, width: 20, height: 20, rule: .letterbox(centered: true))
    #expect(placement.rows == 5..<15)
    var values = [Float](repeating: -1, count: 20 * 20 * 3)
    Resampler().pack(image, placement, .antialias, Normalization(scale: 1, pad: 114), into: &values)
    for y in [0, 4, 15, 19] { for x in 0..<20 { #expect(values[y * 20 + x] == 114) } }
    let corner = Placement(
      sourceWidth: 40, sourceHeight: 20, width: 20, height: 20, rule: .letterbox(centered: false))
    #expect(corner.rows == 0..<10)
  }

  @Test func aRegionReadsNothingOutsideIt() throws {
    let storage = PixelStorage(count: 30 * 30)
    for index in 0..<900 {
      let inside = (10..<20).contains(index % 30) && (10..<20).contains(index / 30)
      storage.bytes[index] = inside ? 100 : 255
    }
    let image = try #require(Image(packed: 30, 30, .gray8, storage: storage))
    let crop = try #require(
      Resampler().scaled(image, region: Box(x: 10, y: 10, width: 10, height: 10), width: 4, height: 4))
    #expect(pixels(crop).allSatisfy { $0 == 100 })
  }

  @Test func oddRegionsNeverTrap() throws {
    let image = try randomPicture(30, 20, .nv12)
    let resampler = Resampler()
    let odd: [Float] = [-1e30, -5, 0, 3.5, 29.9, 30, 1e30, .infinity, -.infinity, .nan]
    for x in odd {
      for y in odd {
        for size in odd {
          let region = Box(x: x, y: y, width: size, height: size)
          #expect(resampler.scaled(image, region: region, width: 3, height: 5) != nil)
          #expect(
            resampler.scaled(image, region: region, width: 5, height: 3, rule: .centerCrop(shorterSide: 9)) != nil)
        }
      }
    }
    #expect(resampler.scaled(image, width: 0, height: 5) == nil)
  }

  @Test func memoryIsReusedAcrossSizes() throws {
    let resampler = Resampler()
    for size in [50, 10, 50, 3, 64] {
      let image = try randomPicture(size, size + 1, .yuyv)
      #expect(resampler.scaled(image, width: 31, height: 17)?.width == 31)
    }
  }
}

@Suite struct PlacementTests {
  @Test func boxesComeBack() {
    var random = SeededGenerator(3)
    for _ in 0..<200 {
      let width = Int.random(in: 1...2000, using: &random)
      let height = Int.random(in: 1...2000, using: &random)
      let rules: [ResizeRule] = [
        .stretch, .letterbox(centered: true), .letterbox(centered: false), .centerCrop(shorterSide: 256),
      ]
      for rule in rules {
        let region: Box? =
          Bool.random(using: &random) && width > 4 && height > 4
          ? Box(x: 1.5, y: 2, width: Float(width) - 3, height: Float(height) - 3) : nil
        let placement = Placement(
          sourceWidth: width, sourceHeight: height, region: region, width: 224, height: 192, rule: rule)
        let box = Box(x: 3, y: 5, width: Float(width) / 2, height: Float(height) / 3)
        let back = placement.toSource(placement.toInput(box))
        #expect(abs(back.x - box.x) < 0.01 && abs(back.y - box.y) < 0.01)
        #expect(abs(back.width - box.width) < 0.01 && abs(back.height - box.height) < 0.01)
      }
    }
  }

  @Test func letterboxMatchesUltralytics() {
    let placement = Placement(
      sourceWidth: 773, sourceHeight: 512, width: 640, height: 640, rule: .letterbox(centered: true))
    #expect(placement.rows == 108..<532)
    #expect(placement.columns == 0..<640)
  }

  @Test func centerCropMatchesTorchvision() {
    // Resize(256) of 500x375 gives 341x256; CenterCrop(224) starts at round(58.5) = 58 and 16.
    let placement = Placement(
      sourceWidth: 500, sourceHeight: 375, width: 224, height: 224, rule: .centerCrop(shorterSide: 256))
    #expect(abs(placement.scaleX - 341.0 / 500) < 1e-9)
    #expect(placement.offsetX == -58)
    #expect(placement.offsetY == -16)
  }
}
