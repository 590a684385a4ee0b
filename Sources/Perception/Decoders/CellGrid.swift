/// The cells of several grids over one input, numbered one grid after another, row by row.
struct CellGrid {
  private struct Level {
    var first: Int
    var columns: Int
    var stride: Int
  }

  private let levels: [Level]
  /// All cells.
  let count: Int

  init(strides: [Int], width: Int, height: Int) {
    var first = 0
    var levels: [Level] = []
    for stride in strides {
      let columns = (width + stride - 1) / stride
      levels.append(Level(first: first, columns: columns, stride: stride))
      first += columns * ((height + stride - 1) / stride)
    }
    self.levels = levels
    count = first
  }

  func cell(_ index: Int) -> (row: Int, column: Int, stride: Float) {
    guard let level = levels.last(where: { $0.first <= index }) else { return (0, 0, 1) }
    let local = index - level.first
    return (local / level.columns, local % level.columns, Float(level.stride))
  }
}
