import Testing
import Vision

@Suite struct ColorConversionTests {
  /// The conversion in doubles, straight from the standards' definition.
  private func reference(
    _ y: UInt8, _ u: UInt8, _ v: UInt8, fullRange: Bool, red kr: Double = 0.299, blue kb: Double = 0.114
  ) -> [Double] {
    let luma = fullRange ? Double(y) / 255 : (Double(y) - 16) / 219
    let chroma = fullRange ? 255.0 : 224.0
    let cb = (Double(u) - 128) / chroma
    let cr = (Double(v) - 128) / chroma
    let r = luma + 2 * (1 - kr) * cr
    let b = luma + 2 * (1 - kb) * cb
    let g = (luma - kr * r - kb * b) / (1 - kr - kb)
    return [r, g, b].map { min(max($0 * 255, 0), 255) }
  }

  private func sample(_ image: Image, _ plane: Int, _ offset: Int) -> UInt8 {
    image.base(ofPlane: plane).load(fromByteOffset: offset, as: UInt8.self)
  }

  private func yuv(_ image: Image, _ x: Int, _ y: Int) -> (UInt8, UInt8, UInt8) {
    let half = (image.width + 1) / 2
    switch image.format {
    case .yuyv:
      let pair = y * half * 4 + x / 2 * 4
      return (sample(image, 0, pair + x % 2 * 2), sample(image, 0, pair + 1), sample(image, 0, pair + 3))
    case .uyvy:
      let pair = y * half * 4 + x / 2 * 4
      return (sample(image, 0, pair + x % 2 * 2 + 1), sample(image, 0, pair), sample(image, 0, pair + 2))
    case .nv12:
      let at = y / 2 * half * 2 + x / 2 * 2
      return (sample(image, 0, y * image.width + x), sample(image, 1, at), sample(image, 1, at + 1))
    case .yuv420:
      let at = y / 2 * half + x / 2
      return (sample(image, 0, y * image.width + x), sample(image, 1, at), sample(image, 2, at))
    default:
      let at = y * half + x / 2
      return (sample(image, 0, y * image.width + x), sample(image, 1, at), sample(image, 2, at))
    }
  }

  @Test(arguments: [PixelFormat.yuyv, .uyvy, .nv12, .yuv420, .yuv422], [false, true])
  func yuvMatchesTheStandard(format: PixelFormat, fullRange: Bool) throws {
    for (width, height) in [(1, 1), (2, 2), (7, 5), (16, 3)] {
      let image = try randomPicture(width, height, format, fullRange: fullRange, seed: UInt64(width))
      let rgb = pixels(image)
      for y in 0..<height {
        for x in 0..<width {
          let (luma, u, v) = yuv(image, x, y)
          let expected = reference(luma, u, v, fullRange: fullRange)
          for channel in 0..<3 {
            #expect(abs(Double(rgb[(y * width + x) * 3 + channel]) - expected[channel]) <= 1)
          }
        }
      }
    }
  }

  @Test(arguments: [PixelFormat.yuyv, .uyvy, .nv12, .yuv420, .yuv422], ColorMatrix.allCases)
  func everyMatrixMatchesItsStandard(format: PixelFormat, matrix: ColorMatrix) throws {
    let (kr, kb): (Double, Double) =
      switch matrix {
      case .bt601: (0.299, 0.114)
      case .bt709: (0.2126, 0.0722)
      case .bt2020: (0.2627, 0.0593)
      case .smpte240: (0.212, 0.087)
      }
    let (width, height) = (32, 18)
    for fullRange in [false, true] {
      let image = try randomPicture(width, height, format, fullRange: fullRange).meant(as: matrix)
      #expect(image.matrix == matrix)
      let rgb = pixels(image)
      var worst = 0.0
      for y in 0..<height {
        for x in 0..<width {
          let (luma, u, v) = yuv(image, x, y)
          let expected = reference(luma, u, v, fullRange: fullRange, red: kr, blue: kb)
          for channel in 0..<3 {
            worst = max(worst, abs(Double(rgb[(y * width + x) * 3 + channel]) - expected[channel]))
          }
        }
      }
      #expect(worst <= 1, "full range \(fullRange)")
    }
  }

  /// JPEG knows BT.601 of the full range alone: what is encoded looks the same.
  @Test(arguments: [PixelFormat.yuyv, .nv12, .yuv420, .yuv422], ColorMatrix.allCases)
  func encodedPicturesKeepTheirColours(format: PixelFormat, matrix: ColorMatrix) throws {
    for fullRange in [false, true] {
      let flat = try randomPicture(32, 32, format, fullRange: fullRange)
      // One strong colour, so that neither blocks nor chroma's coarseness count.
      let isPacked = format == .yuyv
      for at in flat.storage.bytes.indices {
        let isLuma = isPacked ? at % 2 == 0 : at < 32 * 32
        let isU =
          isPacked ? at % 4 == 1 : format == .nv12 ? at % 2 == 0 : at < 32 * 32 + (flat.storage.bytes.count - 1024) / 2
        flat.storage.bytes[at] = isLuma ? 130 : isU ? 100 : 165
      }
      let image = flat.meant(as: matrix)
      let decoded = try JPEGDecoder().decode(JPEGEncoder().encode(image, quality: 98).array).image
      for (a, b) in zip(pixels(image), pixels(decoded)) { #expect(abs(Int(a) - Int(b)) <= 4) }
    }
  }

  @Test func sizeSuggestsAMatrix() {
    for (width, height) in [(640, 480), (720, 576), (160, 120), (480, 640)] {
      #expect(ColorMatrix(ofSize: width, height) == .bt601)
    }
    for (width, height) in [(1280, 720), (1920, 1080), (720, 1280), (3840, 2160)] {
      #expect(ColorMatrix(ofSize: width, height) == .bt709)
    }
  }

  @Test func packedFormatsReorder() throws {
    for (format, step, order) in [
      (PixelFormat.bgr24, 3, [2, 1, 0]), (.rgba32, 4, [0, 1, 2]), (.gray8, 1, [0, 0, 0]),
    ] {
      let image = try randomPicture(5, 4, format)
      let rgb = pixels(image)
      for index in 0..<20 {
        for channel in 0..<3 { #expect(rgb[index * 3 + channel] == sample(image, 0, index * step + order[channel])) }
      }
    }
  }

  @Test func rowsWithPaddingAreRead() throws {
    let storage = PixelStorage(count: 100)
    for index in 0..<100 { storage.bytes[index] = UInt8(index) }
    let image = try #require(
      Image(
        width: 2, height: 3, format: .rgb24, planes: [.init(offset: 4, bytesPerRow: 10, rows: 3)], storage: storage))
    #expect(pixels(image) == [4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 18, 19, 24, 25, 26, 27, 28, 29])
  }
}
