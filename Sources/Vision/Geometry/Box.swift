/// An axis-aligned rectangle in pixels of a source frame: left, top, width, height, origin at the top left.
public struct Box: Sendable, Hashable {
  public var x: Float
  public var y: Float
  public var width: Float
  public var height: Float

  public init(x: Float, y: Float, width: Float, height: Float) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// A box from its corners.
  public init(left: Float, top: Float, right: Float, bottom: Float) {
    self.init(x: left, y: top, width: right - left, height: bottom - top)
  }

  public var right: Float { x + width }
  public var bottom: Float { y + height }
  public var centerX: Float { x + width / 2 }
  public var centerY: Float { y + height / 2 }
  /// Area in square pixels, 0 for an inverted box.
  public var area: Float { max(0, width) * max(0, height) }

  /// The area shared with another box, in square pixels.
  public func overlap(_ other: Box) -> Float {
    let w = min(right, other.right) - max(x, other.x)
    let h = min(bottom, other.bottom) - max(y, other.y)
    return w > 0 && h > 0 ? w * h : 0
  }

  /// Intersection over union, in 0...1; 0 when the union is empty.
  public func iou(_ other: Box) -> Float {
    let intersection = overlap(other)
    guard intersection > 0 else { return 0 }
    let union = area + other.area - intersection
    return union > 0 ? intersection / union : 0
  }

  /// The part inside a frame of the given size in pixels.
  public func clipped(width frameWidth: Int, height frameHeight: Int) -> Box {
    let l = min(max(x, 0), Float(frameWidth))
    let t = min(max(y, 0), Float(frameHeight))
    let r = min(max(right, 0), Float(frameWidth))
    let b = min(max(bottom, 0), Float(frameHeight))
    return Box(left: l, top: t, right: max(l, r), bottom: max(t, b))
  }
}
