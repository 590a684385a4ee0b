public import Ground

/// Writes ROS 2's wire format: CDR, little-endian, XCDR version 1 (OMG DDS-XTypes 1.3, 7.4.1).
///
/// A four-byte header, then every primitive aligned to its size, counted from the end of the header.
public struct CDREncoder {
  public private(set) var out: ByteWriter
  private let origin: Int

  /// Goes on in `out`, which the caller takes back when the message is complete.
  public init(_ out: consuming ByteWriter) {
    self.out = out
    self.out.append(UInt32(0x0000_0100))
    origin = self.out.count
  }

  private mutating func align(_ size: Int) {
    let excess = (out.count - origin) & (size - 1)
    if excess != 0 { out.appendZeros(size - excess) }
  }

  public mutating func append<Number: FixedWidthInteger>(_ value: Number) {
    align(MemoryLayout<Number>.size)
    out.append(value)
  }

  public mutating func append(_ value: Double) { append(value.bitPattern) }

  /// Length with the closing NUL, bytes, NUL. A NUL inside would end the string for C++ readers, so it ends it here.
  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      let length = utf8.firstIndex(of: 0) ?? utf8.count
      append(UInt32(clamping: length + 1))
      out.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(utf8)[..<length]))
      out.append(UInt8(0))
    }
  }

  /// A sequence of bytes.
  public mutating func append(bytes: UnsafeRawBufferPointer) {
    append(UInt32(clamping: bytes.count))
    out.append(bytes)
  }
}

/// Reads CDR from bytes that may be anything, in either byte order, as the header says; also the wire format of ROS 1, which
/// has neither a header nor padding.
public struct CDRDecoder {
  private var reader: ByteReader
  private let origin: Int
  private let swapped: Bool
  private let isPadded: Bool

  /// A reader of ROS 1's format: little-endian values one after the other, strings without a closing NUL.
  init(ros1 bytes: ArraySlice<UInt8>) {
    reader = ByteReader(bytes)
    (origin, swapped, isPadded) = (reader.position, false, false)
  }

  public init(_ bytes: ArraySlice<UInt8>) throws {
    reader = ByteReader(bytes)
    let kind = try reader.integer(UInt32.self).byteSwapped
    switch kind >> 16 {
    case 0x0000: swapped = true
    case 0x0001: swapped = false
    default: throw ROSError(.unsupported, "a message is not plain CDR")
    }
    origin = reader.position
    isPadded = true
  }

  /// Bytes not read yet.
  var remaining: Int { reader.remaining }

  /// The next bytes as they are, sharing the message's memory.
  mutating func slice(_ count: Int) throws -> ArraySlice<UInt8> { try reader.slice(count) }

  /// Steps over values that are aligned to `size`.
  mutating func skip(_ count: Int, alignedTo size: Int = 1) throws {
    try align(size)
    try reader.skip(count)
  }

  private mutating func align(_ size: Int) throws {
    guard isPadded else { return }
    let excess = (reader.position - origin) & (size - 1)
    if excess != 0 { try reader.skip(size - excess) }
  }

  public mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws -> Number {
    try align(MemoryLayout<Number>.size)
    let value = try reader.integer(Number.self)
    return swapped ? value.byteSwapped : value
  }

  public mutating func string() throws -> String {
    let bytes = try reader.slice(try count(elementBytes: 1))
    // Some writers send an empty string as length 0, without the NUL.
    return String(decoding: bytes.last == 0 ? bytes.dropLast() : bytes, as: UTF8.self)
  }

  public mutating func bytes() throws -> ArraySlice<UInt8> { try reader.slice(try count(elementBytes: 1)) }

  /// The length of a sequence whose elements take at least `elementBytes`; more than could follow is refused.
  public mutating func count(elementBytes: Int) throws -> Int {
    let count = Int(try integer(UInt32.self))
    guard count <= reader.remaining / max(1, elementBytes) else {
      throw ROSError(.corrupt, "a sequence is longer than its message")
    }
    return count
  }
}

/// Reads fields, or writes them: each message names its fields once, in the order of its definition, for both.
public protocol CDRCoder {
  /// `Never` for an encoder.
  associatedtype Failure: Error
  mutating func code<Number: FixedWidthInteger>(_ value: inout Number) throws(Failure)
  mutating func code(_ value: inout Double) throws(Failure)
  mutating func code(_ text: inout String) throws(Failure)
  mutating func code(_ bytes: inout ArraySlice<UInt8>) throws(Failure)
  /// A sequence whose elements take `least` bytes or more each.
  mutating func code<Element: CDRFields>(_ elements: inout [Element], least: Int) throws(Failure)
}

extension CDREncoder: CDRCoder {
  public mutating func code<Number: FixedWidthInteger>(_ value: inout Number) { append(value) }
  public mutating func code(_ value: inout Double) { append(value) }
  public mutating func code(_ text: inout String) { append(text) }
  public mutating func code(_ bytes: inout ArraySlice<UInt8>) { bytes.withUnsafeBytes { append(bytes: $0) } }
  public mutating func code<Element: CDRFields>(_ elements: inout [Element], least: Int) {
    append(UInt32(clamping: elements.count))
    for element in elements { element.encode(to: &self) }
  }
}

extension CDRDecoder: CDRCoder {
  public mutating func code<Number: FixedWidthInteger>(_ value: inout Number) throws { value = try integer() }
  public mutating func code(_ value: inout Double) throws { value = Double(bitPattern: try integer(UInt64.self)) }
  public mutating func code(_ text: inout String) throws { text = try string() }
  public mutating func code(_ bytes: inout ArraySlice<UInt8>) throws { bytes = try self.bytes() }
  public mutating func code<Element: CDRFields>(_ elements: inout [Element], least: Int) throws {
    let count = try count(elementBytes: least)
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try Element(from: &self)) }
  }
}

/// A message, or a part of one, whose fields are named once.
public protocol CDRFields {
  init()
  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure)
}

extension CDRFields {
  public init(from reader: inout CDRDecoder) throws {
    self.init()
    try fields(&reader)
  }

  public func encode(to out: inout CDREncoder) {
    var copy = self
    copy.fields(&out)
  }
}

/// A ROS 2 message with a topic of its own.
public protocol ROSMessage: CDRFields {
  /// "sensor_msgs/msg/Image".
  static var typeName: String { get }
}

extension ROSMessage {
  /// Reads a message.
  ///
  /// - Throws: ``ROSError``.
  public init(cdr bytes: ArraySlice<UInt8>) throws {
    do {
      var reader = try CDRDecoder(bytes)
      try self.init(from: &reader)
    } catch let error as ByteError { throw ROSError(.corrupt, error.what) }
  }
}
