import CPNG
public import Ground

/// Grey PNG pictures of 16 bits with their samples as they are: distances and thermal pictures, in which no gamma applies.
public struct GreyPNG: Sendable {
  public let width: Int
  public let height: Int
  /// Row by row.
  public let samples: [UInt16]

  /// Whether `bytes` starts like a grey PNG of 16 bits.
  public static func isGrey16(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // Bit depth and colour type stand behind signature, chunk length, chunk name, width and height.
    ImageFileFormat(of: bytes) == .png && bytes.count > 25 && bytes[24] == 16 && bytes[25] == 0
  }

  /// Decodes a picture.
  public init(_ png: UnsafeRawBufferPointer) throws(CodecError) {
    guard GreyPNG.isGrey16(png), let base = png.baseAddress else {
      throw CodecError(.unsupported, "not a grey PNG picture of 16 bits")
    }
    let width = UInt32(bigEndian: png.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
    let height = UInt32(bigEndian: png.loadUnaligned(fromByteOffset: 20, as: UInt32.self))
    // Deflate packs at most 1,032 bytes into one.
    try CodecLimits.check(
      width: Int(width), height: Int(height), compressedBytes: png.count, pixelsPerByte: 1032 / 2)
    var message = [CChar](repeating: 0, count: Int(OCP_PNG_MESSAGE))
    let count = Int(width) * Int(height)
    let samples = [UInt16](unsafeUninitializedCapacity: count) { buffer, filled in
      buffer.initialize(repeating: 0)
      // Safe: the C side writes width * height samples and reads no more than `png.count` bytes.
      let bytes = base.assumingMemoryBound(to: UInt8.self)
      filled = ocp_png_read_grey16(bytes, png.count, width, height, buffer.baseAddress, &message) == 1 ? count : 0
    }
    guard samples.count == count else {
      let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw CodecError(text == "Read Error" ? .truncated : .corrupt, "damaged PNG (\(text))")
    }
    self.width = Int(width)
    self.height = Int(height)
    self.samples = samples
  }
}
