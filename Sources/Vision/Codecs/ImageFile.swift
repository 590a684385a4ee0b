import Glibc
public import Ground

/// The kinds of image file that are read, told by their first bytes and never by their names.
public enum ImageFileFormat: String, Sendable, CaseIterable {
  case jpeg
  case png

  /// nil when `bytes` starts like neither.
  public init?(of bytes: UnsafeRawBufferPointer) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else {
      return nil
    }
  }
}

/// Image files: photos in, snapshots out.
public enum ImageFile {
  /// Reads and decodes a photo to packed RGB, turned as its Exif data asks. Every error names the path.
  ///
  /// - Parameter warn: told of damage that cost pixels of a photo that is shown all the same.
  public static func load(
    _ path: String, pool: PixelPool? = nil, warn: (CodecError) -> Void = { _ in }
  ) throws(CodecError) -> Image {
    let bytes = try read(path)
    do {
      return try decode(bytes, pool: pool) { warn($0.at(path)) }
    } catch {
      throw error.at(path)
    }
  }

  /// Decodes a photo in memory to packed RGB.
  public static func decode(
    _ bytes: [UInt8], pool: PixelPool? = nil, warn: (CodecError) -> Void = { _ in }
  ) throws(CodecError) -> Image {
    // Array's own closures throw any error, so the typed one travels in a Result.
    let result: Result<Image, CodecError> = bytes.withUnsafeBytes { buffer in
      Result { () throws(CodecError) in try decode(buffer, pool: pool, warn: warn) }
    }
    return try result.get()
  }

  /// Decodes a photo in memory to packed RGB.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, pool: PixelPool? = nil, warn: (CodecError) -> Void = { _ in }
  ) throws(CodecError) -> Image {
    switch ImageFileFormat(of: bytes) {
    case .jpeg:
      let picture = try JPEGDecoder(pool: pool).decode(bytes)
      if picture.isDamaged, let warning = picture.warning { warn(warning) }
      return picture.image
    case .png: return try PNGCodec.decode(bytes, pool: pool)
    case nil:
      throw bytes.isEmpty
        ? CodecError(.truncated, "the file is empty") : CodecError(.notAnImage, "neither a JPEG nor a PNG picture")
    }
  }

  /// Writes a picture under `path`, whole or not at all: first beside it, then renamed.
  ///
  /// PNG where the name ends in `.png`, else JPEG.
  public static func save(_ image: Image, to path: String, quality: Int = 90) throws(CodecError) {
    let bytes =
      path.lowercased().hasSuffix(".png")
      ? try PNGCodec.encode(image) : try JPEGEncoder().encode(image, quality: quality).array
    do throws(SystemError) { try WholeFile.write(bytes, to: path) } catch {
      throw CodecError(.unwritable, error.words, place: path, errno: error.code)
    }
  }

  /// The whole of a regular file.
  public static func read(_ path: String) throws(CodecError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw errno == ENOENT
        ? CodecError(.notFound, "no such file", place: path, remedy: path.hasLostBytes ? String.lostBytesRemedy : "")
        : CodecError(.unreadable, String(cString: strerror(errno)), place: path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw CodecError(.unreadable, "not a regular file", place: path)
    }
    let size = Int(status.st_size)
    guard size <= CodecLimits.fileBytes else {
      throw CodecError(.tooLarge, "larger than \(CodecLimits.fileBytes >> 20) MiB", place: path)
    }
    var problem: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { problem = errno }
        if got <= 0 { return }
        count += got
      }
    }
    guard problem == 0 else { throw CodecError(.unreadable, String(cString: strerror(problem)), place: path) }
    return bytes
  }
}
