import Glibc
public import Ground
public import Vision

/// Photos in any of the formats that are read (``PhotoFormat``).
public enum PhotoFile {
  /// What of a file's bytes tells its format.
  private static let headBytes = 64

  /// A decoded photo.
  package struct Photo: Sendable {
    package var image: Image
    package var format: PhotoFormat
    /// The file's bytes.
    package var bytes: [UInt8]
    /// What is wrong with it although it can be shown.
    package var warning: CodecError?
  }

  /// The paths of the photos that a source's name stands for: one photo, or those of a folder in their order; nil where it
  /// names something else.
  ///
  /// - Throws: ``CaptureError`` for an option of a folder that there is not.
  public static func paths(of name: SourceName) throws(CaptureError) -> [String]? {
    guard SourceOpener.standard.first(where: { $0.claims(name) })?.name == SourceOpener.photos.name else { return nil }
    return try PhotoList(name.text, system: LinuxSystemCalls()).paths
  }

  /// Reads and decodes a photo to packed RGB, turned as its Exif data asks. Every error names the path.
  ///
  /// - Parameter warn: told of damage that cost pixels of a photo that is shown all the same.
  public static func load(
    _ path: String, pool: PixelPool? = nil, warn: (CodecError) -> Void = { _ in }
  ) throws(CodecError) -> Image {
    let photo = try read(path, pool: pool)
    if let warning = photo.warning { warn(warning) }
    return photo.image
  }

  package static func read(_ path: String, pool: PixelPool? = nil) throws(CodecError) -> Photo {
    let bytes = try ImageFile.read(path)
    do throws(CodecError) { return try decode(bytes, of: path, pool: pool) } catch { throw error.at(path) }
  }

  private static func decode(_ bytes: [UInt8], of path: String, pool: PixelPool?) throws(CodecError) -> Photo {
    guard !bytes.isEmpty else { throw CodecError(.truncated, "the file is empty") }
    guard let format = PhotoFormat(head: Array(bytes.prefix(headBytes))) else {
      throw CodecError(
        .notAnImage, "not a picture in a format that is read",
        remedy: "photos are \(PhotoFormat.allCases.map(\.title).joined(separator: ", "))")
    }
    guard let demuxer = format.demuxer else {
      var warning: CodecError?
      let image = try ImageFile.decode(bytes, pool: pool) { warning = $0.at(path) }
      return Photo(image: image, format: format, bytes: bytes, warning: warning)
    }
    if let reason = unsupported(bytes, format) {
      throw CodecError(.unsupported, reason, remedy: "save it as JPEG or PNG")
    }
    let png = try ForeignPhoto(path: path, format: format, demuxer: demuxer).png()
    let orientation = orientation(of: bytes, format)
    // Array's own closures throw any error, so the typed one travels in a Result.
    let result: Result<Image, CodecError> = png.withUnsafeBytes { buffer in
      Result { () throws(CodecError) in try PNGCodec.decode(buffer, pool: pool, orientation: orientation) }
    }
    return Photo(image: try result.get(), format: format, bytes: bytes)
  }

  /// Forms of a format that ffmpeg does not decode, or decodes to black without a word.
  private static func unsupported(_ bytes: [UInt8], _ format: PhotoFormat) -> String? {
    switch format {
    case .webp:
      // RFC 9649, 2.7: the second bit of the extended header's flags.
      let isExtended = bytes.count > 20 && bytes[12..<16].elementsEqual("VP8X".utf8)
      return isExtended && bytes[20] & 2 != 0 ? "an animated WebP is not read" : nil
    case .tiff:
      // TIFF 6.0, section 22, and its second supplement: JPEG as compression.
      let compressions = bytes.withUnsafeBytes { TIFFDirectory.integers(of: 259, in: $0) }
      return compressions.contains { $0 == 6 || $0 == 7 } ? "a TIFF with JPEG inside is not read" : nil
    case .jpeg, .png, .bmp, .avif, .netpbm: return nil
    }
  }

  private static func orientation(of bytes: [UInt8], _ format: PhotoFormat) -> Orientation {
    bytes.withUnsafeBytes { raw in
      switch format {
      case .webp: Orientation(ofWebP: raw)
      case .tiff: Orientation(ofTIFF: raw)
      case .jpeg, .png, .bmp, .avif, .netpbm: .upright
      }
    }
  }
}

/// A photo that the `ffmpeg` program decodes, as a child process.
private struct ForeignPhoto {
  /// Nanoseconds that decoding may take: a picture of 120 megapixels takes a few seconds.
  private static let patience: Int64 = 30_000_000_000
  /// Bytes that may come: 120 megapixels of 16 bits and four channels, hardly compressed.
  private static let mostBytes = CodecLimits.pixels * 8 + (1 << 20)

  let path: String
  let format: PhotoFormat
  let demuxer: String

  /// The picture as a PNG with the colours, the depth and the transparency that the photo has.
  func png() throws(CodecError) -> [UInt8] {
    let child: ChildProcess
    do { child = try ChildProcess(arguments) } catch {
      let what =
        error.kind == .toolMissing
        ? "\(format.title) is decoded by ffmpeg, which is not installed" : "\(format.title): \(error.what)"
      throw CodecError(.unsupported, what, remedy: error.remedy, errno: error.errno)
    }
    defer { child.close() }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    let start = MonotonicTime.now
    while true {
      guard MonotonicTime.now.nanoseconds(since: start) < Self.patience else {
        throw CodecError(.tooLarge, "\(format.title): decoding takes longer than \(Self.patience / 1_000_000_000) s")
      }
      // What ffmpeg says has to be read as well, or it stands still.
      child.drainErrors { _ in }
      var request = pollfd(fd: child.output, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, 50) > 0 else { continue }
      let count = Glibc.read(child.output, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      guard bytes.count + count <= Self.mostBytes else {
        throw CodecError(.tooLarge, "larger than \(CodecLimits.pixels / 1_000_000) megapixels")
      }
      bytes += chunk[0..<count]
    }
    let status = child.finish(within: 2000) { _ in }
    guard status == 0, !bytes.isEmpty else {
      let words = child.lastError.split(separator: ": ").last.map { String($0) } ?? ""
      throw CodecError(.corrupt, words.isEmpty ? "damaged \(format.title)" : "\(format.title): ffmpeg: \(words)")
    }
    return bytes
  }

  private var arguments: [String] {
    var arguments = [
      "ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-nostats", "-protocol_whitelist", "file",
      "-max_pixels", "\(CodecLimits.pixels)", "-threads", "1",
    ]
    // Whether ffmpeg turns these photos depends on its version: we do.
    if format == .webp || format == .tiff { arguments.append("-noautorotate") }
    arguments += ["-f", demuxer, "-i", "file:\(path)", "-map", "0:v:0", "-frames:v", "1", "-map_metadata", "-1"]
    return arguments + [
      "-sws_flags", "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp", "-c:v", "png", "-compression_level", "0",
      "-pred", "none", "-f", "image2pipe", "pipe:1",
    ]
  }
}
