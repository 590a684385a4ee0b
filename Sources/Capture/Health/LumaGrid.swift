import Ground
import Vision

/// What a coarse grid of samples says about a picture: a few thousand reads, whatever its size.
struct LumaGrid {
  /// Mean brightness and its spread, 0...255.
  private(set) var mean = 0.0
  private(set) var spread = 0.0
  /// Fractions of samples at the ends of the range.
  private(set) var black = 0.0
  private(set) var white = 0.0
  /// How much of an edge's step over eight pixels happens within two of them, 0...1: near 1 for sharp edges.
  private(set) var sharpness: Double?
  /// Equal for equal pictures; sensor noise makes any two differ.
  private(set) var fingerprint: UInt64 = 14_695_981_039_346_656_037

  static let columns = 80
  static let rows = 60
  /// Levels that an edge has at least, over eight pixels.
  private static let edge = 24
  /// The width of the picture that edges are measured on: a larger one is looked at in larger steps, so that the same
  /// lens is judged alike at every resolution.
  private static let previewWidth = 640

  /// How steep edges are, by share in 1/32: kept by the caller so that a frame allocates nothing.
  struct EdgeHistogram {
    fileprivate var ratios = [Int](repeating: 0, count: 33)
    fileprivate var count = 0

    fileprivate mutating func clear() {
      for index in ratios.indices { ratios[index] = 0 }
      count = 0
    }

    /// nil when too few edges were met to tell.
    fileprivate var median: Double? {
      guard count >= 12 else { return nil }
      var seen = 0
      for (index, number) in ratios.enumerated() {
        seen += number
        if seen * 2 >= count { return Double(index) / 32 }
      }
      return nil
    }
  }

  init(_ image: Image, edges: inout EdgeHistogram) {
    let layout = LumaLayout(image)
    let plane = image.planes[0]
    let base = UnsafeRawPointer(image.base(ofPlane: 0)).assumingMemoryBound(to: UInt8.self)
    let width = image.width
    let height = image.height
    var histogram = (sum: 0, squares: 0, count: 0, low: 0, high: 0)
    edges.clear()
    let stride = max(2, 2 * width / Self.previewWidth)
    let low = layout.isLimited ? 20 : 4
    let high = layout.isLimited ? 232 : 250
    for row in 0..<min(Self.rows, height) {
      let line = base + row * height / min(Self.rows, height) * plane.bytesPerRow + layout.offset
      for column in 0..<min(Self.columns, width) {
        let x = column * width / min(Self.columns, width)
        // Safe: x is below the width, and four strides more are read only where they fit; Image checked the row's
        // length.
        let value = Int(line[x * layout.step])
        histogram.sum += value
        histogram.squares += value * value
        histogram.count += 1
        if value <= low { histogram.low += 1 }
        if value >= high { histogram.high += 1 }
        fingerprint = (fingerprint ^ UInt64(value)) &* 1_099_511_628_211
        guard x + 4 * stride < width else { continue }
        var previous = value
        var steepest = 0
        for along in 1...4 {
          let next = Int(line[(x + along * stride) * layout.step])
          steepest = max(steepest, abs(next - previous))
          previous = next
        }
        let whole = abs(previous - value)
        guard whole >= Self.edge else { continue }
        edges.count += 1
        edges.ratios[min(32, steepest * 32 / whole)] += 1
      }
    }
    withExtendedLifetime(image) {}
    summarise(histogram, layout)
    sharpness = edges.median
  }

  private mutating func summarise(
    _ histogram: (sum: Int, squares: Int, count: Int, low: Int, high: Int), _ layout: LumaLayout
  ) {
    let count = Double(max(1, histogram.count))
    let average = Double(histogram.sum) / count
    let variance = max(0, Double(histogram.squares) / count - average * average)
    let scale = layout.isLimited ? 255.0 / 219 : 1
    mean = min(255, max(0, (average - (layout.isLimited ? 16 : 0)) * scale))
    spread = variance.squareRoot() * scale
    black = Double(histogram.low) / count
    white = Double(histogram.high) / count
  }
}
