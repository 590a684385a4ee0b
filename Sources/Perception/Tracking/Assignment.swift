/// Optimal assignment: the pairs of rows and columns whose costs sum to the least.
package enum Assignment {
  /// For each row its column, or nil where the row stays alone.
  ///
  /// The shortest-augmenting-path form of the Hungarian method (Jonker and Volgenant, 1987), O(n³). Pairs that cost
  /// `limit` or more are never made: staying alone costs `limit`.
  /// - Parameter costs: row-major, `rows` by `columns`; values that are not finite count as forbidden.
  package static func solve(_ costs: [Float], rows: Int, columns: Int, limit: Float) -> [Int?] {
    guard rows > 0, columns > 0, costs.count >= rows * columns else {
      return [Int?](repeating: nil, count: max(0, rows))
    }
    // Every row gets a column of its own to be alone in, at the price of `limit`.
    let width = columns + rows
    func cost(_ row: Int, _ column: Int) -> Float {
      if column >= columns { return column - columns == row ? limit : .infinity }
      let value = costs[row * columns + column]
      return value < limit ? value : .infinity
    }
    // 1-based potentials and matching; column 0 is the virtual start.
    var u = [Float](repeating: 0, count: rows + 1)
    var v = [Float](repeating: 0, count: width + 1)
    var rowOf = [Int](repeating: 0, count: width + 1)
    var way = [Int](repeating: 0, count: width + 1)
    for row in 1...rows {
      rowOf[0] = row
      var column = 0
      var least = [Float](repeating: .infinity, count: width + 1)
      var used = [Bool](repeating: false, count: width + 1)
      repeat {
        used[column] = true
        let here = rowOf[column]
        var delta = Float.infinity
        var next = 0
        for j in 1...width where !used[j] {
          let reduced = cost(here - 1, j - 1) - u[here] - v[j]
          if reduced < least[j] {
            least[j] = reduced
            way[j] = column
          }
          if least[j] < delta {
            delta = least[j]
            next = j
          }
        }
        for j in 0...width {
          if used[j] {
            u[rowOf[j]] += delta
            v[j] -= delta
          } else {
            least[j] -= delta
          }
        }
        column = next
      } while rowOf[column] != 0
      while column != 0 {
        rowOf[column] = rowOf[way[column]]
        column = way[column]
      }
    }
    var columnOf = [Int?](repeating: nil, count: rows)
    for j in 1...width where rowOf[j] != 0 && j <= columns { columnOf[rowOf[j] - 1] = j - 1 }
    return columnOf
  }
}
