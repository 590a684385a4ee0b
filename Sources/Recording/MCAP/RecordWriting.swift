/// How each record is laid out when written. The content only; ``ByteWriter/record(_:_:)`` puts opcode and length before.
extension ByteWriter {
  /// Writes a record: its opcode, its length, and what `body` writes.
  mutating func record(_ opcode: MCAP.Opcode, _ body: (inout ByteWriter) -> Void) {
    append(opcode.rawValue)
    append(UInt64(0))
    let start = count
    body(&self)
    patch(UInt64(count - start), at: start - 8)
  }
}

extension MCAP.Header {
  func write(to out: inout ByteWriter) {
    out.record(.header) {
      $0.append(prefixed: profile)
      $0.append(prefixed: library)
    }
  }
}

extension MCAP.Schema {
  func write(to out: inout ByteWriter) {
    out.record(.schema) {
      $0.append(id)
      $0.append(prefixed: name)
      $0.append(prefixed: encoding)
      $0.append(UInt32(clamping: data.count))
      $0.append(data)
    }
  }
}

extension MCAP.Channel {
  func write(to out: inout ByteWriter) {
    out.record(.channel) {
      $0.append(id)
      $0.append(schemaID)
      $0.append(prefixed: topic)
      $0.append(prefixed: messageEncoding)
      $0.append(map: metadata)
    }
  }
}

extension MCAP.MessageIndex {
  func write(to out: inout ByteWriter) {
    out.record(.messageIndex) { out in
      out.append(channelID)
      out.append(UInt32(clamping: entries.count * 16))
      for entry in entries {
        out.append(entry.logTime)
        out.append(entry.offset)
      }
    }
  }
}

extension MCAP.ChunkIndex {
  func write(to out: inout ByteWriter) {
    out.record(.chunkIndex) { out in
      out.append(startTime)
      out.append(endTime)
      out.append(offset)
      out.append(length)
      out.append(UInt32(clamping: messageIndexOffsets.count * 10))
      for (channel, offset) in messageIndexOffsets.sorted(by: { $0.key < $1.key }) {
        out.append(channel)
        out.append(offset)
      }
      out.append(messageIndexLength)
      out.append(prefixed: compression)
      out.append(compressedSize)
      out.append(uncompressedSize)
    }
  }
}

extension MCAP.Attachment {
  func write(to out: inout ByteWriter) {
    out.record(.attachment) { out in
      let start = out.count
      out.append(logTime)
      out.append(createTime)
      out.append(prefixed: name)
      out.append(prefixed: mediaType)
      out.append(UInt64(data.count))
      out.append(data)
      var crc = CRC32()
      out.bytes.withUnsafeBytes { crc.update(UnsafeRawBufferPointer(rebasing: $0[start...])) }
      out.append(crc.value)
    }
  }
}

extension MCAP.AttachmentIndex {
  func write(to out: inout ByteWriter) {
    out.record(.attachmentIndex) {
      $0.append(offset)
      $0.append(length)
      $0.append(logTime)
      $0.append(createTime)
      $0.append(dataSize)
      $0.append(prefixed: name)
      $0.append(prefixed: mediaType)
    }
  }
}

extension MCAP.Metadata {
  func write(to out: inout ByteWriter) {
    out.record(.metadata) {
      $0.append(prefixed: name)
      $0.append(map: values)
    }
  }
}

extension MCAP.MetadataIndex {
  func write(to out: inout ByteWriter) {
    out.record(.metadataIndex) {
      $0.append(offset)
      $0.append(length)
      $0.append(prefixed: name)
    }
  }
}

extension MCAP.Statistics {
  func write(to out: inout ByteWriter) {
    out.record(.statistics) { out in
      out.append(messageCount)
      out.append(schemaCount)
      out.append(channelCount)
      out.append(attachmentCount)
      out.append(metadataCount)
      out.append(chunkCount)
      out.append(startTime)
      out.append(endTime)
      out.append(UInt32(clamping: channelMessageCounts.count * 10))
      for (channel, count) in channelMessageCounts.sorted(by: { $0.key < $1.key }) {
        out.append(channel)
        out.append(count)
      }
    }
  }
}

extension MCAP.SummaryOffset {
  func write(to out: inout ByteWriter) {
    out.record(.summaryOffset) {
      $0.append(groupOpcode)
      $0.append(groupStart)
      $0.append(groupLength)
    }
  }
}
