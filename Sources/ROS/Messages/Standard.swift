import Ground

/// builtin_interfaces/msg/Time.
public struct ROSTime: CDRFields, Sendable, Equatable {
  public var seconds: Int32 = 0
  public var nanoseconds: UInt32 = 0

  public init() {}

  /// From nanoseconds since the epoch; times after 2038 do not fit the type and are clamped.
  public init(nanoseconds total: UInt64) {
    seconds = Int32(clamping: total / 1_000_000_000)
    nanoseconds = UInt32(total % 1_000_000_000)
  }

  /// Nanoseconds since the epoch; 0 for times before it.
  public var total: UInt64 { UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(nanoseconds) }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try coder.code(&seconds)
    try coder.code(&nanoseconds)
  }
}

/// std_msgs/msg/Header.
public struct ROSHeader: CDRFields, Sendable, Equatable {
  public var stamp = ROSTime()
  public var frameID = ""

  public init() {}

  public init(stamp: UInt64, frameID: String) {
    self.stamp = ROSTime(nanoseconds: stamp)
    self.frameID = frameID
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try stamp.fields(&coder)
    try coder.code(&frameID)
  }
}

/// std_msgs/msg/String.
public struct StringMessage: ROSMessage, Sendable, Equatable {
  public static let typeName = "std_msgs/msg/String"
  public var data = ""

  public init() {}

  public init(data: String = "") {
    self.data = data
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try coder.code(&data)
  }
}

/// rcl_interfaces/msg/Log, what nodes publish on /rosout.
public struct LogMessage: ROSMessage, Sendable, Equatable {
  public static let typeName = "rcl_interfaces/msg/Log"
  public static let info: UInt8 = 20
  public static let warning: UInt8 = 30
  public static let error: UInt8 = 40

  public var stamp = ROSTime()
  public var level: UInt8 = 0
  public var name = ""
  public var text = ""
  /// The statement's source file, function and line, which events do not have.
  public var file = ""
  public var function = ""
  public var line: UInt32 = 0

  public init() {}

  public init(
    stamp: ROSTime = ROSTime(), level: UInt8 = 0, name: String = "", text: String = "", file: String = "",
    function: String = "", line: UInt32 = 0
  ) {
    self.stamp = stamp
    self.level = level
    self.name = name
    self.text = text
    self.file = file
    self.function = function
    self.line = line
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
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
public struct DiagnosticArray: ROSMessage, Sendable, Equatable {
  public static let typeName = "diagnostic_msgs/msg/DiagnosticArray"

  /// diagnostic_msgs/msg/DiagnosticStatus.
  public struct Status: CDRFields, Sendable, Equatable {
    public static let ok: UInt8 = 0
    public static let warning: UInt8 = 1
    public static let error: UInt8 = 2

    public var level: UInt8 = 0
    public var name = ""
    public var message = ""
    public var hardwareID = ""
    public var values: [Value] = []

    public init() {}

    public init(
      level: UInt8 = 0, name: String = "", message: String = "", hardwareID: String = "", values: [Value] = []
    ) {
      self.level = level
      self.name = name
      self.message = message
      self.hardwareID = hardwareID
      self.values = values
    }

    public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&level)
      try coder.code(&name)
      try coder.code(&message)
      try coder.code(&hardwareID)
      try coder.code(&values, least: 8)
    }
  }

  /// diagnostic_msgs/msg/KeyValue.
  public struct Value: CDRFields, Sendable, Equatable {
    public var key = ""
    public var value = ""

    public init() {}

    public init(key: String = "", value: String = "") {
      self.key = key
      self.value = value
    }

    public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&key)
      try coder.code(&value)
    }
  }

  public var header = ROSHeader()
  public var statuses: [Status] = []

  public init() {}

  public init(header: ROSHeader = ROSHeader(), statuses: [Status] = []) {
    self.header = header
    self.statuses = statuses
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&statuses, least: 13)
  }
}
