import Perception
import TestSupport
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

  /// The form that takes single pairs, against the one that takes them all.
  @Test func pairsGiveTheSameSum() {
    var random = SeededGenerator(11)
    for round in 0..<300 {
      let rows = 1 + Int(random.unit() * 12)
      let columns = 1 + Int(random.unit() * 12)
      let share = Float(round % 5) / 5
      var costs = [Float](repeating: .infinity, count: rows * columns)
      var pairs: [Assignment.Pair] = []
      for row in 0..<rows {
        for column in 0..<columns where random.unit() < share {
          costs[row * columns + column] = random.unit() * 1.2
          pairs.append(Assignment.Pair(row: row, column: column, cost: costs[row * columns + column]))
        }
      }
      func sum(_ chosen: [Int?]) -> Float {
        let taken = chosen.compactMap { $0 }
        #expect(Set(taken).count == taken.count)
        return chosen.enumerated().reduce(0) { sum, pair in
          sum + (pair.element.map { costs[pair.offset * columns + $0] } ?? 1)
        }
      }
      let whole = sum(Assignment.solve(costs, rows: rows, columns: columns, limit: 1))
      let apart = sum(Assignment.solve(pairs: pairs, rows: rows, columns: columns, limit: 1))
      #expect(abs(whole - apart) < 1e-3)
    }
  }

  /// A heap that is too large to be solved exactly is still paired, each once.
  @Test func largeHeapsArePairedGreedily() {
    var random = SeededGenerator(12)
    let size = 600
    let pairs = (0..<size * size).map {
      Assignment.Pair(row: $0 / size, column: $0 % size, cost: $0 / size == $0 % size ? 0 : 0.5 + random.unit())
    }
    let chosen = Assignment.solve(pairs: pairs, rows: size, columns: size, limit: 2)
    #expect(chosen == (0..<size).map { $0 })
  }

  @Test func nothingToPair() {
    #expect(Assignment.solve([], rows: 0, columns: 3, limit: 1) == [])
    #expect(Assignment.solve([], rows: 2, columns: 0, limit: 1) == [nil, nil])
    #expect(Assignment.solve([.nan], rows: 1, columns: 1, limit: 1) == [nil])
  }
}
