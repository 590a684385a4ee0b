import Glibc
import Inference
import TestSupport
import Testing

@Suite struct RecurrentTests {
  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  /// An LSTM written straight from its equations: gates in the order input, output, forget, cell.
  private func lstm(_ x: [[Double]], _ w: [[Double]], _ r: [[Double]], _ b: [Double], hidden: Int) -> [[Double]] {
    var h = [Double](repeating: 0, count: hidden)
    var c = h
    return x.map { input in
      let gates = (0..<(4 * hidden)).map { row in
        zip(w[row], input).reduce(0) { $0 + $1.0 * $1.1 } + zip(r[row], h).reduce(0) { $0 + $1.0 * $1.1 } + b[row]
          + b[4 * hidden + row]
      }
      for unit in 0..<hidden {
        let (i, o) = (sigmoid(gates[unit]), sigmoid(gates[hidden + unit]))
        let (f, g) = (sigmoid(gates[2 * hidden + unit]), tanh(gates[3 * hidden + unit]))
        c[unit] = f * c[unit] + i * g
        h[unit] = o * tanh(c[unit])
      }
      return h
    }
  }

  private func rows(_ x: Tensor, _ count: Int) -> [[Double]] {
    let all = x.array(of: Float.self).map(Double.init)
    return stride(from: 0, to: all.count, by: count).map { Array(all[$0..<($0 + count)]) }
  }

  @Test func theLSTMFollowsItsEquations() throws {
    var random = SeededGenerator(31)
    let (steps, input, hidden) = (5, 3, 4)
    let x = random.floats([steps, 1, input])
    let w = random.floats([1, 4 * hidden, input])
    let r = random.floats([1, 4 * hidden, hidden])
    let b = random.floats([1, 8 * hidden])
    let outputs = try OperatorHarness.tensors(
      "LSTM", ["hidden_size": .int(Int64(hidden))], [x, w, r, b], outputs: 3)
    let expected = lstm(
      rows(x, input), rows(w, input), rows(r, hidden), b.array(of: Float.self).map(Double.init), hidden: hidden)
    #expect(outputs[0].shape == [steps, 1, 1, hidden])
    #expect(isClose(outputs[0].array(of: Float.self), expected.joined().map { Float($0) }))
    #expect(isClose(outputs[1].array(of: Float.self), (expected.last ?? []).map { Float($0) }))
  }

  @Test(arguments: [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
  func backwardsIsForwardsOfTheReversedSequence(name: String, gates: Int) throws {
    var random = SeededGenerator(32)
    let (steps, batch, input, hidden) = (6, 2, 3, 5)
    let x = random.floats([steps, batch, input])
    let w = random.floats([1, gates * hidden, input])
    let r = random.floats([1, gates * hidden, hidden])
    let size: [String: NodeAttributes.Attribute] = ["hidden_size": .int(Int64(hidden))]
    let backwards = try OperatorHarness.tensors(
      name, size.merging(["direction": .string("reverse")]) { $1 }, [x, w, r], outputs: 2)
    let lengths = Tensor([batch], [Int64](repeating: Int64(steps), count: batch))
    func reversed(_ tensor: Tensor) throws -> Tensor {
      try OperatorHarness.tensor("ReverseSequence", [tensor, lengths])
    }
    let forwards = try OperatorHarness.tensors(name, size, [try reversed(x), w, r], outputs: 2)
    let flat = try OperatorHarness.tensor("Squeeze", [forwards[0], Tensor([1], [Int64(1)])])
    #expect(isClose(backwards[0].array(of: Float.self), try reversed(flat).array(of: Float.self)))
    #expect(isClose(backwards[1].array(of: Float.self), forwards[1].array(of: Float.self)))
  }

  @Test(arguments: ["RNN", "GRU", "LSTM"])
  func batchFirstIsTheSameWithAxesExchanged(name: String) throws {
    var random = SeededGenerator(33)
    let gates = ["RNN": 1, "GRU": 3, "LSTM": 4][name] ?? 1
    let (steps, batch, input, hidden) = (4, 3, 2, 3)
    let x = random.floats([steps, batch, input])
    let w = random.floats([2, gates * hidden, input])
    let r = random.floats([2, gates * hidden, hidden])
    let b = random.floats([2, 2 * gates * hidden])
    let both: [String: NodeAttributes.Attribute] = [
      "hidden_size": .int(Int64(hidden)), "direction": .string("bidirectional"),
    ]
    let timeFirst = try OperatorHarness.tensors(name, both, [x, w, r, b], outputs: 2)
    let turned = try OperatorHarness.tensor("Transpose", ["perm": .ints([1, 0, 2])], [x])
    let batchFirst = try OperatorHarness.tensors(
      name, both.merging(["layout": .int(1)]) { $1 }, [turned, w, r, b], outputs: 2)
    #expect(batchFirst[0].shape == [batch, steps, 2, hidden])
    let expected = try OperatorHarness.tensor("Transpose", ["perm": .ints([2, 0, 1, 3])], [timeFirst[0]])
    #expect(isClose(batchFirst[0].array(of: Float.self), expected.array(of: Float.self)))
  }

  @Test func shortSequencesRestAtTheirEnd() throws {
    var random = SeededGenerator(34)
    let (w, r) = (random.floats([1, 2, 2]), random.floats([1, 2, 2]))
    let x = random.floats([3, 2, 2])
    let y = try OperatorHarness.tensors(
      "RNN", ["hidden_size": .int(2)], [x, w, r, nil, Tensor([2], [1, 3] as [Int32])], outputs: 2)
    let all = y[0].array(of: Float.self)
    #expect(Array(all[4..<6]) == [0, 0] && Array(all[8..<10]) == [0, 0])
    #expect(Array(y[1].array(of: Float.self)[..<2]) == Array(all[..<2]))
  }
}
