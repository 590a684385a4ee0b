import Ground

/// An RGB picture to draw on: 3 bytes a pixel, tightly packed. Whatever lies outside is cut off.
public struct Canvas: Sendable {
  /// A colour, 8 bits a channel.
  public struct Color: Sendable, Hashable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
      self.red = red
      self.green = green
      self.blue = blue
    }

    /// Whether black text reads better on it than white (Rec. 601 luma above the middle).
    public var isLight: Bool { 299 * Int(red) + 587 * Int(green) + 114 * Int(blue) > 140_000 }
  }

  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
  private var bytes: [UInt8]

  /// A black canvas; sizes below 1 count as 1.
  public init(width: Int, height: Int) {
    self.width = max(1, width)
    self.height = max(1, height)
    bytes = [UInt8](repeating: 0, count: self.width * self.height * 3)
  }

  /// A copy of an image in ``PixelFormat/rgb24``, or nil for another format.
  public init?(_ image: Image) {
    guard image.format == .rgb24 else { return nil }
    self.init(width: image.width, height: image.height)
    let rowBytes = image.width * 3
    withExtendedLifetime(image.storage) {
      for y in 0..<image.height {
        let row = UnsafeRawBufferPointer(
          start: image.base(ofPlane: 0) + y * image.planes[0].bytesPerRow, count: rowBytes)
        bytes.replaceSubrange(y * rowBytes..<(y + 1) * rowBytes, with: row)
      }
    }
  }

  /// The picture as an image.
  public var image: Image? {
    let storage = PixelStorage(count: bytes.count)
    bytes.withUnsafeBytes { storage.bytes.copyMemory(from: $0) }
    return Image(packed: width, height, .rgb24, fullRange: true, storage: storage)
  }

  /// The colour of a pixel; black outside.
  public subscript(x: Int, y: Int) -> Color {
    get {
      guard x >= 0, y >= 0, x < width, y < height else { return Color(0, 0, 0) }
      let at = (y * width + x) * 3
      return Color(bytes[at], bytes[at + 1], bytes[at + 2])
    }
    set {
      guard x >= 0, y >= 0, x < width, y < height else { return }
      let at = (y * width + x) * 3
      bytes[at] = newValue.red
      bytes[at + 1] = newValue.green
      bytes[at + 2] = newValue.blue
    }
  }

  /// Fills a rectangle given in pixels; `opacity` in 0...1.
  public mutating func fill(x: Int, y: Int, width w: Int, height h: Int, _ color: Color, opacity: Float = 1) {
    let left = max(0, x)
    let right = min(width, x &+ max(0, w))
    let top = max(0, y)
    let bottom = min(height, y &+ max(0, h))
    guard left < right, top < bottom else { return }
    for row in top..<bottom {
      for column in left..<right { blend(column, row, color, opacity) }
    }
  }

  /// Mixes a colour into a pixel.
  public mutating func blend(_ x: Int, _ y: Int, _ color: Color, _ opacity: Float) {
    guard opacity < 1 else {
      self[x, y] = color
      return
    }
    let old = self[x, y]
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 { UInt8(saturating: Float(a) + (Float(b) - Float(a)) * max(0, opacity)) }
    self[x, y] = Color(mix(old.red, color.red), mix(old.green, color.green), mix(old.blue, color.blue))
  }

  /// Draws a rectangle's outline, `thickness` pixels inwards.
  public mutating func outline(_ box: Box, _ color: Color, thickness: Int) {
    let clipped = box.clipped(width: width, height: height)
    let x = Int(saturating: clipped.x)
    let y = Int(saturating: clipped.y)
    let w = Int(saturating: clipped.width.rounded(.up))
    let h = Int(saturating: clipped.height.rounded(.up))
    let t = min(max(1, thickness), max(1, min(w, h) / 2))
    fill(x: x, y: y, width: w, height: t, color)
    fill(x: x, y: y + h - t, width: w, height: t, color)
    fill(x: x, y: y, width: t, height: h, color)
    fill(x: x + w - t, y: y, width: t, height: h, color)
  }

  /// Draws a straight line between two points in pixels.
  public mutating func line(_ x0: Float, _ y0: Float, _ x1: Float, _ y1: Float, _ color: Color, thickness: Int) {
    let limit = Float(4 * max(width, height))
    guard [x0, y0, x1, y1].allSatisfy({ $0.isFinite && abs($0) < limit }) else { return }
    let steps = max(1, Int(saturating: max(abs(x1 - x0), abs(y1 - y0)).rounded(.up)))
    for step in 0...steps {
      let share = Float(step) / Float(steps)
      fill(
        x: Int(saturating: x0 + (x1 - x0) * share) - thickness / 2,
        y: Int(saturating: y0 + (y1 - y0) * share) - thickness / 2,
        width: thickness, height: thickness, color)
    }
  }
}
