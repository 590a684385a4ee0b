/// vision_msgs/msg/ObjectHypothesis: a class with its score.
struct ObjectHypothesis: CDRFields, Sendable, Equatable {
  var classID = ""
  var score = 0.0

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try coder.code(&classID)
    try coder.code(&score)
  }
}

/// vision_msgs/msg/ObjectHypothesisWithPose: the same with a place in space, which a picture does not give.
private struct PosedHypothesis: CDRFields {
  /// geometry_msgs/msg/PoseWithCovariance: position, orientation as a quaternion, covariance.
  private static let unknownPose = [0, 0, 0] + [0, 0, 0, 1] + [Double](repeating: 0, count: 36)

  var hypothesis = ObjectHypothesis()

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try hypothesis.fields(&coder)
    for number in PosedHypothesis.unknownPose {
      var number = number
      try coder.code(&number)
    }
  }
}

/// vision_msgs/msg/Detection2DArray, as of version 4 of the package (ROS 2 Humble and later).
struct Detection2DArray: ROSMessage, Sendable, Equatable {
  static let typeName = "vision_msgs/msg/Detection2DArray"

  /// vision_msgs/msg/Detection2D. Boxes are pixels: centre and size, turned by `theta` radians about the centre.
  struct Detection2D: CDRFields, Sendable, Equatable {
    var header = ROSHeader()
    var results: [ObjectHypothesis] = []
    var centerX = 0.0
    var centerY = 0.0
    var theta = 0.0
    var width = 0.0
    var height = 0.0
    var id = ""

    mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try header.fields(&coder)
      var posed = results.map { PosedHypothesis(hypothesis: $0) }
      try coder.code(&posed, least: 350)
      results = posed.map(\.hypothesis)
      try coder.code(&centerX)
      try coder.code(&centerY)
      try coder.code(&theta)
      try coder.code(&width)
      try coder.code(&height)
      try coder.code(&id)
    }
  }

  var header = ROSHeader()
  var detections: [Detection2D] = []

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&detections, least: 60)
  }
}

/// vision_msgs/msg/Classification: classes of the whole picture.
struct ClassificationMessage: ROSMessage, Sendable, Equatable {
  static let typeName = "vision_msgs/msg/Classification"

  var header = ROSHeader()
  var results: [ObjectHypothesis] = []

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&results, least: 13)
  }
}
