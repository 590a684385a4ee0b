import Ground

extension ROSHeader {
  static let fields = [
    "header.stamp.sec", "header.stamp.secs", "header.stamp.nanosec", "header.stamp.nsec", "header.stamp.nsecs",
    "header.frame_id",
  ]

  /// The header of a message; zeros where it has none.
  init(_ message: MessageValue) {
    func stamp(_ names: [String]) -> UInt64 {
      names.lazy.compactMap { message["header.stamp." + $0]?.whole }.first ?? 0
    }
    self.init()
    self.stamp.seconds = Int32(clamping: stamp(["sec", "secs"]))
    self.stamp.nanoseconds = UInt32(clamping: stamp(["nanosec", "nsec", "nsecs"]))
    frameID = message["header.frame_id"]?.text ?? ""
  }
}

/// A field of a message that must be there and of this kind.
private func require<Value>(_ value: Value?, _ name: String) throws -> Value {
  guard let value else { throw ROSError(.unsupported, "the field '\(name)' is of a type that is not read") }
  return value
}

private func number32(_ value: MessageValue?, _ name: String) throws -> UInt32 {
  try require(value?.whole.flatMap { UInt32(exactly: $0) }, name)
}

extension CompressedImage: ReadableMessage {
  public static var typeNames: [String] { [typeName] }
  public static var fields: [String] { ROSHeader.fields + ["format", "data"] }
  public static var needed: [[String]] { [["data"]] }

  public init(_ value: MessageValue) throws {
    self.init(
      header: ROSHeader(value), format: value["format"]?.text ?? "", data: try require(value["data"]?.bytes, "data"))
  }
}

extension RawImage: ReadableMessage {
  public static var typeNames: [String] { [typeName] }
  public static var fields: [String] {
    ROSHeader.fields + ["height", "width", "encoding", "is_bigendian", "step", "data"]
  }
  public static var needed: [[String]] { [["height"], ["width"], ["encoding"], ["step"], ["data"]] }

  public init(_ value: MessageValue) throws {
    self.init(
      header: ROSHeader(value), height: try number32(value["height"], "height"),
      width: try number32(value["width"], "width"), encoding: try require(value["encoding"]?.text, "encoding"),
      bigEndian: value["is_bigendian"]?.whole ?? 0 == 0 ? 0 : 1, step: try number32(value["step"], "step"),
      data: try require(value["data"]?.bytes, "data"))
  }
}

extension StringMessage: ReadableMessage {
  public static var typeNames: [String] { [typeName] }
  public static var fields: [String] { ["data"] }
  public static var needed: [[String]] { [["data"]] }

  public init(_ value: MessageValue) throws { self.init(data: try require(value["data"]?.text, "data")) }
}

extension LogMessage: ReadableMessage {
  public static var typeNames: [String] { [typeName] }
  public static var fields: [String] { ["msg"] }
  public static var needed: [[String]] { [["msg"]] }

  /// The text alone.
  public init(_ value: MessageValue) throws { self.init(text: try require(value["msg"]?.text, "msg")) }
}

extension ObjectHypothesis {
  /// Names of the class and of its score: of version 3 and later, of version 2 and 1.
  static let classNames = ["hypothesis.class_id", "hypothesis.id", "class_id", "id"]
  static let scoreNames = ["hypothesis.score", "score"]

  init(_ value: MessageValue) throws {
    func first(_ names: [String]) -> MessageValue? { names.lazy.compactMap { value[$0] }.first }
    self.init(
      classID: try require(first(ObjectHypothesis.classNames)?.text, "class_id"),
      score: try require(first(ObjectHypothesis.scoreNames)?.number, "score"))
  }
}

private func each(_ names: [String], of list: String) -> [String] { names.map { "\(list).\($0)" } }

extension Detection2DArray: ReadableMessage {
  public static var typeNames: [String] { [typeName] }
  /// The centre of a box is `vision_msgs/Pose2D` since version 4, `geometry_msgs/Pose2D` before; a track is `id` since version
  /// 3, `tracking_id` before.
  public static var fields: [String] {
    let object =
      each(ObjectHypothesis.classNames + ObjectHypothesis.scoreNames, of: "results") + [
        "bbox.center.position.x", "bbox.center.position.y", "bbox.center.x", "bbox.center.y", "bbox.center.theta",
        "bbox.size_x", "bbox.size_y", "id", "is_tracking", "tracking_id",
      ]
    return ROSHeader.fields + each(object, of: "detections")
  }
  public static var needed: [[String]] {
    [
      each(each(ObjectHypothesis.classNames, of: "results"), of: "detections"),
      each(each(ObjectHypothesis.scoreNames, of: "results"), of: "detections"),
    ]
      + [
        ["bbox.center.position.x", "bbox.center.x"], ["bbox.center.position.y", "bbox.center.y"], ["bbox.size_x"],
        ["bbox.size_y"],
      ].map { each($0, of: "detections") }
  }

  public init(_ value: MessageValue) throws {
    self.init(
      header: ROSHeader(value),
      detections: try require(value["detections"]?.list, "detections").map { try Detection2D($0) })
  }
}

extension Detection2DArray.Detection2D {
  init(_ value: MessageValue) throws {
    func number(_ names: String...) throws -> Double {
      try require(names.lazy.compactMap { value[$0]?.number }.first, names[0])
    }
    self.init(
      results: try require(value["results"]?.list, "results").map { try ObjectHypothesis($0) },
      centerX: try number("bbox.center.position.x", "bbox.center.x"),
      centerY: try number("bbox.center.position.y", "bbox.center.y"),
      theta: value["bbox.center.theta"]?.number ?? 0, width: try number("bbox.size_x"),
      height: try number("bbox.size_y"),
      id: value["id"]?.text ?? (value["is_tracking"]?.whole == 0 ? nil : value["tracking_id"]?.text) ?? "")
  }
}

extension ClassificationMessage: ReadableMessage {
  /// Version 2 and earlier of the package call it `Classification2D`.
  public static var typeNames: [String] { [typeName, "vision_msgs/msg/Classification2D"] }
  public static var fields: [String] {
    ROSHeader.fields + each(ObjectHypothesis.classNames + ObjectHypothesis.scoreNames, of: "results")
  }
  public static var needed: [[String]] {
    [each(ObjectHypothesis.classNames, of: "results"), each(ObjectHypothesis.scoreNames, of: "results")]
  }

  public init(_ value: MessageValue) throws {
    self.init(
      header: ROSHeader(value), results: try require(value["results"]?.list, "results").map { try ObjectHypothesis($0) }
    )
  }
}
