/// The definitions of the ROS 2 messages that recordings hold, so that every reader can decode them without having the
/// packages. Field names and order are the packages' own; they decide the bytes.
public enum ROSSchemas {
  /// A type's fields, one a line, and constants.
  private static let definitions: [String: [String]] = [
    "builtin_interfaces/Time": ["int32 sec", "uint32 nanosec"],
    "std_msgs/Header": ["builtin_interfaces/Time stamp", "string frame_id"],
    "std_msgs/String": ["string data"],
    "sensor_msgs/CompressedImage": ["std_msgs/Header header", "string format", "uint8[] data"],
    "sensor_msgs/Image": [
      "std_msgs/Header header", "uint32 height", "uint32 width", "string encoding", "uint8 is_bigendian",
      "uint32 step", "uint8[] data",
    ],
    "geometry_msgs/Point": ["float64 x", "float64 y", "float64 z"],
    "geometry_msgs/Quaternion": ["float64 x 0", "float64 y 0", "float64 z 0", "float64 w 1"],
    "geometry_msgs/Pose": ["geometry_msgs/Point position", "geometry_msgs/Quaternion orientation"],
    "geometry_msgs/PoseWithCovariance": ["geometry_msgs/Pose pose", "float64[36] covariance"],
    "vision_msgs/Point2D": ["float64 x", "float64 y"],
    "vision_msgs/Pose2D": ["vision_msgs/Point2D position", "float64 theta"],
    "vision_msgs/BoundingBox2D": ["vision_msgs/Pose2D center", "float64 size_x", "float64 size_y"],
    "vision_msgs/ObjectHypothesis": ["string class_id", "float64 score"],
    "vision_msgs/ObjectHypothesisWithPose": [
      "vision_msgs/ObjectHypothesis hypothesis", "geometry_msgs/PoseWithCovariance pose",
    ],
    "vision_msgs/Detection2D": [
      "std_msgs/Header header", "vision_msgs/ObjectHypothesisWithPose[] results", "vision_msgs/BoundingBox2D bbox",
      "string id",
    ],
    "vision_msgs/Detection2DArray": ["std_msgs/Header header", "vision_msgs/Detection2D[] detections"],
    "vision_msgs/Classification": ["std_msgs/Header header", "vision_msgs/ObjectHypothesis[] results"],
    "foxglove_msgs/Point2": ["float64 x", "float64 y"],
    "foxglove_msgs/Color": ["float64 r", "float64 g", "float64 b", "float64 a"],
    "foxglove_msgs/CircleAnnotation": [
      "builtin_interfaces/Time timestamp", "foxglove_msgs/Point2 position", "float64 diameter", "float64 thickness",
      "foxglove_msgs/Color fill_color", "foxglove_msgs/Color outline_color",
    ],
    "foxglove_msgs/PointsAnnotation": [
      "builtin_interfaces/Time timestamp", "uint8 UNKNOWN=0", "uint8 POINTS=1", "uint8 LINE_LOOP=2",
      "uint8 LINE_STRIP=3", "uint8 LINE_LIST=4", "uint8 type", "foxglove_msgs/Point2[] points",
      "foxglove_msgs/Color outline_color", "foxglove_msgs/Color[] outline_colors", "foxglove_msgs/Color fill_color",
      "float64 thickness",
    ],
    "foxglove_msgs/TextAnnotation": [
      "builtin_interfaces/Time timestamp", "foxglove_msgs/Point2 position", "string text", "float64 font_size",
      "foxglove_msgs/Color text_color", "foxglove_msgs/Color background_color",
    ],
    "foxglove_msgs/ImageAnnotations": [
      "foxglove_msgs/CircleAnnotation[] circles", "foxglove_msgs/PointsAnnotation[] points",
      "foxglove_msgs/TextAnnotation[] texts",
    ],
    "diagnostic_msgs/KeyValue": ["string key", "string value"],
    "diagnostic_msgs/DiagnosticStatus": [
      "byte OK=0", "byte WARN=1", "byte ERROR=2", "byte STALE=3", "byte level", "string name", "string message",
      "string hardware_id", "diagnostic_msgs/KeyValue[] values",
    ],
    "diagnostic_msgs/DiagnosticArray": ["std_msgs/Header header", "diagnostic_msgs/DiagnosticStatus[] status"],
    "rcl_interfaces/Log": [
      "byte DEBUG=10", "byte INFO=20", "byte WARN=30", "byte ERROR=40", "byte FATAL=50",
      "builtin_interfaces/Time stamp", "uint8 level", "string name", "string msg", "string file", "string function",
      "uint32 line",
    ],
  ]

  /// The `ros2msg` text of a type: its own definition, then each dependency's, once, after a line of 80 `=` and its
  /// name.
  public static func text(of typeName: String) -> String {
    let root = typeName.replacing("/msg/", with: "/")
    var order: [String] = []
    collect(root, into: &order)
    let parts = order.map { name in
      let body = (definitions[name] ?? []).joined(separator: "\n") + "\n"
      return name == root ? body : String(repeating: "=", count: 80) + "\nMSG: \(name)\n" + body
    }
    return parts.joined()
  }

  /// The fields of a type that this program knows, "package/Type", one a line.
  static func fields(of name: String) -> [String]? { definitions[name] }

  private static func collect(_ name: String, into order: inout [String]) {
    guard let fields = definitions[name], !order.contains(name) else { return }
    order.append(name)
    for field in fields {
      let type = field.prefix { $0 != " " && $0 != "[" }
      collect(String(type), into: &order)
    }
  }
}
