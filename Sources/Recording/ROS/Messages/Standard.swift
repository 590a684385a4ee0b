/// builtin_interfaces/msg/Time.
struct ROSTime: Sendable, Equatable {
  var seconds: Int32
  var nanoseconds: UInt32

  /// From nanoseconds since the epoch; times after 2038 do not fit the type and are clamped.
  init(nanoseconds total: UInt64) {
    seconds = Int32(clamping: total / 1_000_000_000)
    nanoseconds = UInt32(total % 1_000_000_000)
  }

  /// Nanoseconds since the epoch; 0 for times before it.
  var total: UInt64 { UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(nanoseconds) }

  func encode(to out: inout CDREncoder) {
    out.append(seconds)
    out.append(nanoseconds)
  }

  init(from reader: inout CDRDecoder) throws {
    seconds = try reader.integer()
    nanoseconds = try reader.integer()
  }
}

/// std_msgs/msg/Header.
struct ROSHeader: Sendable, Equatable {
  var stamp: ROSTime
  var frameID: String

  init(stamp: UInt64, frameID: String) {
    self.stamp = ROSTime(nanoseconds: stamp)
    self.frameID = frameID
  }

  func encode(to out: inout CDREncoder) {
    stamp.encode(to: &out)
    out.append(frameID)
  }

  init(from reader: inout CDRDecoder) throws {
    stamp = try ROSTime(from: &reader)
    frameID = try reader.string()
  }
}

/// std_msgs/msg/String.
struct StringMessage: ROSMessage, Sendable, Equatable {
  static let typeName = "std_msgs/msg/String"
  var data: String

  init(data: String) { self.data = data }

  func encode(to out: inout CDREncoder) { out.append(data) }

  init(from reader: inout CDRDecoder) throws { data = try reader.string() }
}

/// rcl_interfaces/msg/Log, what nodes publish on /rosout.
struct LogMessage: ROSMessage, Sendable, Equatable {
  static let typeName = "rcl_interfaces/msg/Log"
  static let info: UInt8 = 20
  static let warning: UInt8 = 30
  static let error: UInt8 = 40

  var stamp: ROSTime
  var level: UInt8
  var name: String
  var text: String

  init(stamp: UInt64, level: UInt8, name: String, text: String) {
    self.stamp = ROSTime(nanoseconds: stamp)
    self.level = level
    self.name = name
    self.text = text
  }

  func encode(to out: inout CDREncoder) {
    stamp.encode(to: &out)
    out.append(level)
    out.append(name)
    out.append(text)
    // The source file, function and line of the statement, which events do not have.
    out.append("")
    out.append("")
    out.append(UInt32(0))
  }

  init(from reader: inout CDRDecoder) throws {
    stamp = try ROSTime(from: &reader)
    level = try reader.integer()
    name = try reader.string()
    text = try reader.string()
  }
}

/// diagnostic_msgs/msg/DiagnosticArray.
struct DiagnosticArray: ROSMessage, Sendable, Equatable {
  static let typeName = "diagnostic_msgs/msg/DiagnosticArray"

  /// diagnostic_msgs/msg/DiagnosticStatus.
  struct Status: Sendable, Equatable {
    static let ok: UInt8 = 0
    static let warning: UInt8 = 1
    static let error: UInt8 = 2

    var level: UInt8
    var name: String
    var message: String
    var hardwareID: String
    var values: [Value]
  }

  /// diagnostic_msgs/msg/KeyValue.
  struct Value: Sendable, Equatable {
    var key: String
    var value: String
  }

  var header: ROSHeader
  var statuses: [Status]

  init(header: ROSHeader, statuses: [Status]) {
    self.header = header
    self.statuses = statuses
  }

  func encode(to out: inout CDREncoder) {
    header.encode(to: &out)
    out.append(count: statuses.count)
    for status in statuses {
      out.append(status.level)
      out.append(status.name)
      out.append(status.message)
      out.append(status.hardwareID)
      out.append(count: status.values.count)
      for value in status.values {
        out.append(value.key)
        out.append(value.value)
      }
    }
  }

  init(from reader: inout CDRDecoder) throws {
    header = try ROSHeader(from: &reader)
    statuses = try reader.sequence(elementBytes: 13) { reader in
      Status(
        level: try reader.integer(), name: try reader.string(), message: try reader.string(),
        hardwareID: try reader.string(),
        values: try reader.sequence(elementBytes: 8) { reader in
          Value(key: try reader.string(), value: try reader.string())
        })
    }
  }
}
