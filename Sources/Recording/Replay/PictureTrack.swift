import Capture
import Ground
import ROS
import Synchronization
import Vision

/// The pictures of one topic of a recording, in order, each readable by its number. Thread-safe.
///
/// All channels of the topic count: a publisher that came back has another one, and merged recordings have one of each part.
final class PictureTrack: Sendable {
  let reader: any RecordingReader
  let topic: String
  /// In the order of time.
  let locations: [MessageLocation]
  /// The headers of the pictures.
  let stamps: StampIndex
  /// All topics with pictures that can be read, for finding out which results belong to which camera.
  let cameras: [String: StampIndex]
  /// Their names in order.
  let cameraTopics: [String]
  private let compressed: MessageChannels<CompressedImage>
  private let raw: MessageChannels<RawImage>
  /// Safe: only touched with ``decoding`` held.
  private nonisolated(unsafe) let decoder: JPEGDecoder
  private let decoding = Mutex(Decoding())
  private let pool: PixelPool

  /// What decoding keeps from one picture to the next.
  private struct Decoding {
    var deep = DeepPictures()
    var last = -1
  }

  /// One picture as recorded.
  struct Picture {
    var image: Image
    /// The JPEG it came as.
    var jpeg: JPEGBytes?
    /// Nanoseconds since 1970, from the message's header.
    var stamp: UInt64
  }

  /// - Parameter topic: which pictures; nil takes this program's own, else a topic of colours before one of grey, one of grey
  ///   before one of distances, and of those the one with the most.
  /// - Throws: ``RecordingError`` when the recording holds no pictures that can be read.
  init(_ reader: any RecordingReader, topic: String? = nil) throws {
    self.reader = reader
    let compressed = MessageChannels<CompressedImage>(reader)
    let raw = MessageChannels<RawImage>(reader)
    var topics: [String: [MessageLocation]] = [:]
    for location in reader.locations(of: compressed.channels.union(raw.channels)) {
      if let name = compressed.topics[location.channel] ?? raw.topics[location.channel] {
        topics[name, default: []].append(location)
      }
    }
    let chosen =
      topic
      ?? PictureTrack.choose(topics) { location in
        compressed.topics[location.channel] != nil
          ? try compressed.message(at: location).kind : try raw.message(at: location).kind
      }
    guard let chosen, let found = topics[chosen] else {
      throw PictureTrack.nothing(
        reader, topic, topics.keys.sorted(), compressed.refused.merging(raw.refused) { first, _ in first })
    }
    self.topic = chosen
    (self.compressed, self.raw) = (compressed, raw)
    locations = found
    let fileBytes = reader.byteCount
    cameras = topics.mapValues { locations in
      StampIndex(locations, fileBytes: fileBytes) {
        compressed.topics[$0.channel] != nil ? try compressed.header(at: $0) : try raw.header(at: $0)
      }
    }
    cameraTopics = topics.keys.sorted()
    stamps = cameras[chosen] ?? StampIndex([], fileBytes: 0) { _ in ROSHeader() }
    pool = PixelPool(capacity: 8)
    decoder = JPEGDecoder(pool: pool)
  }

  /// Topics that are looked into for the choice, of those with the most pictures.
  private static let mostTopics = 64

  private static func choose(
    _ topics: [String: [MessageLocation]], _ kind: (MessageLocation) throws -> PictureKind
  ) -> String? {
    if topics[Topic.picture.name] != nil { return Topic.picture.name }
    let largest = topics.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.prefix(mostTopics)
    func firstKind(_ locations: [MessageLocation]) -> PictureKind {
      // The first pictures may be damaged, or empty.
      for location in locations.prefix(5) {
        if let found = try? kind(location), found != .unreadable { return found }
      }
      return .unreadable
    }
    let ranked = largest.map { ($0.key, firstKind($0.value)) }
    // The first of the best kind, and so the one with the most pictures.
    return ranked.enumerated().min { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }?.element.0
  }

  private static func nothing(
    _ reader: any RecordingReader, _ topic: String?, _ topics: [String], _ refused: [String: String]
  ) -> RecordingError {
    if let reason = topic.map({ refused[$0] }) ?? (topics.isEmpty ? refused.values.min() : nil) {
      return RecordingError(.unsupported, "the pictures cannot be read: \(reason)", place: reader.name)
    }
    let what = topic.map { "no pictures on topic \($0)" } ?? "the recording holds no pictures"
    if topics.isEmpty, let others = foreignTypes(reader, topic) {
      return RecordingError(
        .unsupported, "\(what) of a type that is read, but \(others)", place: reader.name,
        remedy: "types that are read: \(CompressedImage.typeName), \(RawImage.typeName)")
    }
    return RecordingError(
      .nothingToDo, what, place: reader.name,
      remedy: topics.isEmpty ? "" : "topics with pictures: \(topics.joined(separator: ", "))")
  }

  /// Types of other systems that are pictures or videos by their names, `foxglove.CompressedImage` for one; nil without any.
  private static func foreignTypes(_ reader: any RecordingReader, _ topic: String?) -> String? {
    let channels = reader.channels.values.filter { topic == nil || $0.topic == topic }
    let types = Set(channels.compactMap { reader.schemas[$0.schemaID]?.name }).filter { name in
      ["Image", "Video", "FFMPEGPacket"].contains { name.hasSuffix($0) }
    }
    return types.isEmpty ? nil : types.sorted().prefix(5).joined(separator: ", ")
  }

  var count: Int { locations.count }

  /// Seconds of picture `index` after the first.
  func seconds(_ index: Int) -> Double {
    let time = locations[index].logTime
    return time >= locations[0].logTime ? Double(time - locations[0].logTime) / 1e9 : 0
  }

  /// When picture `index` was recorded.
  func recordedTime(_ index: Int) -> RecordedTime { reader.recordedTime(of: locations[index]) }

  var duration: Double { seconds(count - 1) }

  /// The picture at a moment of the log's time, in nanoseconds, or the last before it.
  func index(atLogTime time: UInt64) -> Int {
    let begin = locations[0].logTime
    return time > begin ? index(at: Double(time - begin) / 1e9 + 1e-6) : 0
  }

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
  ///
  /// - Parameter layout: what a JPEG becomes: planes as a camera's do, or RGB as a photo's does, for numbers equal to those of
  ///   the session that was recorded.
  /// - Throws: an error that names the recording, the picture and its topic.
  func picture(_ index: Int, as layout: JPEGDecoder.Layout = .native) throws -> Picture {
    let place = "\(reader.name): picture \(index + 1) on \(topic)"
    do { return try read(index, layout) } catch let error as ByteError {
      throw RecordingError(error).at(place)
    } catch let error as ROSError {
      throw error.at(place)
    } catch let error as CodecError {
      throw error.at(place)
    } catch var error as RecordingError {
      if error.place == reader.name { error.place = "" }
      throw error.at(place)
    }
  }

  private func read(_ index: Int, _ layout: JPEGDecoder.Layout) throws -> Picture {
    let location = locations[index]
    if compressed.topics[location.channel] != nil {
      return try picture(index, try compressed.message(at: location), layout)
    }
    let message = try raw.message(at: location)
    return Picture(
      image: try deep(index) { try $0.image(message, pool: pool) }, stamp: message.header.stamp.total)
  }

  private func picture(_ index: Int, _ message: CompressedImage, _ layout: JPEGDecoder.Layout) throws -> Picture {
    let stamp = message.header.stamp.total
    switch message.kind {
    case .deepGrey, .depth:
      return Picture(image: try deep(index) { try $0.image(message, pool: pool) }, stamp: stamp)
    case .unreadable:
      throw ROSError(
        .unsupported, "pictures are encoded as '\(message.format)'", remedy: "known are JPEG, PNG and compressedDepth")
    case .color, .grey: break
    }
    return try message.data.withUnsafeBytes { bytes in
      guard ImageFileFormat(of: bytes) == .jpeg else {
        return Picture(image: try ImageFile.decode(bytes, pool: pool), stamp: stamp)
      }
      let image = try decoding.withLock { _ in try decoder.decode(bytes, as: layout, tolerance: .lenient).image }
      let storage = pool.take(bytes.count)
      storage.bytes.copyMemory(from: bytes)
      return Picture(image: image, jpeg: JPEGBytes(storage: storage, count: bytes.count), stamp: stamp)
    }
  }

  /// Decodes a picture that may be deep, whose range follows those before it, but not over a jump.
  private func deep(_ index: Int, _ decode: (inout DeepPictures) throws -> Image) throws -> Image {
    try decoding.withLock { state in
      if index != state.last, index != state.last + 1 { state.deep.restart() }
      state.last = index
      return try decode(&state.deep)
    }
  }

  /// The bytes of a picture as they were recorded, and their file ending; nil for pictures that did not come as a file.
  func encodedPicture(_ index: Int) throws -> (bytes: ArraySlice<UInt8>, ending: String)? {
    guard compressed.topics[locations[index].channel] != nil else { return nil }
    let message = try compressed.message(at: locations[index])
    let data = message.isCompressedDepth ? message.depthPicture : message.data
    guard let format = data.withUnsafeBytes({ ImageFileFormat(of: $0) }) else { return nil }
    return (data, format == .jpeg ? "jpg" : "png")
  }
}
