import Ground
import Vision

/// The cells of a network's map that show the frame: letterbox padding is left out.
struct FrameGrid {
  /// As many cells as the network has for the part that shows the frame.
  let rows: Int
  let columns: Int
  private let shown: Box
  private let placement: Placement
  private let source: (rows: Int, columns: Int)

  /// - Parameters:
  ///   - rows, columns: of the network's map.
  init(rows: Int, columns: Int, _ context: DecodingContext) {
    placement = context.placement
    source = (rows, columns)
    shown = placement.toInput(
      Box(x: 0, y: 0, width: Float(context.frameWidth), height: Float(context.frameHeight)))
    self.columns = FrameGrid.cells(shown.width, placement.width, columns)
    self.rows = FrameGrid.cells(shown.height, placement.height, rows)
  }

  var count: Int { rows * columns }

  /// Calls `body` with each cell's index and where in the network's map it lies. Cells that the input did not show are
  /// left out.
  func forEach(_ body: (_ cell: Int, _ row: Int, _ column: Int) -> Void) {
    for row in 0..<rows {
      let y = shown.y + (Float(row) + 0.5) * shown.height / Float(rows)
      guard y >= 0, y < Float(placement.height) else { continue }
      let sourceRow = min(source.rows - 1, Int(saturating: y * Float(source.rows) / Float(placement.height)))
      for column in 0..<columns {
        let x = shown.x + (Float(column) + 0.5) * shown.width / Float(columns)
        guard x >= 0, x < Float(placement.width) else { continue }
        let sourceColumn = min(source.columns - 1, Int(saturating: x * Float(source.columns) / Float(placement.width)))
        body(row * columns + column, sourceRow, sourceColumn)
      }
    }
  }

  private static func cells(_ shown: Float, _ input: Int, _ source: Int) -> Int {
    let wanted = (shown * Float(source) / Float(max(1, input))).rounded()
    return min(4096, max(1, wanted.isFinite ? Int(saturating: min(max(wanted, 1), 4096)) : 1))
  }
}
