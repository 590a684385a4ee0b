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
}

/// What a picture may claim to be before anything is allocated for it.
public enum CodecLimits {
  /// Pixels of the largest picture that is decoded: a 120-megapixel photo.
  public static let pixels = 120_000_000
  /// Bytes of the largest image file that is read.
  public static let fileBytes = 512 << 20

  /// Refuses sizes that are not positive, above the limits, or absurd for so few compressed bytes.
  ///
  /// No JPEG or PNG packs more than about 2,000 pixels into a byte; a header that claims more is hostile or damaged,
  /// and believing it would cost hundreds of megabytes.
  static func check(width: Int, height: Int, compressedBytes: Int) throws(CodecError) {
    guard width > 0, height > 0 else { throw CodecError(.corrupt, "picture of size \(width)x\(height)") }
    guard width <= 32768, height <= 32768, width * height <= pixels else {
      throw CodecError(.tooLarge, "picture of \(width)x\(height) is larger than \(pixels / 1_000_000) megapixels")
    }
    guard width * height / 2048 <= compressedBytes else {
      throw CodecError(.corrupt, "\(compressedBytes) bytes cannot hold a picture of \(width)x\(height)")
    }
  }
}
