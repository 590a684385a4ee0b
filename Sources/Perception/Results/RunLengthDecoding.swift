import Ground
import Vision

extension RunLengthMask {
  /// The mask again, a cell a pixel over what is set; nil when the runs do not fill the frame exactly, or when the cells are
  /// more than `budget` has left.
  public func mask(_ budget: CellBudget = CellBudget()) -> Mask? {
    guard size.count == 2, (1...16384).contains(size[0]), (1...16384).contains(size[1]), let runs = runs() else {
      return nil
    }
    let (height, width) = (size[0], size[1])
    guard let bounds = bounds(of: runs, height: height, total: width * height) else { return nil }
    guard let (columns, rows) = bounds else {
      // Nothing is set: one cell says it.
      return Mask(
        region: Box(x: 0, y: 0, width: Float(width), height: Float(height)), columns: 1, rows: 1, bits: [0])
    }
    guard budget.spend(columns.count * rows.count) else { return nil }
    var bits = [UInt8](repeating: 0, count: columns.count * rows.count)
    var position = 0
    for (number, run) in runs.enumerated() {
      if number % 2 == 1 {
        // Runs go down the columns; cells lie row by row.
        for place in position..<position + run {
          bits[(place % height - rows.lowerBound) * columns.count + place / height - columns.lowerBound] = 1
        }
      }
      position += run
    }
    return Mask(
      region: Box(
        x: Float(columns.lowerBound), y: Float(rows.lowerBound), width: Float(columns.count),
        height: Float(rows.count)),
      columns: columns.count, rows: rows.count, bits: bits)
  }

  /// Which columns and rows the set pixels lie in, `.some(nil)` where none is set; nil when the runs do not fill `total`
  /// pixels exactly.
  private func bounds(of runs: [Int], height: Int, total: Int) -> (columns: Range<Int>, rows: Range<Int>)?? {
    var position = 0
    var found: (columns: Range<Int>, rows: Range<Int>)?
    for (number, run) in runs.enumerated() {
      guard run >= 0, run <= total - position else { return nil }
      if number % 2 == 1, run > 0 {
        let last = position + run - 1
        let columns = position / height..<last / height + 1
        // A run over more than one column touches the lower and the upper edge.
        let rows = columns.count > 1 ? 0..<height : position % height..<last % height + 1
        found =
          found.map {
            (
              min($0.columns.lowerBound, columns.lowerBound)..<max($0.columns.upperBound, columns.upperBound),
              min($0.rows.lowerBound, rows.lowerBound)..<max($0.rows.upperBound, rows.upperBound)
            )
          } ?? (columns, rows)
      }
      position += run
    }
    return position == total ? .some(found) : nil
  }

  /// The run lengths: five bits a character, differences to the run before last (`rleFrString` of COCO's tool).
  func runs() -> [Int]? {
    var runs: [Int] = []
    var characters = counts.utf8.makeIterator()
    while let first = characters.next() {
      var value = 0
      var shift = 0
      var character = Int(first) - 48
      while true {
        guard (0..<64).contains(character), shift < 40 else { return nil }
        value |= (character & 0x1f) << shift
        shift += 5
        if character & 0x20 == 0 { break }
        guard let next = characters.next() else { return nil }
        character = Int(next) - 48
      }
      if character & 0x10 != 0 { value |= -1 << shift }
      if runs.count > 2 { value += runs[runs.count - 2] }
      guard value >= 0, value <= 1 << 40 else { return nil }
      runs.append(value)
    }
    return runs
  }
}
