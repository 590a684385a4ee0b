import Ground
import Testing
import Vision

/// Every kind of PNG against what its samples say: the upper eight bits, whatever gamma or profile is beside them.
@Suite struct PNGKindTests {
  private static let (width, height) = (13, 11)

  /// A sample that uses all bits of its depth, and every byte of two.
  private static func sample(_ depth: Int, _ x: Int, _ y: Int, _ channel: Int) -> Int {
    (x * 5231 + y * 3001 + channel * 17443 + 0x4321) & ((1 << depth) - 1)
  }

  private static func palette(_ index: Int) -> [UInt8] {
    (0..<3).map { UInt8(truncatingIfNeeded: index * 37 + $0 * 91 + 5) }
  }

  /// A sample of `depth` bits in eight.
  private static func upper(_ value: Int, _ depth: Int) -> Int {
    depth == 16 ? value >> 8 : value * 255 / ((1 << depth) - 1)
  }

  private static func right(_ color: PNGWriter.Color, _ depth: Int, _ x: Int, _ y: Int) -> [Int] {
    func level(_ channel: Int) -> Int { sample(depth, x, y, channel) }
    switch color {
    case .palette: return palette(level(0)).map { Int($0) }
    case .grey: return [0, 0, 0].map { upper(level($0), depth) }
    case .rgb: return [0, 1, 2].map { upper(level($0), depth) }
    case .greyAlpha: return [0, 0, 0].map { over(level($0), level(1), depth) }
    case .rgba: return [0, 1, 2].map { over(level($0), level(3), depth) }
    }
  }

  /// Over white, in eight bits.
  private static func over(_ value: Int, _ alpha: Int, _ depth: Int) -> Int {
    let most = (1 << depth) - 1
    return upper((value * alpha + most * (most - alpha)) / most, depth)
  }

  /// What writers put beside the pixels, and what must change nothing.
  private static let extras: [(name: String, chunks: [[UInt8]])] = [
    ("nothing", []),
    ("gAMA 1/2.2", [PNGWriter.chunk("gAMA", big(45455))]),
    ("gAMA linear", [PNGWriter.chunk("gAMA", big(100_000))]),
    ("sRGB", [PNGWriter.chunk("sRGB", [0])]),
    (
      "gAMA, cHRM, sRGB",
      [
        PNGWriter.chunk("gAMA", big(45455)),
        PNGWriter.chunk("cHRM", [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000].flatMap { big($0) }),
        PNGWriter.chunk("sRGB", [1]),
      ]
    ),
    ("a broken profile", [PNGWriter.chunk("iCCP", Array("name".utf8) + [0, 0, 1, 2, 3, 4])]),
    (
      "bKGD, text, time",
      [
        PNGWriter.chunk("tEXt", Array("Comment".utf8) + [0] + Array("hello".utf8)),
        PNGWriter.chunk("pHYs", big(2835) + big(2835) + [1]),
        PNGWriter.chunk("tIME", [7, 230, 1, 2, 3, 4, 5]),
      ]
    ),
  ]

  private static let kinds = PNGWriter.Color.allCases.flatMap { color in color.depths.map { (color, $0) } }

  @Test(arguments: kinds, [false, true])
  func upperBitsWhateverStandsBeside(kind: (PNGWriter.Color, Int), isInterlaced: Bool) throws {
    let (color, depth) = kind
    for extra in Self.extras {
      var writer = PNGWriter(
        width: Self.width, height: Self.height, color: color, depth: depth, isInterlaced: isInterlaced)
      writer.before = extra.chunks
      if color == .palette {
        writer.before.append(PNGWriter.chunk("PLTE", (0..<1 << depth).flatMap { Self.palette($0) }))
      }
      let image = try ImageFile.decode(writer.file { Self.sample(depth, $0, $1, $2) })
      #expect((image.width, image.height) == (Self.width, Self.height))
      var worst = 0
      for y in 0..<Self.height {
        for x in 0..<Self.width {
          let got = (0..<3).map { Int(image.storage.bytes[(y * Self.width + x) * 3 + $0]) }
          for (a, b) in zip(got, Self.right(color, depth, x, y)) { worst = max(worst, abs(a - b)) }
        }
      }
      // Blending may round otherwise; samples that are opaque are exact.
      let allowed = color == .greyAlpha || color == .rgba ? 1 : 0
      #expect(worst <= allowed, "\(color) of \(depth) bits, interlaced \(isInterlaced), \(extra.name)")
    }
  }

  @Test func transparentColoursLieOverWhite() throws {
    for depth in [8, 16] {
      let (low, high) = depth == 8 ? (0x40, 0x80) : (0x4012, 0x4013)
      var writer = PNGWriter(width: 2, height: 1, color: .grey, depth: depth)
      writer.before = [PNGWriter.chunk("tRNS", [UInt8(low >> 8), UInt8(low & 255)])]
      let grey = try ImageFile.decode(writer.file { x, _, _ in x == 0 ? low : high })
      #expect(
        Array(grey.storage.bytes[0..<6]) == [255, 255, 255] + [UInt8](repeating: depth == 8 ? 0x80 : 0x40, count: 3))
      writer.color = .rgb
      writer.before = [PNGWriter.chunk("tRNS", (0..<3).flatMap { _ in [UInt8(low >> 8), UInt8(low & 255)] })]
      let rgb = try ImageFile.decode(writer.file { x, _, channel in x == 0 || channel < 2 ? low : high })
      #expect(Array(rgb.storage.bytes[0..<5]) == [255, 255, 255, 0x40, 0x40])
    }
    var writer = PNGWriter(width: 3, height: 1, color: .palette, depth: 2)
    writer.before = [
      PNGWriter.chunk("PLTE", [10, 20, 30, 40, 50, 60, 70, 80, 90]), PNGWriter.chunk("tRNS", [0, 255, 128]),
    ]
    let image = try ImageFile.decode(writer.file { x, _, _ in x })
    #expect(Array(image.storage.bytes[0..<6]) == [255, 255, 255, 40, 50, 60])
    #expect(abs(Int(image.storage.bytes[6]) - 162) <= 1)
  }

  /// A page of one colour and of one bit a pixel packs thousands of pixels into a byte.
  @Test func largePagesOfOneBit() throws {
    let (width, height) = (4096, 3072)
    let rows = height * (width / 8 + 1)
    var bits: [Bool] = []
    /// Numbers stand with their lowest bit first, codes with their highest (RFC 1951, 3.1.1).
    func number(_ value: Int, _ count: Int) { for bit in 0..<count { bits.append(value >> bit & 1 == 1) } }
    func code(_ digits: String) { bits += digits.map { $0 == "1" } }
    // The last block, with codes of its own: 286 of literals and lengths, one distance, 18 lengths of code lengths.
    number(1, 1)
    number(2, 2)
    number(29, 5)
    number(0, 5)
    number(14, 4)
    // In the order 16, 17, 18, 0, 8, 7 …: runs of zeros (18) take one bit, the lengths 2 and 1 two.
    for length in [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2] { number(length, 3) }
    // The literal 0 takes two bits, the end two, the length 258 one, the distance 1 one.
    code("11")
    for zeros in [138, 117] {
      code("0")
      number(zeros - 11, 7)
    }
    code("11")
    code("0")
    number(28 - 11, 7)
    code("10")
    code("10")
    code("10")
    for _ in 0..<(rows - 1) / 258 { code("00") }
    for _ in 0..<(rows - 1) % 258 { code("10") }
    code("11")
    var stream: [UInt8] = [0x78, 0x01]
    for start in stride(from: 0, to: bits.count, by: 8) {
      stream.append((0..<8).reduce(0) { $0 | (start + $1 < bits.count && bits[start + $1] ? 1 << $1 : 0) })
    }
    // Adler's sum of nothing but zeros.
    stream += big((rows % 65521) << 16 | 1)
    let png =
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + PNGWriter.chunk("IHDR", big(width) + big(height) + [1, 0, 0, 0, 0])
      + PNGWriter.chunk("IDAT", stream) + PNGWriter.chunk("IEND", [])
    #expect(width * height / png.count > 2048)
    let image = try ImageFile.decode(png)
    #expect((image.width, image.height) == (width, height))
    #expect(image.storage.bytes[..<(width * height * 3)].allSatisfy { $0 == 0 })
  }

  @Test func sizesThatNobodyHas() {
    for (width, height) in [(0, 5), (40000, 2), (32768, 32768), (20000, 20000)] {
      let png =
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        + PNGWriter.chunk("IHDR", big(width) + big(height) + [16, 6, 0, 0, 0]) + PNGWriter.chunk("IDAT", [0x78, 0x01])
      #expect(throws: CodecError.self, "\(width)x\(height)") { try ImageFile.decode(png) }
    }
  }
}
