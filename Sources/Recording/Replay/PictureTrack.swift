import Capture
import Ground
import ROS
import Synchronization
import Vision

/// The pictures of a recording, in order, each readable by its number. Thread-safe.
final class PictureTrack: Sendable {
  let reader: MCAPReader
  let channel: MCAP.Channel
  /// In the order of time.
  let locations: [MCAPReader.Location]
  private let isCompressed: Bool
  /// Safe: only touched with ``decoding`` held.
  private nonisolated(unsafe) let decoder: JPEGDecoder
  private let decoding = Mutex(())
  private let pool: PixelPool

  /// One picture as recorded.
  struct Picture {
    var image: Image
    /// The JPEG it came as.
    var jpeg: JPEGBytes?
    /// Nanoseconds since 1970, from the message's header.
    var stamp: UInt64
  }

  /// - Parameter topic: which pictures; nil takes this program's own, else the topic with the most.
  /// - Throws: ``RecordingError`` when the recording holds no pictures.
  init(_ reader: MCAPReader, topic: String? = nil) throws {
    self.reader = reader
    let compressed = reader.channels(ofType: CompressedImage.typeName)
    let raw = reader.channels(ofType: RawImage.typeName)
    let candidates = (compressed + raw).filter { topic == nil || $0.topic == topic }.filter {
      $0.messageEncoding == "cdr"
    }
    var best: (channel: MCAP.Channel, locations: [MCAPReader.Location])?
    for channel in candidates {
      let locations = reader.locations(of: [channel.id])
      if channel.topic == Topic.picture.name && !locations.isEmpty {
        best = (channel, locations)
        break
      }
      if locations.count > best?.locations.count ?? 0 { best = (channel, locations) }
    }
    guard let best else {
      let topics = candidates.map(\.topic).sorted().joined(separator: ", ")
      throw RecordingError(
        .nothingToDo, topic.map { "no pictures on topic \($0)" } ?? "the recording holds no pictures",
        place: reader.name, remedy: topics.isEmpty ? "" : "topics with pictures: \(topics)")
    }
    channel = best.channel
    locations = best.locations
    isCompressed = compressed.contains { $0.id == best.channel.id }
    pool = PixelPool(capacity: 8)
    decoder = JPEGDecoder(pool: pool)
  }

  var count: Int { locations.count }

  /// Seconds of picture `index` after the first.
  func seconds(_ index: Int) -> Double {
    let time = locations[index].logTime
    return time >= locations[0].logTime ? Double(time - locations[0].logTime) / 1e9 : 0
  }

  var duration: Double { seconds(count - 1) }

  /// The picture at `seconds`, or the last before it.
  func index(at seconds: Double) -> Int {
    guard seconds > 0 else { return 0 }
    var low = 0
    var high = count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if self.seconds(middle) <= seconds { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// Reads and decodes a picture.
  func picture(_ index: Int) throws -> Picture {
    let message = try reader.message(at: locations[index])
    guard isCompressed else {
      let raw = try RawImage(cdr: message.data)
      return Picture(image: try RawImageDecoding.image(raw, pool: pool), stamp: raw.header.stamp.total)
    }
    let compressed = try CompressedImage(cdr: message.data)
    return try compressed.data.withUnsafeBytes { bytes in
      guard ImageFileFormat(of: bytes) == .jpeg else {
        return Picture(image: try ImageFile.decode(bytes, pool: pool), stamp: compressed.header.stamp.total)
      }
      let image = try decoding.withLock { _ in
        try decoder.decode(bytes, as: .native, tolerance: .lenient).image
      }
      let storage = pool.take(bytes.count)
      storage.bytes.copyMemory(from: bytes)
      return Picture(
        image: image, jpeg: JPEGBytes(storage: storage, count: bytes.count), stamp: compressed.header.stamp.total)
    }
  }

  /// The bytes of a picture as they were recorded, and their file ending; nil for uncompressed pictures.
  func encodedPicture(_ index: Int) throws -> (bytes: ArraySlice<UInt8>, ending: String)? {
    guard isCompressed else { return nil }
    let data = try CompressedImage(cdr: try reader.message(at: locations[index]).data).data
    guard let format = data.withUnsafeBytes({ ImageFileFormat(of: $0) }) else { return nil }
    return (data, format == .jpeg ? "jpg" : "png")
  }
}
