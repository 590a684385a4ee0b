import Ground
import Perception
import Pipeline
import Vision

/// Colours for measured values: distances, and a thermal camera's counts.
enum MeasuredColors {
  private static let distance = table(LevelScale(.distance, low: 0, high: 1))
  private static let counts = table(LevelScale(.counts, low: 0, high: 1))

  /// The colours of all 256 levels.
  static func table(of quantity: LevelScale.Quantity) -> [Color] {
    switch quantity {
    case .distance: distance
    case .counts: counts
    }
  }

  private static func table(_ scale: LevelScale) -> [Color] {
    (0...255).map { level in
      guard let warmth = scale.warmth(of: UInt8(level)) else { return .black }
      let (red, green, blue) = DepthMap.color(Float(warmth) / 255)
      return Color(red, green, blue)
    }
  }

  /// Draws what the colours stand for into the last row of the picture, and the value at the place that was clicked on, with a
  /// mark there.
  static func drawScale(
    of image: Image, at probe: (x: Float, y: Float)?, _ mapping: CellMapping, _ context: PaneContext,
    on canvas: inout CellCanvas
  ) {
    guard let levels = image.levels else { return }
    let cells = mapping.cells
    let style = Style(.white, on: .black)
    let ends = (levels.text(levels.low), levels.text(levels.high))
    let bar = min(24, cells.width - Text.columns(ends.0) - Text.columns(ends.1) - 4)
    guard bar >= 4, cells.height >= 3 else { return }
    let y = cells.bottom - 1
    var x = cells.x
    x += canvas.text(" \(ends.0) ", x, y, style)
    let table = table(of: levels.quantity)
    for step in 0..<bar {
      canvas[x + step, y] = Cell(" ", Style(.white, on: table[max(1, step * 255 / (bar - 1))]))
    }
    x += bar
    x += canvas.text(" \(ends.1) ", x, y, style)
    guard let probe else { return }
    let value =
      image.measured(x: Int(saturating: probe.x), y: Int(saturating: probe.y)).map(levels.text) ?? "nothing measured"
    let text = " \(value) at \(Int(saturating: probe.x)),\(Int(saturating: probe.y)) "
    canvas.text(
      Text.fit(text, cells.right - x, ellipsis: context.glyphs.ellipsis), x, y, Style(.black, on: .white, .bold))
    let (column, row) = (mapping.column(probe.x), mapping.row(probe.y))
    if cells.contains(column, row) { canvas[column, row] = Cell("+", Style(.black, on: .white, .bold)) }
  }
}

/// Grey levels in the colours of a table.
struct MeasuredReader: PixelReader {
  private let base: UnsafePointer<UInt8>
  private let bytesPerRow: Int
  private let colors: [Color]
  private var row: UnsafePointer<UInt8>

  /// - Parameter colors: 256 of them.
  init(_ image: Image, _ colors: [Color]) {
    base = UnsafePointer(image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self))
    bytesPerRow = image.planes[0].bytesPerRow
    self.colors = colors
    row = base
  }

  mutating func select(row y: Int) { row = base + y * bytesPerRow }

  @inline(__always)
  func pixel(_ x: Int) -> (red: Int, green: Int, blue: Int) {
    let color = colors[Int(row[x])]
    return (color.red, color.green, color.blue)
  }
}
