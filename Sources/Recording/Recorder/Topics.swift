import ROS

/// The topics of a recording.
enum Topic: Int, CaseIterable {
  case picture
  case detections
  case classification
  case annotations
  case results
  case diagnostics
  case log

  var name: String {
    switch self {
    case .picture: "/camera/image_raw/compressed"
    case .detections: "/ocellus/detections"
    case .classification: "/ocellus/classification"
    case .annotations: "/ocellus/annotations"
    case .results: "/ocellus/results"
    case .diagnostics: "/diagnostics"
    case .log: "/rosout"
    }
  }

  var typeName: String {
    switch self {
    case .picture: CompressedImage.typeName
    case .detections: Detection2DArray.typeName
    case .classification: ClassificationMessage.typeName
    case .annotations: ImageAnnotations.typeName
    case .results: StringMessage.typeName
    case .diagnostics: DiagnosticArray.typeName
    case .log: LogMessage.typeName
    }
  }

  /// What rosbag2 asks of every channel: one profile, as YAML: keep the last ten, reliable, volatile, no deadlines
  /// (9223372036.854775807 s is rmw's "infinite").
  static let qualityOfService = """
    - history: 1
      depth: 10
      reliability: 1
      durability: 2
      deadline:
        sec: 9223372036
        nsec: 854775807
      lifespan:
        sec: 9223372036
        nsec: 854775807
      liveliness: 1
      liveliness_lease_duration:
        sec: 9223372036
        nsec: 854775807
      avoid_ros_namespace_conventions: false
    """
}

extension MCAPWriter {
  /// Declares every topic; the channel ids in the order of ``Topic/allCases``.
  func declareTopics() throws -> [UInt16] {
    try Topic.allCases.map { topic in
      let schema = try addSchema(
        name: topic.typeName, encoding: "ros2msg", data: Array(ROSSchemas.text(of: topic.typeName).utf8))
      return try addChannel(
        topic: topic.name, schema: schema, encoding: "cdr",
        metadata: ["offered_qos_profiles": Topic.qualityOfService])
    }
  }
}
