/// vision_msgs/msg/ObjectHypothesis: a class with its score.
public struct ObjectHypothesis: CDRFields, Sendable, Equatable {
  public var classID = ""
  public var score = 0.0

  public init() {}

  public init(classID: String = "", score: Double = 0.0) {
    self.classID = classID
    self.score = score
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
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
public struct Detection2DArray: ROSMessage, Sendable, Equatable {
  public static let typeName = "vision_msgs/msg/Detection2DArray"

  /// vision_msgs/msg/Detection2D. Boxes are pixels: centre and size, turned by `theta` radians about the centre.
  public struct Detection2D: CDRFields, Sendable, Equatable {
    public var header = ROSHeader()
    public var results: [ObjectHypothesis] = []
    public var centerX = 0.0
    public var centerY = 0.0
    public var theta = 0.0
    public var width = 0.0
    public var height = 0.0
    public var id = ""

    public init() {}

    public init(
      header: ROSHeader = ROSHeader(), results: [ObjectHypothesis] = [], centerX: Double = 0.0, centerY: Double = 0.0,
      theta: Double = 0.0, width: Double = 0.0, height: Double = 0.0, id: String = ""
    ) {
      self.header = header
      self.results = results
      self.centerX = centerX
      self.centerY = centerY
      self.theta = theta
      self.width = width
      self.height = height
      self.id = id
    }

    public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
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

  public var header = ROSHeader()
  public var detections: [Detection2D] = []

  public init() {}

  public init(header: ROSHeader = ROSHeader(), detections: [Detection2D] = []) {
    self.header = header
    self.detections = detections
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&detections, least: 60)
  }
}

/// vision_msgs/msg/Classification: classes of the whole picture.
public struct ClassificationMessage: ROSMessage, Sendable, Equatable {
  public static let typeName = "vision_msgs/msg/Classification"

  public var header = ROSHeader()
  public var results: [ObjectHypothesis] = []

  public init() {}

  public init(header: ROSHeader = ROSHeader(), results: [ObjectHypothesis] = []) {
    self.header = header
    self.results = results
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&results, least: 13)
  }
}
