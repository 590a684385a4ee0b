import Ground

/// The chunk being filled: records, and where each channel's messages lie among them. One thread.
struct ChunkBuilder {
  private(set) var records: ByteWriter
  private(set) var startTime: UInt64 = .max
  private(set) var endTime: UInt64 = 0
  private(set) var messageCount: UInt64 = 0
  private(set) var index: [UInt16: [MCAP.MessageIndex.Entry]] = [:]

  init(capacity: Int) { records = ByteWriter(capacity: capacity) }

  var isEmpty: Bool { messageCount == 0 }

  /// Nanoseconds from the earliest to the latest message.
  var span: UInt64 { isEmpty ? 0 : endTime - startTime }

  /// Adds a message whose data `body` writes.
  mutating func append(
    channel: UInt16, sequence: UInt32, logTime: UInt64, publishTime: UInt64, _ body: (inout ByteWriter) -> Void
  ) {
    index[channel, default: []].append(.init(logTime: logTime, offset: UInt64(records.count)))
    records.record(.message) {
      $0.append(channel)
      $0.append(sequence)
      $0.append(logTime)
      $0.append(publishTime)
      body(&$0)
    }
    startTime = min(startTime, logTime)
    endTime = max(endTime, logTime)
    messageCount += 1
  }

  /// Empties the chunk and keeps its memory.
  mutating func clear() {
    records.clear()
    startTime = .max
    endTime = 0
    messageCount = 0
    for channel in index.keys { index[channel]?.removeAll(keepingCapacity: true) }
  }
}
