/// foxglove_msgs/msg/ImageAnnotations: what Foxglove draws over a picture.
public struct ImageAnnotations: ROSMessage, Sendable, Equatable {
  public static let typeName = "foxglove_msgs/msg/ImageAnnotations"

  public struct Point: CDRFields, Sendable, Equatable {
    public var x = 0.0
    public var y = 0.0

    public init() {}

    public init(x: Double = 0.0, y: Double = 0.0) {
      self.x = x
      self.y = y
    }

    public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&x)
      try coder.code(&y)
    }
  }

  /// Each 0...1; clear unless set.
  public struct Color: CDRFields, Sendable, Equatable {
    public var red = 0.0
    public var green = 0.0
    public var blue = 0.0
    public var alpha = 0.0

    public init() {}

    public init(red: Double = 0.0, green: Double = 0.0, blue: Double = 0.0, alpha: Double = 0.0) {
      self.red = red
      self.green = green
      self.blue = blue
      self.alpha = alpha
    }

    public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&red)
      try coder.code(&green)
      try coder.code(&blue)
      try coder.code(&alpha)
    }
  }

  /// foxglove_msgs/msg/CircleAnnotation, of which Ocellus writes none.
  public struct Circle: CDRFields, Sendable, Equatable {
    public var timestamp = ROSTime()
    public var center = Point()
    public var diameter = 0.0
    public var thickness = 0.0
    public var fill = Color()
    public var outline = Color()

    public init() {}

    public init(
      timestamp: ROSTime = ROSTime(), center: Point = Point(), diameter: Double = 0.0, thickness: Double = 0.0,
      fill: Color = Color(), outline: Color = Color()
    ) {
      self.timestamp = timestamp
      self.center = center
      self.diameter = diameter
      self.thickness = thickness
      self.fill = fill
      self.outline = outline
    }

    public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try timestamp.fields(&coder)
      try center.fields(&coder)
      try coder.code(&diameter)
      try coder.code(&thickness)
      try fill.fields(&coder)
      try outline.fields(&coder)
    }
  }

  /// foxglove_msgs/msg/PointsAnnotation.
  public struct Points: CDRFields, Sendable, Equatable {
    public static let points: UInt8 = 1
    public static let lineLoop: UInt8 = 2

    public var timestamp = ROSTime()
    public var kind: UInt8 = 0
    public var points: [Point] = []
    public var outline = Color()
    /// Of single points, where they differ.
    public var outlines: [Color] = []
    public var fill = Color()
    public var thickness = 0.0

    public init() {}

    public init(
      timestamp: ROSTime = ROSTime(), kind: UInt8 = 0, points: [Point] = [], outline: Color = Color(),
      outlines: [Color] = [], fill: Color = Color(), thickness: Double = 0.0
    ) {
      self.timestamp = timestamp
      self.kind = kind
      self.points = points
      self.outline = outline
      self.outlines = outlines
      self.fill = fill
      self.thickness = thickness
    }

    public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
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
  public struct Label: CDRFields, Sendable, Equatable {
    public var timestamp = ROSTime()
    public var position = Point()
    public var text = ""
    public var fontSize = 0.0
    public var color = Color()
    public var background = Color()

    public init() {}

    public init(
      timestamp: ROSTime = ROSTime(), position: Point = Point(), text: String = "", fontSize: Double = 0.0,
      color: Color = Color(), background: Color = Color()
    ) {
      self.timestamp = timestamp
      self.position = position
      self.text = text
      self.fontSize = fontSize
      self.color = color
      self.background = background
    }

    public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try timestamp.fields(&coder)
      try position.fields(&coder)
      try coder.code(&text)
      try coder.code(&fontSize)
      try color.fields(&coder)
      try background.fields(&coder)
    }
  }

  public var circles: [Circle] = []
  public var points: [Points] = []
  public var labels: [Label] = []

  public init() {}

  public init(circles: [Circle] = [], points: [Points] = [], labels: [Label] = []) {
    self.circles = circles
    self.points = points
    self.labels = labels
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try coder.code(&circles, least: 104)
    try coder.code(&points, least: 92)
    try coder.code(&labels, least: 100)
  }
}
