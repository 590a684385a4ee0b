import Ground

/// How a camera was held when it took a photo, as EXIF's tag 0x0112 says (CIPA DC-008, 4.6.4): where the stored picture's
/// first row and column belong.
public enum Orientation: Int, Sendable, CaseIterable {
  case upright = 1
  case mirrored
  case upsideDown
  case upsideDownMirrored
  case transposed
  /// To be turned clockwise by a quarter.
  case quarterLeft
  case transversed
  /// To be turned counterclockwise by a quarter.
  case quarterRight

  /// Whether width and height change places.
  public var swapsSides: Bool { rawValue >= 5 }
}

extension Image {
  /// The picture as it should be seen. Packed RGB only; anything else, and what is upright already, is given back as it is.
  func turned(_ orientation: Orientation, pool: PixelPool? = nil) -> Image {
    guard orientation != .upright, format == .rgb24 else { return self }
    let (wide, high) = orientation.swapsSides ? (height, width) : (width, height)
    let storage = pool?.take(wide * high * 3) ?? PixelStorage(count: wide * high * 3)
    guard let result = Image(packed: wide, high, .rgb24, fullRange: fullRange, storage: storage) else { return self }
    let source = UnsafeRawPointer(base(ofPlane: 0)).assumingMemoryBound(to: UInt8.self)
    let target = result.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self)
    let row = planes[0].bytesPerRow
    // Where the target's first pixel lies in the source, and the steps to its neighbours on the right and below.
    let (right, down) = (width - 1, height - 1)
    let (origin, alongX, alongY): ((Int, Int), (Int, Int), (Int, Int)) =
      switch orientation {
      case .upright: ((0, 0), (1, 0), (0, 1))
      case .mirrored: ((right, 0), (-1, 0), (0, 1))
      case .upsideDown: ((right, down), (-1, 0), (0, -1))
      case .upsideDownMirrored: ((0, down), (1, 0), (0, -1))
      case .transposed: ((0, 0), (0, 1), (1, 0))
      case .quarterLeft: ((0, down), (0, -1), (1, 0))
      case .transversed: ((right, down), (0, -1), (-1, 0))
      case .quarterRight: ((right, 0), (0, 1), (-1, 0))
      }
    for y in 0..<high {
      for x in 0..<wide {
        // Safe: both pictures have their sides from the same two numbers, and each step stays within the source.
        let at = (origin.1 + alongX.1 * x + alongY.1 * y) * row + (origin.0 + alongX.0 * x + alongY.0 * y) * 3
        let to = (y * wide + x) * 3
        target[to] = source[at]
        target[to + 1] = source[at + 1]
        target[to + 2] = source[at + 2]
      }
    }
    withExtendedLifetime(self) {}
    return result
  }
}
