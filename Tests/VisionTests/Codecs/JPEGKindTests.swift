import Ground
import Testing
import Vision

/// JPEGs that few encoders write and libjpeg reads: every one is read, and says what it holds.
@Suite struct JPEGKindTests {
  /// Colours of the quarters, YCbCr as T.871 has it.
  private static let levels = [[82, 90, 240], [145, 54, 34], [41, 240, 110], [180, 128, 128]]

  private static func rgb(_ ycc: [Int]) -> [Int] {
    let (y, u, v) = (Double(ycc[0]), Double(ycc[1] - 128), Double(ycc[2] - 128))
    return [y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u].map { min(255, max(0, Int($0.rounded()))) }
  }

  /// What the middle of each quarter shows.
  private func quarters(_ image: Image) -> [[Int]] {
    let rgb = image.rgb24()
    return [(1, 1), (3, 1), (1, 3), (3, 3)].map { x, y in
      (0..<3).map { Int(rgb.storage.bytes[((image.height * y / 4) * image.width + image.width * x / 4) * 3 + $0]) }
    }
  }

  private func expect(_ image: Image, _ right: [[Int]], _ what: String) {
    let got = quarters(image)
    let worst = zip(got, right).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? 255
    #expect(worst <= 2, "\(what): \(got), right \(right)")
  }

  private static let factors: [[(Int, Int)]] =
    [
      (1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 2), (2, 4), (3, 1), (1, 3), (3, 2), (2, 3),
    ].map { [$0, (1, 1), (1, 1)] } + [
      [(2, 2), (2, 1), (2, 1)], [(2, 2), (1, 2), (1, 2)], [(2, 1), (1, 1), (2, 1)], [(2, 2), (2, 2), (1, 1)],
      [(1, 1), (2, 1), (2, 1)], [(2, 1), (2, 1), (2, 1)], [(4, 1), (2, 1), (1, 1)], [(1, 1), (1, 1), (1, 2)],
      [(2, 2), (1, 1), (2, 1)], [(1, 2), (1, 2), (1, 2)],
    ]

  private static func colour(_ factors: [(Int, Int)]) -> JPEGWriter {
    JPEGWriter(
      components: factors.enumerated().map { index, factor in
        JPEGWriter.Component(horizontal: factor.0, vertical: factor.1, quarters: levels.map { $0[index] })
      }, adobe: nil)
  }

  @Test(arguments: factors.indices, [JPEGDecoder.Layout.rgb, .native])
  func everySubsampling(index: Int, layout: JPEGDecoder.Layout) throws {
    let factors = Self.factors[index]
    let picture = try JPEGDecoder().decode(Self.colour(factors).file(), as: layout)
    #expect(picture.warning == nil)
    expect(picture.image, Self.levels.map(Self.rgb), "\(factors)")
    let small = try JPEGDecoder().decode(Self.colour(factors).file(), as: layout, reduced: .half)
    #expect(small.image.width == 96)
    expect(small.image, Self.levels.map(Self.rgb), "\(factors), reduced")
  }

  @Test func greyWithFactors() throws {
    for factor in [(1, 1), (2, 2), (4, 1), (1, 4), (4, 4)] {
      let writer = JPEGWriter(
        components: [.init(horizontal: factor.0, vertical: factor.1, quarters: [10, 80, 160, 250])], adobe: nil)
      for layout in [JPEGDecoder.Layout.rgb, .native] {
        // A single component is stored block by block, whatever its factors.
        var flat = writer
        flat.components[0].horizontal = 1
        flat.components[0].vertical = 1
        var file = flat.file()
        let frame = try #require(file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 })
        file[frame + 11] = UInt8(factor.0 << 4 | factor.1)
        let image = try JPEGDecoder().decode(file, as: layout).image
        #expect(image.format == (layout == .native ? .gray8 : .rgb24))
        expect(image, [10, 80, 160, 250].map { [$0, $0, $0] }, "\(factor)")
      }
    }
  }

  /// Print colours, as Adobe stores them: 255 is no ink.
  @Test func printColours() throws {
    let inks = [[30, 210, 180, 100], [200, 20, 160, 100], [190, 160, 20, 100], [10, 30, 5, 50]]
    let cmyk = (0..<4).map { quarter in inks.map { 255 - $0[quarter] } }
    let right = cmyk.map { c in (0..<3).map { (c[$0] * c[3] + 127) / 255 } }
    for factors in [[1, 1, 1, 1], [2, 1, 1, 2], [2, 1, 1, 1], [1, 2, 2, 1], [2, 1, 2, 1]] {
      let components = (0..<4).map { ink in
        JPEGWriter.Component(horizontal: factors[ink], vertical: min(2, factors[ink]), quarters: cmyk.map { $0[ink] })
      }
      let image = try ImageFile.decode(JPEGWriter(components: components, adobe: 0).file())
      expect(image, right, "CMYK \(factors)")
    }
    for factors in [[1, 1, 1, 1], [2, 1, 1, 2], [2, 1, 1, 1]] {
      // YCCK holds Y, Cb and Cr of the inks' complements; black is as it is.
      let components = (0..<4).map { index in
        JPEGWriter.Component(
          horizontal: factors[index], vertical: factors[index],
          quarters: index < 3 ? Self.levels.map { $0[index] } : [255, 200, 100, 50])
      }
      let image = try ImageFile.decode(JPEGWriter(components: components, adobe: 2).file())
      let right = zip(Self.levels, [255, 200, 100, 50]).map { level, black in
        Self.rgb(level).map { ((255 - $0) * black + 127) / 255 }
      }
      expect(image, right, "YCCK \(factors)")
    }
  }

  @Test func redGreenAndBlue() throws {
    for factors in [[1, 1, 1], [2, 2, 1], [2, 1, 1]] {
      let components = (0..<3).map { index in
        JPEGWriter.Component(horizontal: factors[index], vertical: 1, quarters: Self.levels.map { $0[index] })
      }
      for layout in [JPEGDecoder.Layout.rgb, .native] {
        let image = try JPEGDecoder().decode(JPEGWriter(components: components, adobe: 0).file(), as: layout).image
        #expect(image.format == .rgb24)
        expect(image, Self.levels, "RGB \(factors)")
      }
    }
  }

  // MARK: Warnings

  private let plain = Self.colour([(2, 2), (1, 1), (1, 1)]).file()

  /// The file with numbers of its scan's header changed: first and last coefficient, approximation.
  private func scan(_ first: UInt8, _ last: UInt8, _ approximation: UInt8) throws -> [UInt8] {
    var file = plain
    let at = try #require(file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xDA })
    let end = at + 2 + (Int(file[at + 2]) << 8 | Int(file[at + 3]))
    file.replaceSubrange(end - 3..<end, with: [first, last, approximation])
    return file
  }

  @Test func oddNumbersInTheScansHeader() throws {
    let right = Picture.bytes(try ImageFile.decode(plain))
    for (first, last, approximation) in [
      (0, 0, 0), (1, 63, 0), (0, 255, 0), (0, 63, 0x11), (1, 0, 0x22), (63, 1, 0xFF),
    ] {
      let file = try scan(UInt8(first), UInt8(last), UInt8(approximation))
      var warnings: [CodecError] = []
      #expect(Picture.bytes(try ImageFile.decode(file) { warnings.append($0) }) == right)
      #expect(warnings.isEmpty, "nothing is lost")
    }
  }

  @Test func otherOddities() throws {
    let right = Picture.bytes(try ImageFile.decode(plain))
    func behindStart(_ bytes: [UInt8]) -> [UInt8] { plain.prefix(2) + bytes + plain.dropFirst(2) }
    let jfif = Array("JFIF".utf8) + [0]
    let oddities: [String: [UInt8]] = [
      "JFIF 9.9": behindStart(JPEGWriter.segment(0xE0, jfif + [9, 9, 0, 0, 1, 0, 1, 0, 0])),
      "JFIF 0.0, a short segment": behindStart(JPEGWriter.segment(0xE0, jfif + [0, 0])),
      "a thumbnail that is not there": behindStart(JPEGWriter.segment(0xE0, jfif + [1, 2, 0, 0, 1, 0, 1, 90, 90])),
      "Adobe's transform 7": behindStart(JPEGWriter.segment(0xEE, Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 7])),
      "bytes between segments": behindStart(JPEGWriter.segment(0xFE, [0]) + [1, 2, 3, 4, 5]),
      "fill bytes": behindStart([0xFF, 0xFF, 0xFF]),
      "no end marker": Array(plain.dropLast(2)),
      "bytes behind the end": plain + [0, 0, 0, 0],
      "a second picture": plain + plain,
    ]
    for (what, file) in oddities {
      #expect(Picture.bytes(try ImageFile.decode(file)) == right, "\(what)")
    }
  }

  @Test func lostPixelsAreSaid() throws {
    // A marker in the middle of the pixels ends them.
    let middle = plain.count - 100
    let file = plain.prefix(middle) + [0xFF, 0xD9] + plain.dropFirst(middle + 2)
    var warnings: [CodecError] = []
    let image = try ImageFile.decode(Array(file)) { warnings.append($0) }
    #expect(image.width == 192)
    #expect(warnings.map(\.kind) == [.corrupt])
    // A file that ends there is refused.
    let error = #expect(throws: CodecError.self) { try ImageFile.decode(Array(plain.prefix(middle))) }
    #expect(error?.kind == .truncated)
  }

  @Test func whatIsNotReadIsSaidInALine() throws {
    func frame(_ marker: UInt8, _ precision: UInt8 = 8) throws -> [UInt8] {
      var file = plain
      let at = try #require(file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 })
      file[at + 1] = marker
      file[at + 4] = precision
      return file
    }
    for file in try [frame(0xC1, 12), frame(0xC3), frame(0xC5), frame(0xCB)] {
      let error = #expect(throws: CodecError.self) { try ImageFile.decode(file) }
      #expect(error?.kind == .unsupported)
      #expect(error?.remedy.isEmpty == false)
    }
    // Two components are no colour.
    let two = JPEGWriter(components: Array(Self.colour([(1, 1), (1, 1), (1, 1)]).components.prefix(2)), adobe: nil)
    let error = #expect(throws: CodecError.self) { try ImageFile.decode(two.file()) }
    #expect(error?.kind == .unsupported)
  }

  /// Few bytes that ask for thousands of passes over many pixels.
  @Test func scansWithoutEnd() {
    let side = 8192
    var file: [UInt8] = [0xFF, 0xD8] + JPEGWriter.segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
    file += JPEGWriter.segment(0xC2, [8, UInt8(side >> 8), 0, UInt8(side >> 8), 0, 1, 1, 0x11, 0])
    // One code, a single 0: the next 16,384 blocks and up to as many more are empty.
    file += JPEGWriter.segment(0xC4, [0x10, 1] + [UInt8](repeating: 0, count: 15) + [0xE0])
    // Each run is a zero bit and fourteen ones: 32,767 blocks.
    let runs = (side / 8 * (side / 8) + 32766) / 32767
    let bits = (0..<runs).flatMap { _ in [false] + [Bool](repeating: true, count: 14) }
    let data = stride(from: 0, to: bits.count, by: 8).flatMap { start -> [UInt8] in
      let byte = (0..<8).reduce(UInt8(0)) { $0 << 1 | (start + $1 >= bits.count || bits[start + $1] ? 1 : 0) }
      return byte == 0xFF ? [0xFF, 0] : [byte]
    }
    for _ in 0..<3000 { file += JPEGWriter.segment(0xDA, [1, 1, 0, 1, 63, 0]) + data }
    file += [0xFF, 0xD9]
    let began = MonotonicTime.now
    let error = #expect(throws: CodecError.self) { try ImageFile.decode(file) }
    #expect(error?.kind == .tooLarge)
    #expect(MonotonicTime.now.milliseconds(since: began) < 10_000)
  }

  @Test func moreCoefficientsThanMemory() throws {
    // 100 megapixels of three full planes, progressive: 600 MB of coefficients.
    let sides = [UInt8(10_000 >> 8), UInt8(10_000 & 255)]
    var file: [UInt8] = [0xFF, 0xD8] + JPEGWriter.segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
    file += JPEGWriter.segment(0xC2, [8] + sides + sides + [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    file += JPEGWriter.segment(0xC4, [0x00, 1] + [UInt8](repeating: 0, count: 15) + [0])
    file += JPEGWriter.segment(0xDA, [1, 1, 0, 0, 0, 0]) + [UInt8](repeating: 0, count: 100_000) + [0xFF, 0xD9]
    let error = #expect(throws: CodecError.self) { try ImageFile.decode(file) }
    #expect(error?.kind == .tooLarge)
  }

  /// Tables of one picture are not those of the next.
  @Test func picturesShareNoTables() throws {
    let decoder = JPEGDecoder()
    let whole = try JPEGEncoder().encode(Picture.rgb(64, 48)).array
    _ = try decoder.decode(whole)
    var file = plain
    let table = try #require(file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xDB })
    file.removeSubrange(table..<table + 69)
    #expect(throws: CodecError.self) { try decoder.decode(file) }
  }
}
