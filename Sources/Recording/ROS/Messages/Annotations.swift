/// foxglove_msgs/msg/ImageAnnotations: what Foxglove draws over a picture.
struct ImageAnnotations: ROSMessage, Sendable, Equatable {
  static let typeName = "foxglove_msgs/msg/ImageAnnotations"

  struct Point: Sendable, Equatable {
    var x: Double
    var y: Double
  }

  /// Each 0...1.
  struct Color: Sendable, Equatable {
    var red: Double
    var green: Double
    var blue: Double
    var alpha: Double
  }

  /// foxglove_msgs/msg/PointsAnnotation.
  struct Points: Sendable, Equatable {
    static let points: UInt8 = 1
    static let lineLoop: UInt8 = 2

    var timestamp: ROSTime
    var kind: UInt8
    var points: [Point]
    var outline: Color
    var thickness: Double
  }

  /// foxglove_msgs/msg/TextAnnotation.
  struct Label: Sendable, Equatable {
    var timestamp: ROSTime
    var position: Point
    var text: String
    var fontSize: Double
    var color: Color
    var background: Color
  }

  var points: [Points]
  var labels: [Label]

  init(points: [Points], labels: [Label]) {
    self.points = points
    self.labels = labels
  }

  private static let clear = Color(red: 0, green: 0, blue: 0, alpha: 0)

  func encode(to out: inout CDREncoder) {
    // Circles, of which there are none.
    out.append(count: 0)
    out.append(count: points.count)
    for annotation in points {
      annotation.timestamp.encode(to: &out)
      out.append(annotation.kind)
      out.append(count: annotation.points.count)
      for point in annotation.points { point.encode(to: &out) }
      annotation.outline.encode(to: &out)
      // Colours of single points, of which there are none.
      out.append(count: 0)
      ImageAnnotations.clear.encode(to: &out)
      out.append(annotation.thickness)
    }
    out.append(count: labels.count)
    for label in labels {
      label.timestamp.encode(to: &out)
      label.position.encode(to: &out)
      out.append(label.text)
      out.append(label.fontSize)
      label.color.encode(to: &out)
      label.background.encode(to: &out)
    }
  }

  init(from reader: inout CDRDecoder) throws {
    _ = try reader.sequence(elementBytes: 104) { reader in
      _ = try ROSTime(from: &reader)
      for _ in 0..<12 { _ = try reader.double() }
    }
    points = try reader.sequence(elementBytes: 92) { reader in
      let timestamp = try ROSTime(from: &reader)
      let kind = try reader.integer(UInt8.self)
      let points = try reader.sequence(elementBytes: 16) { try Point(from: &$0) }
      let outline = try Color(from: &reader)
      _ = try reader.sequence(elementBytes: 32) { try Color(from: &$0) }
      _ = try Color(from: &reader)
      return Points(
        timestamp: timestamp, kind: kind, points: points, outline: outline, thickness: try reader.double())
    }
    labels = try reader.sequence(elementBytes: 100) { reader in
      Label(
        timestamp: try ROSTime(from: &reader), position: try Point(from: &reader), text: try reader.string(),
        fontSize: try reader.double(), color: try Color(from: &reader), background: try Color(from: &reader))
    }
  }
}

extension ImageAnnotations.Point {
  func encode(to out: inout CDREncoder) {
    out.append(x)
    out.append(y)
  }

  init(from reader: inout CDRDecoder) throws {
    x = try reader.double()
    y = try reader.double()
  }
}

extension ImageAnnotations.Color {
  func encode(to out: inout CDREncoder) {
    out.append(red)
    out.append(green)
    out.append(blue)
    out.append(alpha)
  }

  init(from reader: inout CDRDecoder) throws {
    red = try reader.double()
    green = try reader.double()
    blue = try reader.double()
    alpha = try reader.double()
  }
}
