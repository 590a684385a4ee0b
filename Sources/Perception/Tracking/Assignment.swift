/// Optimal assignment: the pairs of rows and columns whose costs sum to the least.
package enum Assignment {
  /// A pair that may be made.
  package struct Pair: Sendable {
    package var row: Int
    package var column: Int
    package var cost: Float

    package init(row: Int, column: Int, cost: Float) {
      self.row = row
      self.column = column
      self.cost = cost
    }
  }

  /// Steps of the exact method that a group of rows and columns is worth: a few hundredths of a second.
  private static let exactSteps = 20_000_000

  /// For each row its column, or nil where the row stays alone, at the price of `limit`: the least sum over the pairs given.
  ///
  /// Rows and columns that no pair connects do not matter to each other: each connected group is solved on its own, exactly
  /// where the work is bounded, else greedily, the cheapest pair first. So the work is bounded by the number of pairs.
  /// - Parameter pairs: each row and column once at most together; costs of `limit` or more count for nothing.
  package static func solve(pairs: [Pair], rows: Int, columns: Int, limit: Float) -> [Int?] {
    var columnOf = [Int?](repeating: nil, count: rows)
    let possible = pairs.filter { $0.cost < limit }
    for group in groups(possible, rows: rows, columns: columns) {
      if group.count == 1 {
        columnOf[group[0].row] = group[0].column
        continue
      }
      let (rowPlaces, ownRows) = places(group.map(\.row))
      let (columnPlaces, ownColumns) = places(group.map(\.column))
      let width = ownColumns.count + ownRows.count
      guard ownRows.count * ownRows.count <= exactSteps / width else {
        greedy(group, &columnOf, columns: columns)
        continue
      }
      var costs = [Float](repeating: .infinity, count: ownRows.count * ownColumns.count)
      for (index, pair) in group.enumerated() {
        costs[rowPlaces[index] * ownColumns.count + columnPlaces[index]] = pair.cost
      }
      let chosen = solve(costs, rows: ownRows.count, columns: ownColumns.count, limit: limit)
      for (place, column) in chosen.enumerated() { columnOf[ownRows[place]] = column.map { ownColumns[$0] } }
    }
    return columnOf
  }

  /// Each number's place among the different ones, and those.
  private static func places(_ numbers: [Int]) -> (places: [Int], different: [Int]) {
    var known: [Int: Int] = [:]
    var different: [Int] = []
    let places = numbers.map { number in
      if let place = known[number] { return place }
      known[number] = different.count
      different.append(number)
      return different.count - 1
    }
    return (places, different)
  }

  /// The pairs by the connected groups of rows and columns that they form.
  private static func groups(_ pairs: [Pair], rows: Int, columns: Int) -> [[Pair]] {
    var parent = Array(0..<rows + columns)
    func root(_ node: Int) -> Int {
      var node = node
      while parent[node] != node {
        parent[node] = parent[parent[node]]
        node = parent[node]
      }
      return node
    }
    for pair in pairs { parent[root(pair.row)] = root(rows + pair.column) }
    var order: [Int: Int] = [:]
    var groups: [[Pair]] = []
    for pair in pairs {
      let group = root(pair.row)
      if let place = order[group] {
        groups[place].append(pair)
      } else {
        order[group] = groups.count
        groups.append([pair])
      }
    }
    return groups
  }

  private static func greedy(_ group: [Pair], _ columnOf: inout [Int?], columns: Int) {
    var isTaken = [Bool](repeating: false, count: columns)
    for pair in group.sorted(by: { ($0.cost, $0.row, $0.column) < ($1.cost, $1.row, $1.column) })
    where columnOf[pair.row] == nil && !isTaken[pair.column] {
      columnOf[pair.row] = pair.column
      isTaken[pair.column] = true
    }
  }

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
