import Ground
import Inference
import TestSupport
import Testing

/// Planning takes about as long for each node of a large graph as for each of a small one.
@Suite(.serialized) struct LargeGraphTests {
  /// Not the usual limits: these tests also run in debug builds.
  private static let limits = NetworkLimits(memory: 8 << 30, seconds: 600)

  /// The milliseconds that loading takes, the answer looked at.
  private func load(_ model: OnnxModel, _ inputs: [Tensor], _ expected: Float) throws -> Double {
    let bytes = model.bytes
    return try withTemporaryFile(bytes) { path in
      let start = MonotonicTime.now
      let network = try OcellusNetwork(path: path, options: NetworkOptions(limits: LargeGraphTests.limits))
      let result = try network.run(inputs)[0].array(of: Float.self)
      let duration = MonotonicTime.now.milliseconds(since: start)
      #expect(abs((result.last ?? .nan) - expected) <= 1e-4 * max(1, abs(expected)))
      return duration
    }
  }

  /// Eight times the nodes in less than thirty times the time: the square would be sixty-four times.
  private func expectNoSquare(_ what: String, _ make: (Int) -> (OnnxModel, [Tensor], Float)) throws {
    let (small, large) = (make(1500), make(12_000))
    _ = try load(small.0, small.1, small.2)
    let (short, long) = (try load(small.0, small.1, small.2), try load(large.0, large.1, large.2))
    #expect(long < 30 * max(short, 20), "\(what): \(short) ms for 1,500 nodes, \(long) ms for 12,000")
  }

  private static func graph(_ nodes: [OnnxNode], _ output: String, constants: [(String, Tensor)] = []) -> OnnxModel {
    var graph = OnnxGraph()
    graph.nodes = nodes
    graph.inputs = [("x", .float32, [4])]
    graph.outputs = [output]
    graph.initializers = constants
    return OnnxModel(graph: graph)
  }

  private static let x = Tensor([4], [1, 2, 3, 4] as [Float])

  @Test func livingValues() throws {
    try expectNoSquare("values that live until the end") { count in
      let nodes = (0..<count).map { OnnxNode("Exp", ["x"], ["t\($0)"], name: "n\($0)") }
      // Different constants keep the nodes from being merged.
      let sums = (0..<count).map { OnnxNode("Add", ["t\($0)", "k\($0)"], ["s\($0)"]) }
      let all = OnnxNode("Concat", (0..<count).map { "s\($0)" }, ["y"], [("axis", .int(0))])
      let constants = (0..<count).map { ("k\($0)", Tensor([4], [Float](repeating: Float($0), count: 4))) }
      return (
        LargeGraphTests.graph(nodes + sums + [all], "y", constants: constants), [LargeGraphTests.x],
        54.59815 + Float(count - 1)
      )
    }
  }

  @Test func readersOfOneValue() throws {
    try expectNoSquare("readers of one value") { count in
      let constants = (0..<count).map { ("k\($0)", Tensor([1], [Float($0 % 7)])) }
      let nodes =
        [OnnxNode("Sigmoid", ["x"], ["h"])]
        + (0..<count).map { OnnxNode("Mul", ["h", "k\($0)"], ["t\($0)"]) }
        + [OnnxNode("Sum", (0..<count).map { "t\($0)" }, ["y"])]
      let total = (0..<count).reduce(Float(0)) { $0 + Float($1 % 7) }
      return (LargeGraphTests.graph(nodes, "y", constants: constants), [LargeGraphTests.x], total * 0.98201376)
    }
  }

  @Test func nodesThatChangeNothing() throws {
    try expectNoSquare("identities behind each other") { count in
      let nodes = (0..<count).map { OnnxNode("Identity", [$0 == 0 ? "x" : "t\($0 - 1)"], ["t\($0)"]) }
      return (LargeGraphTests.graph(nodes + [OnnxNode("Neg", ["t\(count - 1)"], ["y"])], "y"), [LargeGraphTests.x], -4)
    }
    try expectNoSquare("identities that one node reads") { count in
      let nodes = (0..<count).map { OnnxNode("Identity", ["x"], ["t\($0)"]) }
      let all = OnnxNode("Concat", (0..<count).map { "t\($0)" }, ["y"], [("axis", .int(0))])
      return (LargeGraphTests.graph(nodes + [all], "y"), [LargeGraphTests.x], 4)
    }
  }

  @Test func views() throws {
    try expectNoSquare("views of views") { count in
      let nodes = (0..<count).map { index in
        let input = index == 0 ? "x" : "t\(index - 1)"
        return index % 2 == 0
          ? OnnxNode("Unsqueeze", [input, "a"], ["t\(index)"]) : OnnxNode("Squeeze", [input, "a"], ["t\(index)"])
      }
      let end = OnnxNode("Neg", ["t\(count - 1)"], ["y"])
      return (
        LargeGraphTests.graph(nodes + [end], "y", constants: [("a", Tensor([1], [0] as [Int64]))]), [LargeGraphTests.x],
        -4
      )
    }
  }

  @Test func productsOfUnknownShape() throws {
    try expectNoSquare("late regions") { count in
      var nodes = [
        OnnxNode("NonZero", ["x"], ["z"]), OnnxNode("Cast", ["z"], ["f"], [("to", .int(1))]),
        OnnxNode("Transpose", ["f"], ["t0"], [("perm", .ints([1, 0]))]),
      ]
      nodes += (0..<count / 4).map { OnnxNode("MatMul", ["t\($0)", "w"], ["t\($0 + 1)"]) }
      return (
        LargeGraphTests.graph(nodes, "t\(count / 4)", constants: [("w", Tensor([1, 1], [1] as [Float]))]),
        [LargeGraphTests.x], 3
      )
    }
  }
}
