/// foxglove_msgs/msg/ImageAnnotations: what Foxglove draws over a picture.
struct ImageAnnotations: ROSMessage, Sendable, Equatable {
  static let typeName = "foxglove_msgs/msg/ImageAnnotations"

  struct Point: CDRFields, Sendable, Equatable {
    var x = 0.0
    var y = 0.0

    mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&x)
      try coder.code(&y)
    }
  }

  /// Each 0...1; clear unless set.
  struct Color: CDRFields, Sendable, Equatable {
    var red = 0.0
    var green = 0.0
    var blue = 0.0
    var alpha = 0.0

    mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&red)
      try coder.code(&green)
      try coder.code(&blue)
      try coder.code(&alpha)
    }
  }

  /// foxglove_msgs/msg/CircleAnnotation, of which Ocellus writes none.
  struct Circle: CDRFields, Sendable, Equatable {
    var timestamp = ROSTime()
    var center = Point()
    var diameter = 0.0
    var thickness = 0.0
    var fill = Color()
    var outline = Color()

    mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try timestamp.fields(&coder)
      try center.fields(&coder)
      try coder.code(&diameter)
      try coder.code(&thickness)
      try fill.fields(&coder)
      try outline.fields(&coder)
    }
  }

  /// foxglove_msgs/msg/PointsAnnotation.
  struct Points: CDRFields, Sendable, Equatable {
    static let points: UInt8 = 1
    static let lineLoop: UInt8 = 2

    var timestamp = ROSTime()
    var kind: UInt8 = 0
    var points: [Point] = []
    var outline = Color()
    /// Of single points, where they differ.
    var outlines: [Color] = []
    var fill = Color()
    var thickness = 0.0

    mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try timestamp.fields(&coder)
      try coder.code(&kind)
      try coder.code(&points, least: 16)
      try outline.fields(&coder)
      try coder.code(&outlines, least: 32)
      try fill.fields(&coder)
      try coder.code(&thickness)
    }
  }

  /// foxglove_msgs/msg/TextAnnotation.
  struct Label: CDRFields, Sendable, Equatable {
    var timestamp = ROSTime()
    var position = Point()
    var text = ""
    var fontSize = 0.0
    var color = Color()
    var background = Color()

    mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try timestamp.fields(&coder)
      try position.fields(&coder)
      try coder.code(&text)
      try coder.code(&fontSize)
      try color.fields(&coder)
      try background.fields(&coder)
    }
  }

  var circles: [Circle] = []
  var points: [Points] = []
  var labels: [Label] = []

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try coder.code(&circles, least: 104)
    try coder.code(&points, least: 92)
    try coder.code(&labels, least: 100)
  }
}
