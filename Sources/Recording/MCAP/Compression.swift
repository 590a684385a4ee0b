import CCompression
import Ground

extension MCAP {
  /// How a chunk's records are compressed; the raw value is the name in the file.
  public enum Compression: String, Sendable, CaseIterable {
    case none = ""
    case lz4
    case zstd

    /// The name for users: "none", "lz4", "zstd".
    public var name: String { self == .none ? "none" : rawValue }

    /// The compression of a user's name.
    public init?(named name: String) {
      guard let match = Compression.allCases.first(where: { $0.name == name }) else { return nil }
      self = match
    }
  }

  /// No reader unpacks a chunk that claims more than this; the largest that writers make by default is some megabytes.
  public static let maximumChunkBytes = 256 << 20
}

/// Compresses chunks, keeping its context and its buffer from one to the next. One thread.
final class ChunkCompressor {
  private let compression: MCAP.Compression
  private let level: Int32
  private let context: OpaquePointer?
  private var output: [UInt8] = []

  init(_ compression: MCAP.Compression, level: Int32 = 1) {
    self.compression = compression
    self.level = level
    context = compression == .zstd ? ZSTD_createCCtx() : nil
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Calls `body` with the compressed bytes.
  func compress<Result>(_ records: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    guard compression != .none else { return try records.withUnsafeBytes(body) }
    let bound = compression == .zstd ? ZSTD_compressBound(records.count) : LZ4F_compressFrameBound(records.count, nil)
    if output.count < bound { output = [UInt8](repeating: 0, count: bound) }
    let written = try records.withUnsafeBytes { source in
      try output.withUnsafeMutableBytes { target in
        if compression == .zstd {
          let size = ZSTD_compressCCtx(
            context, target.baseAddress, target.count, source.baseAddress, source.count, level)
          guard ZSTD_isError(size) == 0 else { throw failure(String(cString: ZSTD_getErrorName(size))) }
          return size
        }
        let size = LZ4F_compressFrame(target.baseAddress, target.count, source.baseAddress, source.count, nil)
        guard LZ4F_isError(size) == 0 else { throw failure(String(cString: LZ4F_getErrorName(size))) }
        return size
      }
    }
    return try output.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<written])) }
  }

  private func failure(_ reason: String) -> RecordingError {
    RecordingError(.fileFailed, "\(compression.name) could not compress a chunk: \(reason)")
  }
}

/// Unpacks chunks that may lie about their size: the output grows with what really comes out.
enum ChunkDecompressor {
  static func decompress(_ bytes: ArraySlice<UInt8>, as name: String, size: UInt64) throws -> ArraySlice<UInt8> {
    guard let compression = MCAP.Compression(rawValue: name) else {
      throw RecordingError(.unsupported, "chunks are compressed with '\(name)', only zstd, lz4 and none are known")
    }
    guard size <= UInt64(MCAP.maximumChunkBytes) else {
      throw RecordingError(.tooLarge, "a chunk claims \(size) bytes, more than any writer makes")
    }
    let expected = Int(size)
    let result: ArraySlice<UInt8>
    switch compression {
    // Shares the memory of the record, which was read for it alone.
    case .none: result = bytes
    case .zstd: result = try zstd(bytes, expected)[...]
    case .lz4: result = try lz4(bytes, expected)[...]
    }
    guard result.count == expected else {
      throw RecordingError(.corrupt, "a chunk unpacks to \(result.count) bytes instead of \(expected)")
    }
    return result
  }

  /// Unpacks a whole zstd frame that says its own size, as rosbag2 writes its messages.
  ///
  /// - Parameter most: bytes that are believed.
  static func frame(ofZstd bytes: ArraySlice<UInt8>, most: Int) throws -> ArraySlice<UInt8> {
    let claimed = bytes.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    // The two largest numbers mean "unknown" and "no frame".
    guard claimed <= UInt64(most) else {
      throw RecordingError(.corrupt, "a compressed message does not say its size, or more than \(most >> 20) MiB")
    }
    return try zstd(bytes, Int(claimed))[...]
  }

  /// Room for the first unpacked bytes: the claimed size where it is plausible for so many packed bytes.
  private static func firstCapacity(_ packed: Int, _ expected: Int) -> Int {
    min(expected, packed * 8 + 65536)
  }

  /// Feeds a streaming decoder and grows the output, never past `expected` bytes and one more to notice excess.
  ///
  /// `step` gets where to read and where to write and returns bytes consumed, bytes produced, and whether the frame is
  /// complete.
  private static func grow(
    _ packed: ArraySlice<UInt8>, _ expected: Int,
    _ step: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) throws -> (Int, Int, Bool)
  ) throws -> [UInt8] {
    var output = [UInt8](repeating: 0, count: firstCapacity(packed.count, expected) + 1)
    var produced = 0
    var consumed = 0
    try packed.withUnsafeBytes { source in
      while true {
        let (read, written, finished) = try output.withUnsafeMutableBytes { target in
          try step(
            UnsafeRawBufferPointer(rebasing: source[consumed...]),
            UnsafeMutableRawBufferPointer(rebasing: target[produced...]))
        }
        consumed += read
        produced += written
        if finished && consumed == source.count { return }
        guard produced <= expected else {
          throw RecordingError(.corrupt, "a chunk unpacks to more than its \(expected) bytes")
        }
        if produced == output.count {
          output.append(contentsOf: repeatElement(0, count: min(output.count, expected + 1 - output.count)))
        } else if read == 0 && written == 0 {
          throw RecordingError(.corrupt, "a chunk's compressed data ends early")
        }
      }
    }
    output.removeLast(output.count - produced)
    return output
  }

  private static func zstd(_ packed: ArraySlice<UInt8>, _ expected: Int) throws -> [UInt8] {
    guard let context = ZSTD_createDCtx() else { throw RecordingError(.fileFailed, "out of memory") }
    defer { ZSTD_freeDCtx(context) }
    // 128 MiB of window is what zstd itself decodes by default; a hostile frame may ask for more.
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
    return try grow(packed, expected) { source, target in
      var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
      var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
      let status = ZSTD_decompressStream(context, &output, &input)
      guard ZSTD_isError(status) == 0 else {
        throw RecordingError(.corrupt, "a chunk's zstd data is damaged: \(String(cString: ZSTD_getErrorName(status)))")
      }
      return (input.pos, output.pos, status == 0)
    }
  }

  private static func lz4(_ packed: ArraySlice<UInt8>, _ expected: Int) throws -> [UInt8] {
    var created: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&created, UInt32(LZ4F_VERSION))) == 0, let context = created
    else { throw RecordingError(.fileFailed, "out of memory") }
    defer { LZ4F_freeDecompressionContext(context) }
    return try grow(packed, expected) { source, target in
      var read = source.count
      var written = target.count
      let status = LZ4F_decompress(context, target.baseAddress, &written, source.baseAddress, &read, nil)
      guard LZ4F_isError(status) == 0 else {
        throw RecordingError(.corrupt, "a chunk's lz4 data is damaged: \(String(cString: LZ4F_getErrorName(status)))")
      }
      return (read, written, status == 0)
    }
  }
}
