import Glibc
import Ground
import TestSupport
import Testing
import Vision

/// Resident memory of this process, from /proc.
func residentBytes() -> Int {
  var text = [UInt8](repeating: 0, count: 128)
  let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
  defer { close(descriptor) }
  let count = max(0, read(descriptor, &text, 127))
  let fields = String(decoding: text[0..<count], as: UTF8.self).split(separator: " ")
  return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
}

@Suite struct PNGTests {
  @Test(arguments: [(64, 48), (1, 1), (17, 33)])
  func losslessRoundTrip(width: Int, height: Int) throws {
    let original = Picture.rgb(width, height)
    let decoded = try ImageFile.decode(PNGCodec.encode(original))
    #expect(Picture.difference(original, decoded, count: width * height * 3) == 0)
  }

  @Test func greyAndBGR() throws {
    let grey = Picture.of(.gray8, 20, 10)
    let decoded = try ImageFile.decode(PNGCodec.encode(grey))
    let (before, after) = (Picture.bytes(grey), Picture.bytes(decoded))
    for index in 0..<200 { #expect(after[index * 3 + 1] == before[index]) }
    let rgb = Picture.rgb(8, 8)
    let swapped = try ImageFile.decode(PNGCodec.encode(Image(packed: 8, 8, .bgr24, storage: rgb.storage)!))
    #expect(Picture.bytes(swapped)[0] == Picture.bytes(rgb)[2])
  }

  @Test func unsupportedFormatsSaySo() {
    #expect(throws: CodecError.self) { try PNGCodec.encode(Picture.of(.nv12, 8, 8)) }
  }

  @Test func truncatedAndForeignFiles() throws {
    let png = try PNGCodec.encode(Picture.rgb(64, 64))
    let error = #expect(throws: CodecError.self) { try ImageFile.decode(Array(png[0..<png.count / 2])) }
    #expect(error?.kind == .truncated)
    #expect(throws: CodecError.self) { try ImageFile.decode(Array("plain text".utf8)) }
    #expect(throws: CodecError.self) { try ImageFile.decode([]) }
  }

  @Test func mutatedPictures() throws {
    var random = SeededGenerator(2)
    let png = try PNGCodec.encode(Picture.rgb(61, 43))
    var refused = 0
    let before = residentBytes()
    for _ in 0..<5_000 {
      do { _ = try ImageFile.decode(mutate(png, &random)) } catch { refused += 1 }
    }
    #expect(refused > 1_000)
    #expect(residentBytes() - before < 300 << 20)
  }

  @Test func filesOnDisk() throws {
    let folder = "/tmp/ocellus-codec-\(getpid())"
    mkdir(folder, 0o700)
    defer { for name in ["a.png", "a.jpg"] { unlink("\(folder)/\(name)") }; rmdir(folder) }
    for name in ["a.png", "a.jpg"] {
      try ImageFile.save(Picture.rgb(32, 16), to: "\(folder)/\(name)")
      #expect(try ImageFile.load("\(folder)/\(name)").width == 32)
    }
    let missing = #expect(throws: CodecError.self) { try ImageFile.load("\(folder)/none.png") }
    #expect(missing?.line == "\(folder)/none.png: no such file")
    #expect(throws: CodecError.self) { try ImageFile.load(folder) }
    let nowhere = #expect(throws: CodecError.self) { try ImageFile.save(Picture.rgb(8, 8), to: "\(folder)/x/y.png") }
    #expect(nowhere?.kind == .unwritable)
  }
}

@Suite struct PixelPoolTests {
  @Test func lendsAgainOnlyWhatNobodyHolds() {
    let pool = PixelPool(capacity: 2)
    var a: PixelStorage? = pool.take(1000)
    let b = pool.take(1000)
    let c = pool.take(1000)
    #expect(a !== b && b !== c && a !== c)
    #expect(pool.allocations == 3)
    let first = ObjectIdentifier(a!)
    a = nil
    let d = pool.take(900)
    #expect(ObjectIdentifier(d) == first)
    #expect(pool.allocations == 3)
  }

  @Test func growsWhenThePictureGrows() {
    let pool = PixelPool(capacity: 1)
    _ = pool.take(100)
    #expect(pool.take(100_000).bytes.count >= 100_000)
    #expect(pool.allocations == 2)
  }
}
