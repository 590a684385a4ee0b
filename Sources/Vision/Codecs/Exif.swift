import Ground

/// Where pictures say how the camera was held: the orientation of their Exif data (CIPA DC-008, 4.6.4).
extension Orientation {
  /// What a JPEG or PNG says; upright when it says nothing, or nonsense.
  public init(of picture: UnsafeRawBufferPointer) {
    switch ImageFileFormat(of: picture) {
    case .jpeg: self.init(ofJPEG: picture)
    case .png: self.init(ofPNG: picture)
    case nil: self = .upright
    }
  }

  /// What a JPEG says in the first Exif segment that holds an orientation, wherever it stands before the first scan.
  public init(ofJPEG bytes: UnsafeRawBufferPointer) {
    var at = 2
    while let marker = Self.marker(in: bytes, from: &at), !Self.endsHeader(marker) {
      if Self.standsAlone(marker) { continue }
      guard at + 2 <= bytes.count else { break }
      let length = Int(bytes[at]) << 8 | Int(bytes[at + 1])
      guard length >= 2, at + length <= bytes.count else { break }
      if marker == 0xE1, let found = Self.tag(inExif: UnsafeRawBufferPointer(rebasing: bytes[at + 2..<at + length])) {
        self = found
        return
      }
      at += length
    }
    self = .upright
  }

  /// What a PNG says in its `eXIf` chunk, which may stand before or behind the pixels (PNG, third edition, 11.3.4.5).
  public init(ofPNG bytes: UnsafeRawBufferPointer) {
    let end = Array("IEND".utf8)
    let exif = Array("eXIf".utf8)
    var at = 8
    while at + 8 <= bytes.count {
      let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
      let kind = bytes[at + 4..<at + 8]
      guard !kind.elementsEqual(end), length <= bytes.count - at - 8 else { break }
      if kind.elementsEqual(exif) {
        let chunk = UnsafeRawBufferPointer(rebasing: bytes[at + 8..<at + 8 + length])
        // Some writers put JPEG's heading before the TIFF data.
        if let found = Self.tag(inExif: chunk) ?? Self.tag(inTIFF: chunk) {
          self = found
          return
        }
      }
      // The length, the kind, the data and a checksum.
      at += length + 12
    }
    self = .upright
  }

  /// What a WebP says in its `EXIF` chunk (RFC 9649, 2.7.1.5).
  public init(ofWebP bytes: UnsafeRawBufferPointer) {
    let exif = Array("EXIF".utf8)
    var at = 12
    while at + 8 <= bytes.count {
      let length = (0..<4).reduce(0) { $0 | Int(bytes[at + 4 + $1]) << (8 * $1) }
      guard length <= bytes.count - at - 8 else { break }
      if bytes[at..<at + 4].elementsEqual(exif) {
        let chunk = UnsafeRawBufferPointer(rebasing: bytes[at + 8..<at + 8 + length])
        // Some writers put JPEG's heading before the TIFF data.
        if let found = Self.tag(inExif: chunk) ?? Self.tag(inTIFF: chunk) {
          self = found
          return
        }
      }
      // The name, the length, the data, and a byte that makes it even.
      at += 8 + length + length % 2
    }
    self = .upright
  }

  /// What a TIFF says of its first picture.
  public init(ofTIFF bytes: UnsafeRawBufferPointer) { self = Self.tag(inTIFF: bytes) ?? .upright }

  // MARK: JPEG's markers (ITU-T T.81, B.1.1)

  /// The next marker's second byte; `at` is then behind it. Any number of FF may stand before a marker, and what stands
  /// between segments is passed over, as libjpeg does.
  private static func marker(in bytes: UnsafeRawBufferPointer, from at: inout Int) -> UInt8? {
    while at < bytes.count {
      while at < bytes.count, bytes[at] != 0xFF { at += 1 }
      while at < bytes.count, bytes[at] == 0xFF { at += 1 }
      guard at < bytes.count else { return nil }
      at += 1
      if bytes[at - 1] != 0 { return bytes[at - 1] }
    }
    return nil
  }

  /// Markers without a length: TEM, the restarts, a second start.
  private static func standsAlone(_ marker: UInt8) -> Bool { marker == 0x01 || (0xD0...0xD8).contains(marker) }

  /// The end of the picture and its first scan.
  private static func endsHeader(_ marker: UInt8) -> Bool { marker == 0xD9 || marker == 0xDA }

  // MARK: Exif

  /// "Exif", a zero and a byte of padding, then a TIFF file.
  private static func tag(inExif segment: UnsafeRawBufferPointer) -> Orientation? {
    guard segment.count > 6, segment.starts(with: [0x45, 0x78, 0x69, 0x66, 0]) else { return nil }
    return tag(inTIFF: UnsafeRawBufferPointer(rebasing: segment[6...]))
  }

  /// The orientation of a TIFF file's main picture.
  private static func tag(inTIFF tiff: UnsafeRawBufferPointer) -> Orientation? {
    TIFFDirectory.integers(of: 0x0112, in: tiff).lazy.compactMap(Orientation.init).first
  }
}

/// The first directory of a TIFF file (TIFF 6.0, section 2): the main picture's. Other directories are not read, so that none
/// can lead round in circles.
package enum TIFFDirectory {
  /// The values of every entry with this tag that holds one integer.
  package static func integers(of wanted: Int, in tiff: UnsafeRawBufferPointer) -> [Int] {
    let isLittle = tiff.starts(with: [0x49, 0x49, 42, 0])
    guard isLittle || tiff.starts(with: [0x4D, 0x4D, 0, 42]) else { return [] }
    /// A number of `count` bytes; nil outside the file.
    func number(_ at: Int, _ count: Int) -> Int? {
      guard at >= 0, at <= tiff.count - count else { return nil }
      return (0..<count).reduce(0) { sum, index in
        sum << 8 | Int(tiff[at + (isLittle ? count - 1 - index : index)])
      }
    }
    guard let directory = number(4, 4), let entries = number(directory, 2) else { return [] }
    var found: [Int] = []
    for entry in 0..<entries {
      let at = directory + 2 + entry * 12
      guard let tag = number(at, 2), let type = number(at + 2, 2), let count = number(at + 4, 4) else { break }
      guard tag == wanted, count == 1, let width = integerWidths[type] else { continue }
      if let value = number(at + 8, width) { found.append(value) }
    }
    return found
  }

  /// Bytes of TIFF's types of integers: BYTE, SHORT, LONG and their signed forms. The standard asks for SHORT; writers
  /// differ. A value stands at the left of its four bytes.
  private static let integerWidths = [1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4]
}
