public import Ground

/// What goes wrong between a compressed picture, or an image file, and its pixels.
public typealias CodecError = Explained<CodecErrorKind>

/// The causes of a ``CodecError``, for programs to tell apart.
public enum CodecErrorKind: String, Sendable {
  case notFound
  case unreadable
  case unwritable
  case notAnImage
  case truncated
  case corrupt
  case tooLarge
  case unsupported
  case outOfMemory
}

/// What a picture may claim to be before anything is allocated for it.
public enum CodecLimits {
  /// Pixels of the largest picture that is decoded: a 120-megapixel photo.
  public static let pixels = 120_000_000
  /// Bytes of the largest image file that is read.
  public static let fileBytes = 512 << 20
  /// Pixels of the longest side that is decoded.
  public static let side = 32768

  /// Refuses sizes that are not positive, above the limits, or absurd for so few compressed bytes.
  ///
  /// A header that claims more is hostile or damaged, and believing it would cost hundreds of megabytes.
  /// - Parameter pixelsPerByte: the most that the format packs into a byte.
  static func check(width: Int, height: Int, compressedBytes: Int, pixelsPerByte: Int) throws(CodecError) {
    guard width > 0, height > 0 else { throw CodecError(.corrupt, "picture of size \(width)x\(height)") }
    guard width <= side, height <= side, width * height <= pixels else {
      throw CodecError(.tooLarge, "picture of \(width)x\(height) is larger than \(pixels / 1_000_000) megapixels")
    }
    guard width * height / pixelsPerByte <= compressedBytes else {
      throw CodecError(.corrupt, "\(compressedBytes) bytes cannot hold a picture of \(width)x\(height)")
    }
  }
}
