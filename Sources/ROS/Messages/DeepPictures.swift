import Ground
public import Vision

/// Makes pictures of eight bits out of the deep ones of a topic: distances, and grey and colours of 16 bits. Distances are
/// spread over the range that they use, as those of a camera; the range follows the pictures slowly. One thread.
public struct DeepPictures {
  /// An encoding of sensor_msgs/msg/Image of more than eight bits a sample.
  private struct Encoding {
    var kind: PictureKind
    /// The encoding of the same samples with eight bits.
    var shallow: String
    var samplesPerPixel = 1
    var bytesPerSample = 2
  }

  private static let known: [String: Encoding] = {
    var known = [
      "mono16": Encoding(kind: .deepGrey, shallow: "mono8"), "16UC1": Encoding(kind: .depth, shallow: "mono8"),
      "32FC1": Encoding(kind: .depth, shallow: "mono8", bytesPerSample: 4),
      "16UC3": Encoding(kind: .color, shallow: "8UC3", samplesPerPixel: 3),
      "16UC4": Encoding(kind: .color, shallow: "8UC4", samplesPerPixel: 4),
    ]
    for (order, samples) in [("rgb", 3), ("bgr", 3), ("rgba", 4), ("bgra", 4)] {
      known[order + "16"] = Encoding(kind: .color, shallow: order + "8", samplesPerPixel: samples)
    }
    for tile in ["rggb", "bggr", "gbrg", "grbg"] {
      known["bayer_\(tile)16"] = Encoding(kind: .color, shallow: "bayer_\(tile)8")
    }
    return known
  }()

  /// Encodings of sensor_msgs/msg/Image.
  static var encodings: [String] { Array(known.keys) }
  /// Of compressed_depth_image_transport, before the picture.
  static let depthHeaderBytes = 12

  private var mappings: [Mapping: DeepGrey] = [:]

  private struct Mapping: Hashable {
    var depth: GreyDepth
    var isBigEndian: Bool
  }

  public init() {}

  /// The kind of an encoding of more than eight bits; nil for others.
  static func kind(_ encoding: String) -> PictureKind? { known[encoding]?.kind }

  private static func depth(_ encoding: String) -> GreyDepth { kind(encoding) == .depth ? .distances : .usedBits }

  /// The next picture does not follow the last one.
  public mutating func restart() {
    for mapping in mappings.keys { mappings[mapping]?.restart() }
  }

  /// Decodes a picture whatever its encoding; those of eight bits a sample as ``RawImageDecoding`` does.
  ///
  /// - Throws: ``ROSError`` for encodings that are not known, and for sizes that the data does not bear out.
  public mutating func image(_ raw: RawImage, pool: PixelPool) throws -> Image {
    guard let encoding = DeepPictures.known[raw.encoding] else { return try RawImageDecoding.image(raw, pool: pool) }
    let (width, height, step) = (Int(raw.width), Int(raw.height), Int(raw.step))
    let samples = width * encoding.samplesPerPixel
    _ = try RawImageDecoding.check(raw, rowBytes: samples * encoding.bytesPerSample)
    guard encoding.kind != .color else { return try shallow(raw, encoding, samplesPerRow: samples, pool) }
    guard encoding.bytesPerSample == 4 else {
      return try raw.data.withUnsafeBytes {
        try image($0, step, width, height, DeepPictures.depth(raw.encoding), isBigEndian: raw.isBigEndian, pool)
      }
    }
    let distances = raw.data.withUnsafeBytes { bytes in
      var distances: [UInt16] = []
      distances.reserveCapacity(width * height)
      for row in 0..<height {
        for x in 0..<width {
          let bits = bytes.loadUnaligned(fromByteOffset: row * step + x * 4, as: UInt32.self)
          let value = Float(bitPattern: raw.isBigEndian ? UInt32(bigEndian: bits) : UInt32(littleEndian: bits))
          distances.append(DeepPictures.millimetres(value))
        }
      }
      return distances
    }
    return try image(distances, width, height, .distances, pool)
  }

  /// Decodes a picture of ``PictureKind/deepGrey`` or ``PictureKind/depth``.
  ///
  /// - Throws: ``ROSError`` for compressions that are not known; `CodecError` for damaged pictures.
  public mutating func image(_ compressed: CompressedImage, pool: PixelPool) throws -> Image {
    let encoding = String(compressed.sourceEncoding)
    guard compressed.isCompressedDepth else {
      let picture = try compressed.data.withUnsafeBytes { bytes throws(CodecError) in try GreyPNG(bytes) }
      return try image(picture.samples, picture.width, picture.height, DeepPictures.depth(encoding), pool)
    }
    let header = try DepthHeader(compressed)
    let picture = try compressed.depthPicture.withUnsafeBytes { bytes throws(CodecError) in try GreyPNG(bytes) }
    let distances = encoding == "32FC1" ? picture.samples.map(header.millimetres) : picture.samples
    return try image(distances, picture.width, picture.height, .distances, pool)
  }

  /// Decodes colours of 16 bits: the upper eight of the bits in use, as a picture of eight bits a sample.
  private mutating func shallow(
    _ raw: RawImage, _ encoding: Encoding, samplesPerRow: Int, _ pool: PixelPool
  ) throws -> Image {
    let (step, height) = (Int(raw.step), Int(raw.height))
    var bytes = [UInt8](repeating: 0, count: samplesPerRow * height)
    raw.data.withUnsafeBytes { source in
      bytes.withUnsafeMutableBytes { target in
        guard let base = target.baseAddress else { return }
        // Safe: the rows were checked against the data, and the target has a byte for each sample.
        convert(
          source, step, samplesPerRow, height, Mapping(depth: .usedBits, isBigEndian: raw.isBigEndian), into: base)
      }
    }
    return try RawImageDecoding.image(
      RawImage(
        height: raw.height, width: raw.width, encoding: encoding.shallow, step: UInt32(samplesPerRow), data: bytes[...]),
      pool: pool)
  }

  /// Metres as millimetres; 0, "nothing was measured", for what is none, and the greatest for what is farther.
  private static func millimetres(_ metres: Float) -> UInt16 {
    metres > 0 ? UInt16(saturating: (metres * 1000).rounded()) : 0
  }

  static func behindDepthHeader(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes.dropFirst(depthHeaderBytes))
  }

  private mutating func image(
    _ samples: [UInt16], _ width: Int, _ height: Int, _ depth: GreyDepth, _ pool: PixelPool
  ) throws -> Image {
    // Of this machine.
    let isBigEndian = UInt16(1).bigEndian == 1
    return try samples.withUnsafeBytes {
      try image($0, width * 2, width, height, depth, isBigEndian: isBigEndian, pool)
    }
  }

  private mutating func image(
    _ bytes: UnsafeRawBufferPointer, _ step: Int, _ width: Int, _ height: Int, _ depth: GreyDepth, isBigEndian: Bool,
    _ pool: PixelPool
  ) throws -> Image {
    var target = try RawImageDecoding.allocate(width, height, .gray8, pool)
    let mapping = Mapping(depth: depth, isBigEndian: isBigEndian)
    // Safe: the rows were checked against the bytes, and the picture has width * height bytes.
    convert(bytes, step, width, height, mapping, into: target.base(ofPlane: 0))
    target.levels = mappings[mapping]?.levels
    return target
  }

  private mutating func convert(
    _ bytes: UnsafeRawBufferPointer, _ step: Int, _ width: Int, _ height: Int, _ mapping: Mapping,
    into target: UnsafeMutableRawPointer
  ) {
    mappings[mapping, default: DeepGrey(mapping.depth, isBigEndian: mapping.isBigEndian)].convert(
      bytes, bytesPerRow: step, width: width, height: height, into: target)
  }
}

/// What compressed_depth_image_transport puts before its picture (`ConfigHeader`): how the distances of 32FC1 were quantised.
private struct DepthHeader {
  private var a: Float
  private var b: Float

  /// - Throws: ``ROSError`` where the data is too short, or not a PNG picture.
  init(_ picture: CompressedImage) throws {
    guard picture.data.count > DeepPictures.depthHeaderBytes else {
      throw ROSError(.corrupt, "a depth picture without a picture")
    }
    guard !picture.format.contains("rvl") else {
      throw ROSError(
        .unsupported, "depth pictures are encoded as '\(picture.format)'", remedy: "known is compressedDepth with PNG")
    }
    (a, b) = picture.data.withUnsafeBytes { bytes in
      func real(_ offset: Int) -> Float {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
      }
      return (real(4), real(8))
    }
  }

  /// The distance of a quantised inverse distance.
  func millimetres(_ sample: UInt16) -> UInt16 {
    let metres = a / (Float(sample) - b)
    return sample > 0 && metres > 0 ? UInt16(saturating: (metres * 1000).rounded()) : 0
  }
}
