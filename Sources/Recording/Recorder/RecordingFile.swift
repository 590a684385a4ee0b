import Capture
import Glibc
import Ground
import Perception
import Pipeline
import ROS
import Vision

/// One file of a recording: its topics, and how frames and events become its messages. One thread.
final class RecordingFile {
  let writer: MCAPWriter
  private let channels: [UInt16]
  private let clock: WallClock
  private let describeModel: @Sendable (String) -> [String: String]
  /// The networks of the last frame, by stage.
  private var models: [String: String] = [:]
  private var sequences: [UInt32]
  private(set) var frames: UInt64 = 0
  /// Frames of finished chunks: those that a failing disk has not taken back.
  private(set) var keptFrames: UInt64 = 0
  /// When the first message was stamped, and the last.
  private(set) var first: MonotonicTime?
  private(set) var last: MonotonicTime?
  /// When the open chunk got its first message, on the writer's own clock.
  private(set) var chunkOpened: MonotonicTime?
  private var skippedBefore: SkipCounts?

  init(path: String, configuration: RecordingConfiguration, part: Int, clock: WallClock, layer: any FileLayer) throws {
    var options = MCAPWriter.Options()
    options.compression = configuration.compression
    options.chunkBytes = configuration.chunkBytes
    options.chunkNanoseconds = UInt64(saturating: max(0.05, min(1, configuration.chunkSeconds)) * 1e9)
    writer = try MCAPWriter(path: path, options: options, layer: layer)
    self.clock = clock
    describeModel = configuration.describeModel
    do {
      channels = try writer.declareTopics()
      sequences = [UInt32](repeating: 0, count: channels.count)
      var values = configuration.metadata()
      values["part"] = String(part)
      values["monotonic_offset_ns"] = String(clock.offset)
      try writer.add(.init(name: "ocellus.session", values: values))
      try writer.synchronize()
    } catch {
      writer.discard()
      throw error
    }
  }

  /// Seconds from the first to the last message.
  var seconds: Double { first.flatMap { first in last.map { Double($0.nanoseconds(since: first)) / 1e9 } } ?? 0 }

  func write(_ frame: PreparedFrame, drops: RecordingDrops) throws {
    let result = frame.result
    let time = clock.wall(result.frame.timestamp)
    let header = ROSHeader(stamp: time, frameID: FrameMessages.frameID)
    note(result.frame.timestamp)
    let skipped = skippedBefore.map { $0 != result.skipped } ?? false
    skippedBefore = result.skipped
    try noteModels(of: result, at: time)
    try writer.group {
      try frame.withPicture { picture in
        try append(.picture, time) { out in
          var encoder = CDREncoder(consume out)
          CompressedImage.encode(header, format: "jpeg", data: picture, to: &encoder)
          return encoder.out
        }
      }
      try append(.detections, time, FrameMessages.detections(result, header))
      if !result.findings.classes.isEmpty {
        try append(.classification, time, FrameMessages.classification(result, header))
      }
      try append(.annotations, time, FrameMessages.annotations(result, header))
      if let line = try? FrameRecord(result, datedBy: clock).jsonLine() {
        try append(.results, time, StringMessage(data: line))
      }
      try append(
        .diagnostics, time, FrameMessages.diagnostics(result, header, drops: drops, skippedSinceLast: skipped))
    }
    frames += 1
    if writer.pendingMessages == 0 { noteChunk() }
  }

  /// Says which networks the frames from here on are from, where it has not been said.
  private func noteModels(of result: FrameResult, at time: UInt64) throws {
    var now = models
    now["detector"] = result.detector
    now["classifier"] = result.classifier
    // A stage that does not run on every frame keeps its entry.
    for timing in result.latency.stages { if let model = timing.model { now[timing.id.name] = model } }
    guard now != models else { return }
    models = now
    var values = ["from_ns": String(time)]
    for (stage, name) in now {
      values[stage] = name
      for (key, value) in describeModel(name) { values["\(stage).\(key)"] = value }
    }
    try writer.add(.init(name: "ocellus.models", values: values))
    noteChunk()
  }

  func write(_ event: SessionEvent) throws {
    let time = clock.wall(event.time)
    note(event.time)
    let level =
      switch event.severity {
      case .info: LogMessage.info
      case .warning: LogMessage.warning
      case .error: LogMessage.error
      }
    try append(
      .log, time, LogMessage(stamp: ROSTime(nanoseconds: time), level: level, name: "ocellus", text: event.message))
    if writer.pendingMessages == 0 { noteChunk() }
  }

  private func note(_ time: MonotonicTime) {
    first = first.map { min($0, time) } ?? time
    last = last.map { max($0, time) } ?? time
  }

  private func append(_ topic: Topic, _ time: UInt64, _ message: some ROSMessage) throws {
    try append(topic, time) { out in
      var encoder = CDREncoder(consume out)
      message.encode(to: &encoder)
      return encoder.out
    }
  }

  private func append(_ topic: Topic, _ time: UInt64, _ body: (consuming ByteWriter) -> ByteWriter) throws {
    if writer.pendingMessages == 0 { chunkOpened = .now }
    sequences[topic.rawValue] &+= 1
    try writer.append(
      channel: channels[topic.rawValue], sequence: sequences[topic.rawValue], logTime: time, publishTime: time
    ) { out in
      var moved = ByteWriter()
      swap(&moved, &out)
      out = body(consume moved)
    }
  }

  /// Closes the open chunk.
  func closeChunk() throws {
    try writer.closeChunk()
    noteChunk()
  }

  /// Closes the open chunk and completes the file.
  func finish() throws {
    try writer.finish()
    noteChunk()
  }

  private func noteChunk() {
    chunkOpened = nil
    keptFrames = frames
  }
}
