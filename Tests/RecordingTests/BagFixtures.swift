import Capture
import Foundation
import Ground
import Perception
import ROS
import Recording
import TestSupport
import Vision

/// A bag as another program would write it: any channels, any times, any headers.
final class Bag {
  private let disk = ScriptedDisk()
  private let writer: MCAPWriter
  private var channels: [String: UInt16] = [:]

  init(chunkBytes: Int = 4 << 20, compression: MCAP.Compression = .lz4) throws {
    var options = MCAPWriter.Options()
    options.chunkBytes = chunkBytes
    options.chunkNanoseconds = .max
    options.compression = compression
    writer = try MCAPWriter(path: "bag.mcap", options: options, layer: disk)
  }

  /// A channel of a topic; further ones by their `publisher`.
  private func channel(_ topic: String, _ type: String, _ publisher: Int, _ schema: String?) throws -> UInt16 {
    let key = "\(topic) \(type) \(publisher)"
    if let known = channels[key] { return known }
    let text = schema ?? ROSSchemas.text(of: type)
    let id = try writer.addChannel(
      topic: topic, schema: try writer.addSchema(name: type, encoding: "ros2msg", data: Array(text.utf8)),
      encoding: "cdr", metadata: ["publisher": String(publisher)])
    channels[key] = id
    return id
  }

  func add(
    _ topic: String, _ message: some ROSMessage, type: String, at log: UInt64, publisher: Int = 0, schema: String? = nil
  ) throws {
    var encoder = CDREncoder(ByteWriter())
    message.encode(to: &encoder)
    let bytes = encoder.out.bytes
    try writer.append(
      channel: try channel(topic, type, publisher, schema), sequence: 0, logTime: log, publishTime: log
    ) { $0.append(bytes) }
  }

  /// A flat grey picture, whose level tells its number.
  func picture(
    _ topic: String, level: Int, stamp: UInt64, at log: UInt64, frame: String = "cam", publisher: Int = 0,
    size: (Int, Int) = (32, 32), png: Bool = false
  ) throws {
    let image = greyPicture(size.0, size.1, shade: UInt8(level))
    let data = png ? try PNGCodec.encode(image) : try JPEGEncoder().encode(image, quality: 95).array
    let message = CompressedImage(
      header: ROSHeader(stamp: stamp, frameID: frame), format: png ? "png" : "jpeg", data: data[...])
    try add(topic, message, type: CompressedImage.typeName, at: log, publisher: publisher)
  }

  /// - Parameter id: what the writer calls its objects; empty where it does not follow them.
  func found(
    _ topic: String, _ labels: [String], stamp: UInt64, at log: UInt64, frame: String = "cam", publisher: Int = 0,
    id: String = ""
  ) throws {
    let message = Detection2DArray(
      header: ROSHeader(stamp: stamp, frameID: frame),
      detections: labels.map {
        .init(results: [.init(classID: $0, score: 0.75)], centerX: 8, centerY: 8, width: 4, height: 4, id: id)
      })
    try add(topic, message, type: Detection2DArray.typeName, at: log, publisher: publisher)
  }

  func closeChunk() throws { try writer.closeChunk() }

  func bytes() throws -> [UInt8] {
    try writer.finish()
    return disk.contents("bag.mcap") ?? []
  }

  func reader() throws -> MCAPReader { try MCAPReader(MemoryBytes(try bytes(), name: "bag.mcap")) }
}

/// What a replay shows: the grey level of each picture, and its recorded labels.
func played(
  _ reader: any RecordingReader, topic: String? = nil, results: String? = nil
) throws -> [(level: Int, labels: [String])] {
  var options = RecordingSource.Options()
  options.speed = 0
  options.topic = topic
  options.results = results
  let source = try RecordingSource(reader, options: options)
  defer { source.close() }
  var shown: [(Int, [String])] = []
  while true {
    switch try source.next(timeout: 2000) {
    case .frame(let frame):
      let found = source.recordedResult(at: Int(frame.sequence))?.findings.detections.map(\.label) ?? []
      let picture = frame.image.rgb24()
      shown.append((withExtendedLifetime(picture) { Int(picture.storage.bytes[0]) }, found))
    case .end: return shown
    default: continue
    }
  }
}
