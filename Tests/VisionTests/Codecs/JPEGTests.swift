import Ground
import TestSupport
import Testing
import Vision

@Suite struct JPEGTests {
  @Test(arguments: [(64, 48), (1, 1), (17, 33), (640, 480)])
  func packedRoundTrip(width: Int, height: Int) throws {
    let original = Picture.rgb(width, height)
    let output = try JPEGEncoder().encode(original, quality: 95).array
    let decoded = try JPEGDecoder().decode(output)
    #expect(decoded.image.width == width)
    #expect(decoded.image.height == height)
    #expect(decoded.warning == nil)
    #expect(Picture.difference(original, decoded.image, count: width * height * 3) < 12)
  }

  @Test(arguments: PixelFormat.allCases, [(64, 48), (63, 47), (1, 1)])
  func everyFormatEncodes(format: PixelFormat, size: (Int, Int)) throws {
    let image = Picture.of(format, size.0, size.1)
    let output = try JPEGEncoder().encode(image).array
    let picture = try JPEGDecoder().decode(output, as: .native)
    #expect(picture.image.width == size.0)
    #expect(picture.image.height == size.1)
    #expect(picture.image.fullRange || picture.image.format == .rgb24)
  }

  @Test func planesSurviveTheRoundTrip() throws {
    for format in [PixelFormat.yuv420, .yuv422, .gray8] {
      let image = Picture.of(format, 64, 48, fullRange: true)
      let output = try JPEGEncoder().encode(image, quality: 100).array
      let picture = try JPEGDecoder().decode(output, as: .native)
      #expect(picture.image.format == format)
      for (index, size) in format.planeSizes(width: 64, height: 48)!.enumerated() {
        var worst = 0
        for row in 0..<size.rows {
          let a = image.base(ofPlane: index) + row * image.planes[index].bytesPerRow
          let b = picture.image.base(ofPlane: index) + row * picture.image.planes[index].bytesPerRow
          for column in 0..<size.bytesPerRow {
            let x = a.load(fromByteOffset: column, as: UInt8.self)
            worst = max(worst, abs(Int(x) - Int(b.load(fromByteOffset: column, as: UInt8.self))))
          }
        }
        #expect(worst <= 4, "\(format) plane \(index)")
      }
    }
  }

  @Test func cameraRangeIsExpandedToJPEGsRange() throws {
    let storage = PixelStorage(count: 64 * 64 * 2)
    for index in stride(from: 0, to: storage.bytes.count, by: 2) {
      storage.bytes[index] = 235
      storage.bytes[index + 1] = 128
    }
    let white = Image(packed: 64, 64, .yuyv, storage: storage)!
    let decoded = try JPEGDecoder().decode(JPEGEncoder().encode(white).array).image
    #expect(Picture.bytes(decoded)[0] >= 253)
  }

  /// Grey has no camera's range: every reader of an image takes all of its levels, and so does a JPEG.
  @Test(arguments: [false, true]) func greyKeepsItsLevels(_ fullRange: Bool) throws {
    for level in stride(from: 0, through: 255, by: 5) {
      let storage = PixelStorage(count: 16 * 16)
      storage.bytes.initializeMemory(as: UInt8.self, repeating: UInt8(level))
      let grey = try #require(Image(packed: 16, 16, .gray8, fullRange: fullRange, storage: storage))
      let decoded = try JPEGDecoder().decode(JPEGEncoder().encode(grey, quality: 95).array).image
      #expect(abs(Int(Picture.bytes(decoded)[0]) - level) <= 1)
    }
  }

  @Test func reducedDecoding() throws {
    let output = try JPEGEncoder().encode(Picture.rgb(100, 60)).array
    let picture = try JPEGDecoder().decode(output, reduced: .quarter)
    #expect(picture.image.width == 25)
    #expect(picture.image.height == 15)
    let planes = try JPEGDecoder().decode(output, as: .native, reduced: .eighth)
    #expect(planes.image.width == 13)
  }

  @Test func truncatedPhotoIsAnErrorButACameraFrameIsNot() throws {
    let output = try JPEGEncoder().encode(Picture.rgb(320, 240)).array
    let half = Array(output[0..<output.count / 2])
    let error = #expect(throws: CodecError.self) { _ = try JPEGDecoder().decode(half) }
    #expect(error?.kind == .truncated)
    let decoder = JPEGDecoder()
    let picture = try decoder.decode(half, tolerance: .lenient)
    #expect(picture.warning?.kind == .truncated)
    #expect(decoder.warnings == 1)
    #expect(picture.image.height == 240)
  }

  @Test func missingHuffmanTablesAreSupplied() throws {
    let whole = try JPEGEncoder().encode(Picture.rgb(320, 240)).array
    let bare = withoutHuffmanTables(whole)
    #expect(bare.count < whole.count)
    let (a, b) = try (ImageFile.decode(whole), ImageFile.decode(bare))
    #expect(Picture.bytes(a) == Picture.bytes(b))
  }

  @Test func headersThatPromiseTooMuchAreRefusedBeforeAllocating() throws {
    var bytes = try JPEGEncoder().encode(Picture.rgb(64, 64)).array
    let frame = try #require(bytes.indices.first { $0 + 1 < bytes.count && bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0x7F, 0xFF, 0x00, 0xFF])
    #expect(throws: CodecError.self) { try ImageFile.decode(bytes) }
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: CodecError.self) { try ImageFile.decode(bytes) }
  }

  @Test func steadyDecodingAllocatesNoPixels() throws {
    let pool = PixelPool()
    let decoder = JPEGDecoder(pool: pool)
    let output = try JPEGEncoder().encode(Picture.rgb(320, 240)).array
    for _ in 0..<5 { _ = try decoder.decode(output, as: .native) }
    let before = pool.allocations
    for _ in 0..<200 { _ = try decoder.decode(output, as: .native) }
    #expect(pool.allocations == before)
  }

  @Test func aBadPictureDoesNotSpoilTheNext() throws {
    let good = try JPEGEncoder().encode(Picture.rgb(64, 48)).array
    let decoder = JPEGDecoder()
    let bad: [[UInt8]] = [
      Array(good[0..<30]), [0xFF, 0xD8, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0], [0xFF, 0xD8, 0xFF],
      good.map { $0 == 0xC0 ? 0xCF : $0 }, [0xFF, 0xD8, 0xFF] + (0..<600).map { UInt8(truncatingIfNeeded: $0 * 73) },
    ]
    for bytes in bad {
      _ = try? decoder.decode(bytes, tolerance: .lenient)
      #expect(try decoder.decode(good).warning == nil)
    }
  }

  @Test func tenThousandMutatedPictures() throws {
    var random = SeededGenerator(1)
    let seeds = try [(64, 48), (97, 31)].map { try JPEGEncoder().encode(Picture.rgb($0.0, $0.1)).array }
    let pool = PixelPool()
    let decoder = JPEGDecoder(pool: pool)
    var refused = 0
    let memoryBefore = residentBytes()
    for round in 0..<10_000 {
      let bytes = mutate(seeds[round % seeds.count], &random)
      bytes.withUnsafeBytes { buffer in
        do {
          let picture = try decoder.decode(
            buffer, as: round % 3 == 0 ? .rgb : .native, tolerance: round % 5 == 0 ? .strict : .lenient)
          #expect(picture.image.width > 0)
        } catch {
          refused += 1
        }
      }
    }
    #expect(refused > 500)
    #expect(decoder.warnings > 500)
    // Pictures that claim to be large are legal, so some growth is; a leak of each picture would be hundreds of MiB.
    #expect(residentBytes() - memoryBefore < 300 << 20)
  }

  /// Drops every DHT segment, as many cameras' MJPEG does.
  private func withoutHuffmanTables(_ jpeg: [UInt8]) -> [UInt8] {
    var result = Array(jpeg[0..<2])
    var at = 2
    while at + 4 <= jpeg.count, jpeg[at] == 0xFF, jpeg[at + 1] != 0xDA {
      let length = Int(jpeg[at + 2]) << 8 | Int(jpeg[at + 3])
      if jpeg[at + 1] != 0xC4 { result += jpeg[at..<at + 2 + length] }
      at += 2 + length
    }
    return result + jpeg[at...]
  }
}
