/// vision_msgs/msg/ObjectHypothesis: a class with its score.
struct ObjectHypothesis: Sendable, Equatable {
  var classID: String
  var score: Double

  func encode(to out: inout CDREncoder) {
    out.append(classID)
    out.append(score)
  }

  init(classID: String, score: Double) {
    self.classID = classID
    self.score = score
  }

  init(from reader: inout CDRDecoder) throws {
    classID = try reader.string()
    score = try reader.double()
  }
}

/// vision_msgs/msg/Detection2DArray, as of version 4 of the package (ROS 2 Humble and later).
struct Detection2DArray: ROSMessage, Sendable, Equatable {
  static let typeName = "vision_msgs/msg/Detection2DArray"

  /// vision_msgs/msg/Detection2D. Boxes are pixels: centre and size, turned by `theta` radians about the centre.
  struct Detection2D: Sendable, Equatable {
    var header: ROSHeader
    var results: [ObjectHypothesis]
    var centerX: Double
    var centerY: Double
    var theta: Double
    var width: Double
    var height: Double
    var id: String
  }

  var header: ROSHeader
  var detections: [Detection2D]

  init(header: ROSHeader, detections: [Detection2D]) {
    self.header = header
    self.detections = detections
  }

  func encode(to out: inout CDREncoder) {
    header.encode(to: &out)
    out.append(count: detections.count)
    for detection in detections {
      detection.header.encode(to: &out)
      out.append(count: detection.results.count)
      for result in detection.results {
        result.encode(to: &out)
        Detection2DArray.encodeUnknownPose(to: &out)
      }
      out.append(detection.centerX)
      out.append(detection.centerY)
      out.append(detection.theta)
      out.append(detection.width)
      out.append(detection.height)
      out.append(detection.id)
    }
  }

  /// geometry_msgs/msg/PoseWithCovariance: a place in space that a picture does not give.
  private static func encodeUnknownPose(to out: inout CDREncoder) {
    for _ in 0..<3 { out.append(0.0) }
    for value in [0.0, 0.0, 0.0, 1.0] { out.append(value) }
    for _ in 0..<36 { out.append(0.0) }
  }

  init(from reader: inout CDRDecoder) throws {
    header = try ROSHeader(from: &reader)
    detections = try reader.sequence(elementBytes: 60) { reader in
      let header = try ROSHeader(from: &reader)
      let results = try reader.sequence(elementBytes: 350) { reader in
        let hypothesis = try ObjectHypothesis(from: &reader)
        for _ in 0..<43 { _ = try reader.double() }
        return hypothesis
      }
      return Detection2D(
        header: header, results: results, centerX: try reader.double(), centerY: try reader.double(),
        theta: try reader.double(), width: try reader.double(), height: try reader.double(), id: try reader.string())
    }
  }
}

/// vision_msgs/msg/Classification: classes of the whole picture.
struct ClassificationMessage: ROSMessage, Sendable, Equatable {
  static let typeName = "vision_msgs/msg/Classification"

  var header: ROSHeader
  var results: [ObjectHypothesis]

  init(header: ROSHeader, results: [ObjectHypothesis]) {
    self.header = header
    self.results = results
  }

  func encode(to out: inout CDREncoder) {
    header.encode(to: &out)
    out.append(count: results.count)
    for result in results { result.encode(to: &out) }
  }

  init(from reader: inout CDRDecoder) throws {
    header = try ROSHeader(from: &reader)
    results = try reader.sequence(elementBytes: 13) { try ObjectHypothesis(from: &$0) }
  }
}
