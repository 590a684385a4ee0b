/// builtin_interfaces/msg/Time.
struct ROSTime: CDRFields, Sendable, Equatable {
  var seconds: Int32 = 0
  var nanoseconds: UInt32 = 0

  init() {}

  /// From nanoseconds since the epoch; times after 2038 do not fit the type and are clamped.
  init(nanoseconds total: UInt64) {
    seconds = Int32(clamping: total / 1_000_000_000)
    nanoseconds = UInt32(total % 1_000_000_000)
  }

  /// Nanoseconds since the epoch; 0 for times before it.
  var total: UInt64 { UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(nanoseconds) }

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try coder.code(&seconds)
    try coder.code(&nanoseconds)
  }
}

/// std_msgs/msg/Header.
struct ROSHeader: CDRFields, Sendable, Equatable {
  var stamp = ROSTime()
  var frameID = ""

  init() {}

  init(stamp: UInt64, frameID: String) {
    self.stamp = ROSTime(nanoseconds: stamp)
    self.frameID = frameID
  }

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try stamp.fields(&coder)
    try coder.code(&frameID)
  }
}

/// std_msgs/msg/String.
struct StringMessage: ROSMessage, Sendable, Equatable {
  static let typeName = "std_msgs/msg/String"
  var data = ""

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try coder.code(&data)
  }
}

/// rcl_interfaces/msg/Log, what nodes publish on /rosout.
struct LogMessage: ROSMessage, Sendable, Equatable {
  static let typeName = "rcl_interfaces/msg/Log"
  static let info: UInt8 = 20
  static let warning: UInt8 = 30
  static let error: UInt8 = 40

  var stamp = ROSTime()
  var level: UInt8 = 0
  var name = ""
  var text = ""
  /// The statement's source file, function and line, which events do not have.
  var file = ""
  var function = ""
  var line: UInt32 = 0

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try stamp.fields(&coder)
    try coder.code(&level)
    try coder.code(&name)
    try coder.code(&text)
    try coder.code(&file)
    try coder.code(&function)
    try coder.code(&line)
  }
}

/// diagnostic_msgs/msg/DiagnosticArray.
struct DiagnosticArray: ROSMessage, Sendable, Equatable {
  static let typeName = "diagnostic_msgs/msg/DiagnosticArray"

  /// diagnostic_msgs/msg/DiagnosticStatus.
  struct Status: CDRFields, Sendable, Equatable {
    static let ok: UInt8 = 0
    static let warning: UInt8 = 1
    static let error: UInt8 = 2

    var level: UInt8 = 0
    var name = ""
    var message = ""
    var hardwareID = ""
    var values: [Value] = []

    mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&level)
      try coder.code(&name)
      try coder.code(&message)
      try coder.code(&hardwareID)
      try coder.code(&values, least: 8)
    }
  }

  /// diagnostic_msgs/msg/KeyValue.
  struct Value: CDRFields, Sendable, Equatable {
    var key = ""
    var value = ""

    mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&key)
      try coder.code(&value)
    }
  }

  var header = ROSHeader()
  var statuses: [Status] = []

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&statuses, least: 13)
  }
}
