import Vision

/// What the pictures of a topic show. Raw values are in the order in which a camera's topics are chosen.
public enum PictureKind: Int, Sendable, Comparable {
  case color
  case grey
  /// Grey of more than eight bits.
  case deepGrey
  case depth
  /// Not a picture that is decoded.
  case unreadable

  public static func < (a: PictureKind, b: PictureKind) -> Bool { a.rawValue < b.rawValue }
}

extension RawImage {
  /// By the encoding.
  public var kind: PictureKind { DeepPictures.kind(encoding) ?? RawImageDecoding.kind(encoding) ?? .unreadable }
}

extension CompressedImage {
  /// The encoding of the picture before it was compressed, as image_transport writes it: "16UC1; compressedDepth png",
  /// "mono16; png compressed ", "rgb8; jpeg compressed bgr8"; "jpeg" and "png" alone are of no encoding.
  var sourceEncoding: Substring { format.contains(";") ? format.prefix { $0 != ";" && !$0.isWhitespace } : "" }

  /// Whether the data begins with the header of compressed_depth_image_transport, twelve bytes before a PNG or RVL picture.
  public var isCompressedDepth: Bool {
    format.contains("compressedDepth")
      || data.withUnsafeBytes {
        ImageFileFormat(of: $0) == nil && ImageFileFormat(of: DeepPictures.behindDepthHeader($0)) == .png
      }
  }

  /// The PNG file of a depth picture: the data without the header before it.
  public var depthPicture: ArraySlice<UInt8> {
    data.withUnsafeBytes { ImageFileFormat(of: $0) } == nil ? data.dropFirst(DeepPictures.depthHeaderBytes) : data
  }

  /// By the format and the first bytes.
  public var kind: PictureKind {
    if isCompressedDepth { return .depth }
    return data.withUnsafeBytes { bytes in
      guard ImageFileFormat(of: bytes) != nil else { return .unreadable }
      // Without an encoding in the format it is a picture like any other: the upper bytes are shown.
      if GreyPNG.isGrey16(bytes) { return DeepPictures.kind(String(sourceEncoding)) ?? .grey }
      return sourceEncoding == "mono8" || sourceEncoding == "8UC1" ? .grey : .color
    }
  }
}
