import Ground
import Vision

/// A picture in 32 by 24 mean brightnesses: enough to tell whether two pictures are of one film.
struct PhotoSketch {
  private static let columns = 32
  private static let rows = 24
  /// Pixels per side of a block that are averaged, at most.
  private static let samples = 4
  /// The least correlation of two frames of a film. Measured: frames of a moving scene two seconds apart have 0.86 and
  /// more, pairs of unrelated photos 0.52 and less.
  private static let leastLikeness = 0.7
  /// Spread below which a picture shows nothing, and how far the brightness of two such pictures may be apart.
  private static let flatness = 2.0
  private static let flatDistance = 16.0

  private let width: Int
  private let height: Int
  private let mean: Double
  private let spread: Double
  /// Distances from the mean.
  private let values: [Double]

  init(_ image: Image) {
    (width, height) = (image.width, image.height)
    let values = Self.means(of: image)
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    self.values = values.map { $0 - mean }
    spread = (self.values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }

  /// Whether both may be frames of one film: of one size, and alike.
  func continues(_ other: PhotoSketch) -> Bool {
    guard width == other.width, height == other.height else { return false }
    let flat = [self, other].filter { $0.spread < Self.flatness }
    if flat.count == 2 { return abs(mean - other.mean) < Self.flatDistance }
    guard flat.isEmpty else { return false }
    let product = zip(values, other.values).reduce(0) { $0 + $1.0 * $1.1 } / Double(values.count)
    return product / (spread * other.spread) >= Self.leastLikeness
  }

  private static func means(of image: Image) -> [Double] {
    let layout = LumaLayout(image)
    let plane = image.planes[0]
    let base = UnsafeRawPointer(image.base(ofPlane: 0)).assumingMemoryBound(to: UInt8.self)
    defer { withExtendedLifetime(image) {} }
    return (0..<columns * rows).map { block in
      let (row, column) = block.quotientAndRemainder(dividingBy: columns)
      var sum = 0
      var count = 0
      for y in pixels(row, of: rows, extent: image.height) {
        for x in pixels(column, of: columns, extent: image.width) {
          sum += Int(base[y * plane.bytesPerRow + layout.offset + x * layout.step])
          count += 1
        }
      }
      return Double(sum) / Double(max(1, count))
    }
  }

  private static func pixels(_ block: Int, of blocks: Int, extent: Int) -> StrideTo<Int> {
    let start = min(extent - 1, block * extent / blocks)
    let end = min(extent, max(start + 1, (block + 1) * extent / blocks))
    return stride(from: start, to: end, by: max(1, (end - start) / samples))
  }
}
