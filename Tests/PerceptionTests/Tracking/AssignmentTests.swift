import Perception
import Testing

@Suite struct AssignmentTests {
  /// The least cost over every way to pair, by trying them all.
  private func exhaustive(_ costs: [Float], _ rows: Int, _ columns: Int, _ limit: Float) -> Float {
    func best(_ row: Int, _ used: Set<Int>) -> Float {
      guard row < rows else { return 0 }
      var least = limit + best(row + 1, used)
      for column in 0..<columns where !used.contains(column) && costs[row * columns + column] < limit {
        least = min(least, costs[row * columns + column] + best(row + 1, used.union([column])))
      }
      return least
    }
    return best(0, [])
  }

  @Test func isOptimal() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<400 {
      let rows = Int.random(in: 1...5, using: &random)
      let columns = Int.random(in: 1...5, using: &random)
      let costs = (0..<rows * columns).map { _ in
        Bool.random(using: &random) ? Float.random(in: 0...1.5, using: &random) : .infinity
      }
      let pairs = Assignment.solve(costs, rows: rows, columns: columns, limit: 1)
      let taken = pairs.compactMap { $0 }
      #expect(Set(taken).count == taken.count)
      var cost: Float = 0
      for (row, column) in pairs.enumerated() { cost += column.map { costs[row * columns + $0] } ?? 1 }
      #expect(abs(cost - exhaustive(costs, rows, columns, 1)) < 1e-4)
    }
  }

  @Test func nothingToPair() {
    #expect(Assignment.solve([], rows: 0, columns: 3, limit: 1) == [])
    #expect(Assignment.solve([], rows: 2, columns: 0, limit: 1) == [nil, nil])
    #expect(Assignment.solve([.nan], rows: 1, columns: 1, limit: 1) == [nil])
  }
}
