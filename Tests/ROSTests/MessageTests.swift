import Ground
import ROS
import Testing

@Suite struct MessageTests {
  /// Writes a message and reads it again.
  private func returned<Message: ROSMessage>(_ message: Message) throws -> Message {
    var encoder = CDREncoder(ByteWriter())
    message.encode(to: &encoder)
    return try Message(cdr: encoder.out.bytes[...])
  }

  @Test func everyMessageComesBackAsItWas() throws {
    let header = ROSHeader(stamp: 1_700_000_000_123_456_789, frameID: "camera")
    let detections = Detection2DArray(
      header: header,
      detections: [
        .init(
          header: header,
          results: [ObjectHypothesis(classID: "person", score: 0.75), ObjectHypothesis(classID: "a", score: 0.5)],
          centerX: 10.5, centerY: -2, theta: 0.25, width: 30, height: 40, id: "7")
      ])
    #expect(try returned(detections) == detections)
    let image = RawImage(
      header: header, height: 2, width: 1, encoding: "rgb8", bigEndian: 1, step: 3, data: [1, 2, 3, 4, 5, 6])
    #expect(try returned(image) == image)
    let log = LogMessage(stamp: header.stamp, level: LogMessage.warning, name: "ocellus", text: "\u{e9}")
    #expect(try returned(log) == log)
    let diagnostics = DiagnosticArray(
      header: header, statuses: [.init(level: 1, name: "n", message: "", hardwareID: "h", values: [.init(key: "k")])])
    #expect(try returned(diagnostics) == diagnostics)
    let annotations = ImageAnnotations(
      circles: [.init(diameter: 3)], points: [.init(kind: 2, points: [.init(x: 1, y: 2)], outlines: [.init(red: 1)])],
      labels: [.init(text: "t")])
    #expect(try returned(annotations) == annotations)
    #expect(header.stamp.total == 1_700_000_000_123_456_789)
  }

  @Test func fieldsAreAlignedAsDDSAsks() {
    var encoder = CDREncoder(ByteWriter())
    encoder.append(UInt8(1))
    encoder.append(UInt32(2))
    encoder.append("ab")
    encoder.append(1.0)
    let header: [UInt8] = [0, 1, 0, 0]
    #expect(
      encoder.out.bytes
        == header + [1, 0, 0, 0, 2, 0, 0, 0] + [3, 0, 0, 0, 97, 98, 0, 0] + [0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
  }

  @Test func cutAndLyingMessagesAreErrors() {
    var encoder = CDREncoder(ByteWriter())
    RawImage(height: 1, width: 1, encoding: "rgb8", step: 3, data: [1, 2, 3]).encode(to: &encoder)
    let bytes = encoder.out.bytes
    for length in 0..<bytes.count {
      #expect(throws: ROSError.self) { try RawImage(cdr: bytes[..<length]) }
    }
    var lying = bytes
    lying[bytes.count - 7] = 0xff
    #expect(throws: ROSError.self) { try RawImage(cdr: lying[...]) }
    #expect(throws: ROSError.self) { try RawImage(cdr: [9, 9, 0, 0]) }
  }
}
