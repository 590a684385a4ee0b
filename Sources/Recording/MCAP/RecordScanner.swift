import Glibc
import Ground

/// Walks over a file's records from front to back, without trusting any index. One thread.
struct RecordScanner {
  struct Found {
    var opcode: UInt8
    /// Of the record, prefix included.
    var offset: UInt64
    var contentLength: Int

    var contentOffset: UInt64 { offset + UInt64(MCAP.prefixBytes) }
    var end: UInt64 { contentOffset + UInt64(contentLength) }
  }

  let bytes: any InputBytes
  let budget: ReadBudget
  /// Where the next record should begin.
  private(set) var offset: UInt64

  /// A scanner over a file whose opening magic has been checked.
  init(_ bytes: any InputBytes) {
    self.bytes = bytes
    budget = ReadBudget(fileBytes: bytes.count)
    offset = UInt64(MCAP.magic.count)
  }

  /// Whether the closing magic, or nothing, comes next.
  var isAtEnd: Bool {
    guard offset < bytes.count else { return true }
    guard bytes.count - offset == UInt64(MCAP.magic.count) else { return false }
    return (try? bytes.read(at: offset, count: MCAP.magic.count)) == MCAP.magic
  }

  /// The next record; nil at the end of the file.
  ///
  /// - Throws: ``RecordingError`` when what comes next is no record, or reaches past the end; the scanner stays there.
  mutating func next() throws -> Found? {
    if isAtEnd { return nil }
    let (opcode, length) = try bytes.recordPrefix(at: offset)
    guard opcode != 0 else {
      throw RecordingError(.corrupt, "no record begins at byte \(offset)", place: bytes.name)
    }
    let found = Found(opcode: opcode, offset: offset, contentLength: length)
    offset = found.end
    return found
  }

  /// The next record, stepping over what is none to the next whole chunk; nil at the end, or where no chunk follows.
  mutating func nextPastDamage(report: (String) -> Void) throws -> Found? {
    do { return try next() } catch let error as RecordingError {
      report(error.what)
      guard let chunk = try nextChunk(after: offset) else {
        offset = bytes.count
        return nil
      }
      offset = chunk
      return try next()
    }
  }

  /// Goes on after a record whose content turned out to be damaged: its length may be, too.
  mutating func distrust(_ found: Found) throws {
    if isAtEnd { return }
    if let prefix = try? bytes.recordPrefix(at: offset), MCAP.Opcode(rawValue: prefix.opcode) != nil { return }
    offset = try nextChunk(after: found.offset) ?? bytes.count
  }

  /// Goes to the end of the file.
  mutating func giveUp() { offset = bytes.count }

  func content(of found: Found) throws -> ByteReader {
    if found.contentLength <= MCAP.maximumRecordBytes { try budget.spend(reading: UInt64(found.contentLength)) }
    return ByteReader(try bytes.content(at: found.contentOffset, length: found.contentLength))
  }

  /// The first `count` bytes of a record's content, or all where there are fewer.
  func beginning(of found: Found, count: Int) throws -> ByteReader {
    let length = min(found.contentLength, count)
    try budget.spend(reading: UInt64(length))
    return ByteReader(try bytes.content(at: found.contentOffset, length: length))
  }

  /// The first byte after `start` where a whole, plausible chunk begins; nil when there is none.
  func nextChunk(after start: UInt64) throws -> UInt64? {
    let window = 1 << 20
    // The longest prefix and header of a chunk that is recognised.
    let overlap = 64
    // Chunks do not begin with a zero, so that holes need no search.
    var base = start + 1
    while base < bytes.count {
      base = max(base, bytes.firstData(from: base))
      guard base < bytes.count else { return nil }
      let length = Int(min(UInt64(window + overlap), bytes.count - base))
      try budget.spend(reading: UInt64(length))
      let block = try bytes.read(at: base, count: length)
      var position = 0
      while let next = place(of: MCAP.Opcode.chunk.rawValue, in: block, from: position), next < window {
        if plausibleChunk(block[next...], at: base + UInt64(next)) { return base + UInt64(next) }
        position = next + 1
      }
      base += UInt64(window)
    }
    return nil
  }

  private func place(of byte: UInt8, in block: [UInt8], from start: Int) -> Int? {
    block.withUnsafeBytes { buffer in
      guard start < buffer.count, let base = buffer.baseAddress else { return nil }
      return memchr(base + start, Int32(byte), buffer.count - start).map { base.distance(to: UnsafeRawPointer($0)) }
    }
  }

  private func plausibleChunk(_ slice: ArraySlice<UInt8>, at offset: UInt64) -> Bool {
    var reader = ByteReader(slice)
    guard (try? reader.skip(1)) != nil, let length = try? reader.integer(UInt64.self),
      length >= 40, length <= bytes.count - offset - UInt64(MCAP.prefixBytes),
      let header = try? MCAP.ChunkHeader(from: &reader), MCAP.Compression(rawValue: header.compression) != nil
    else { return false }
    let fields = UInt64(40 + header.compression.utf8.count)
    return header.startTime <= header.endTime && header.compressedSize == length - fields
      && header.uncompressedSize <= UInt64(MCAP.maximumChunkBytes)
  }
}
