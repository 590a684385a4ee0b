import Foundation
import Ground
import Inference
import TestSupport
import Testing

/// What a file declares or computes is paid for from one budget of memory and time, and refused in one line.
@Suite(.serialized) struct BudgetTests {
  private static let small = NetworkLimits(memory: 64 << 20, seconds: 1.5)

  /// Loads and runs the network on tiny inputs; expects one line about a limit, soon and without the memory.
  private func expectRefusal(
    _ what: String, _ model: OnnxModel, _ inputs: [Tensor] = [], limits: NetworkLimits = BudgetTests.small
  ) throws {
    for (optimize, exact) in [(true, false), (true, true), (false, false)] {
      let start = MonotonicTime.now
      let before = try residentMebibytes()
      do {
        let network = try model.load(NetworkOptions(exact: exact, optimize: optimize, limits: limits))
        _ = try network.run(inputs)
        Issue.record("not refused: \(what)")
      } catch let error as InferenceError {
        #expect(error.kind == .overLimit, "\(what): \(error)")
        #expect(!error.line.contains("\n") && error.line.contains("--network-"), "\(what): \(error)")
      }
      #expect(try residentMebibytes() - before < 400, "\(what)")
      #expect(MonotonicTime.now.milliseconds(since: start) < 30_000, "\(what)")
    }
  }

  private func residentMebibytes() throws -> Int {
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return Int(pages[1]).map { $0 * 4096 >> 20 } ?? 0
  }

  private static func graph(_ nodes: [OnnxNode], inputs: [(String, ElementType, [Int])] = [], output: String = "y")
    -> OnnxGraph
  {
    var graph = OnnxGraph()
    graph.nodes = nodes
    graph.inputs = inputs
    graph.outputs = [output]
    return graph
  }

  @Test func inputsThatNobodyCouldGive() throws {
    for shape in [[1 << 40], [3, 1 << 40, 5], [1 << 31, 1 << 31, 1 << 31], [1 << 20, 1 << 12]] {
      let graph = BudgetTests.graph(
        [OnnxNode("Relu", ["x"], ["a"]), OnnxNode("Sqrt", ["a"], ["y"])], inputs: [("x", .float32, shape)])
      #expect(throws: InferenceError.self) { try OnnxModel(graph: graph).load() }
    }
    let many = BudgetTests.graph(
      [OnnxNode("Add", ["a", "b"], ["y"])], inputs: [("a", .float32, [1 << 23]), ("b", .float32, [1 << 23])])
    #expect(throws: InferenceError.self) { try OnnxModel(graph: many).load(NetworkOptions(limits: BudgetTests.small)) }
  }

  @Test func tensorsThatAreOnlyDescribed() throws {
    let size = Tensor([2], [1 << 12, 1 << 13] as [Int64])
    let one = Tensor([1, 1], [1] as [Float])
    for (name, node, constants) in [
      ("ConstantOfShape", OnnxNode("ConstantOfShape", ["s"], ["y"]), [("s", size)]),
      ("Expand", OnnxNode("Expand", ["o", "s"], ["y"]), [("s", size), ("o", one)]),
      ("Tile", OnnxNode("Tile", ["o", "s"], ["y"]), [("s", size), ("o", one)]),
      (
        "Pad", OnnxNode("Pad", ["o", "p"], ["y"]),
        [("o", one), ("p", Tensor([4], [0, 0, 1 << 12, 1 << 13] as [Int64]))]
      ),
      (
        "Range", OnnxNode("Range", ["a", "b", "c"], ["y"]),
        [("a", Tensor(scalar: Int64(0))), ("b", Tensor(scalar: Int64(1 << 26))), ("c", Tensor(scalar: Int64(1)))]
      ),
      (
        "OneHot", OnnxNode("OneHot", ["i", "d", "v"], ["y"]),
        [
          ("i", Tensor([64], [Int64](repeating: 1, count: 64))), ("d", Tensor([1], [1 << 20] as [Int64])),
          ("v", Tensor([2], [0, 1] as [Float])),
        ]
      ),
      (
        "Resize", OnnxNode("Resize", ["o", "", "", "s"], ["y"], [("mode", .string("linear"))]),
        [("o", one), ("s", size)]
      ),
      ("EyeLike", OnnxNode("RandomNormal", [], ["y"], [("shape", .ints([1 << 12, 1 << 13]))]), []),
    ] as [(String, OnnxNode, [(String, Tensor)])] {
      // Alone, and with something behind it that a plan could run.
      for behind in [false, true] {
        var first = node
        if behind { first.outputs = ["t"] }
        var graph = BudgetTests.graph(behind ? [first, OnnxNode("Neg", ["t"], ["y"])] : [first])
        graph.initializers = constants
        try expectRefusal(name, OnnxModel(graph: graph, opset: 18))
      }
    }
  }

  @Test func doubling() throws {
    var strings = BudgetTests.graph(
      (0..<40).map { OnnxNode("StringConcat", ["t\($0)", "t\($0)"], ["t\($0 + 1)"]) }, output: "t40")
    strings.nodes.insert(
      OnnxNode("Constant", [], ["t0"], [("value_strings", .strings([String(repeating: "a", count: 1000)]))]), at: 0)
    try expectRefusal("texts", OnnxModel(graph: strings, opset: 20))
    let floats = BudgetTests.graph(
      (0..<40).map { OnnxNode("Concat", ["t\($0)", "t\($0)"], ["t\($0 + 1)"], [("axis", .int(0))]) },
      inputs: [("t0", .float32, [4])], output: "t40")
    for limits in [BudgetTests.small, NetworkLimits(memory: 64 << 20)] {
      // Beyond the largest tensor the shape alone is refused.
      do {
        _ = try OnnxModel(graph: floats).load(NetworkOptions(limits: limits)).run([
          Tensor([4], [1, 2, 3, 4] as [Float])
        ])
        Issue.record("not refused")
      } catch let error as InferenceError {
        #expect(error.kind == .overLimit || error.kind == .badShape)
      }
    }
  }

  private static func loop(_ turns: Int64, _ nodes: [OnnxNode], scan: String) -> OnnxModel {
    var body = graph(nodes, inputs: [("i", .int64, []), ("c", .bool, [])])
    body.nodes.append(OnnxNode("Identity", ["c"], ["c2"]))
    body.outputs = ["c2", scan]
    var outer = graph([OnnxNode("Loop", ["m", ""], ["y"], [("body", .graph(body))])])
    outer.initializers = [("m", Tensor(scalar: turns))]
    return OnnxModel(graph: outer)
  }

  @Test func loops() throws {
    // Memory: each turn stacks a mebibyte.
    let large = BudgetTests.loop(
      10_000,
      [OnnxNode("ConstantOfShape", ["s"], ["r"]), OnnxNode("Constant", [], ["s"], [("value_ints", .ints([1 << 18]))])],
      scan: "r")
    try expectRefusal("what a loop stacks", large)
    // Time: each turn multiplies matrices of integers, which nothing makes fast.
    let slow = BudgetTests.loop(
      100_000,
      [
        OnnxNode("Constant", [], ["s"], [("value_ints", .ints([160, 160]))]),
        OnnxNode("ConstantOfShape", ["s"], ["a"], [("value", .tensor(Tensor([1], [3] as [Int64])))]),
        OnnxNode("MatMul", ["a", "a"], ["p"]), OnnxNode("ReduceMax", ["p"], ["r"], [("keepdims", .int(0))]),
      ], scan: "r")
    try expectRefusal("a loop that takes long", slow, limits: NetworkLimits(memory: 256 << 20, seconds: 0.5))
  }

  @Test func oneOperatorThatTakesLong() throws {
    let size = Tensor([2], [1200, 1200] as [Int64])
    for (name, nodes) in [
      ("MatMul", [OnnxNode("MatMul", ["a", "a"], ["y"])]),
      ("Einsum", [OnnxNode("Einsum", ["a", "a"], ["y"], [("equation", .string("ij,jk->ik"))])]),
      ("Gemm", [OnnxNode("Gemm", ["a", "a"], ["y"])]),
    ] {
      var graph = BudgetTests.graph(
        [OnnxNode("ConstantOfShape", ["s"], ["a"], [("value", .tensor(Tensor([1], [3] as [Int64])))])] + nodes)
      graph.initializers = [("s", size)]
      try expectRefusal(name, OnnxModel(graph: graph), limits: NetworkLimits(memory: 256 << 20, seconds: 0.05))
    }
  }

  @Test func windowsAsLargeAsThePicture() throws {
    for (name, type) in [("MaxPool", ElementType.float32), ("AveragePool", .float32), ("AveragePool", .float64)] {
      let node = OnnxNode(
        name, ["x"], ["y"], [("kernel_shape", .ints([999, 999])), ("pads", .ints([499, 499, 499, 499]))])
      let graph = BudgetTests.graph([node], inputs: [("x", type, [1, 1, 1000, 1000])])
      let x = try Tensor(uninitialized: type, [1, 1, 1000, 1000])
      x.storage.bytes.initializeMemory(as: UInt8.self, repeating: 0)
      try expectRefusal(name, OnnxModel(graph: graph), [x], limits: NetworkLimits(memory: 256 << 20, seconds: 0.5))
    }
  }

  @Test func functionsThatCallTwice() throws {
    let functions = (0..<30).map { level in
      OnnxFunction(
        domain: "l", name: "f\(level)", inputs: ["x"], outputs: ["y"],
        nodes: level == 0
          ? [OnnxNode("Neg", ["x"], ["y"])]
          : [
            OnnxNode("f\(level - 1)", ["x"], ["t"], domain: "l"), OnnxNode("f\(level - 1)", ["t"], ["y"], domain: "l"),
          ])
    }
    let graph = BudgetTests.graph([OnnxNode("f29", ["x"], ["y"], domain: "l")], inputs: [("x", .float32, [1])])
    try expectRefusal("inlining", OnnxModel(graph: graph, functions: functions), [Tensor([1], [1] as [Float])])
  }

  @Test func whatIsAllowedRuns() throws {
    // Just inside the limits that the refused ones pass.
    var graph = BudgetTests.graph([OnnxNode("ConstantOfShape", ["s"], ["t"]), OnnxNode("ReduceMax", ["t"], ["y"])])
    graph.initializers = [("s", Tensor([1], [8 << 20] as [Int64]))]
    let network = try OnnxModel(graph: graph).load(NetworkOptions(limits: BudgetTests.small))
    for _ in 0..<20 { #expect(try network.run([])[0].array(of: Float.self) == [0]) }
  }

  @Test func changingShapesDoNotAddUp() throws {
    // Three plans of 24 MiB do not fit 64 MiB beside each other; the older ones go.
    let nodes = [OnnxNode("Sigmoid", ["x"], ["a"]), OnnxNode("Exp", ["a"], ["b"]), OnnxNode("Add", ["a", "b"], ["y"])]
    var graph = BudgetTests.graph(nodes)
    graph.inputs = [("x", .float32, [-1])]
    let network = try OnnxModel(graph: graph).load(NetworkOptions(limits: BudgetTests.small))
    for round in 0..<8 {
      let count = (3 << 20) + round
      let result = try network.run([Tensor([count], [Float](repeating: 0, count: count))])[0]
      let first: Float = result.elements(as: Float.self)[0]
      #expect(result.count == count)
      #expect(abs(first - 2.1487212) < 1e-4)
    }
  }

  @Test func budgetsFollowTheMachine() {
    let gigabyte = 1 << 30
    #expect(NetworkBudget(machineBytes: 64 * gigabyte).memoryLimit == gigabyte)
    #expect(NetworkBudget(machineBytes: 2 * gigabyte).memoryLimit == gigabyte)
    #expect(NetworkBudget(machineBytes: gigabyte).memoryLimit == gigabyte / 2)
    #expect(NetworkBudget(limits: NetworkLimits(memory: 5), machineBytes: gigabyte).memoryLimit == 5)
    #expect(MachineMemory.byteCount > 1 << 26)
  }
}
