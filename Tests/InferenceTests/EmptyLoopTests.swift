import Inference
import TestSupport
import Testing

/// Loops of no turn keep type, rank and inner shape of what they stack, as ONNX Runtime's do.
@Suite struct EmptyLoopTests {
  /// How the body says what its scan output is.
  private enum Declaration: CaseIterable { case full, symbolic, typeOnly, none }

  private static func declare(_ declaration: Declaration, _ type: ElementType, _ shape: [Int], _ graph: inout OnnxGraph)
  {
    switch declaration {
    case .full: graph.declared["s"] = (type, shape)
    case .symbolic: graph.declared["s"] = (type, shape.map { _ in nil })
    case .typeOnly: graph.outputType = type
    case .none: break
    }
  }

  private static func body(_ row: Tensor, _ declaration: Declaration) -> OnnxGraph {
    var graph = OnnxGraph()
    graph.inputs = [("i", .int64, []), ("c", .bool, []), ("v", .float32, [2])]
    graph.nodes = [
      OnnxNode("Add", ["v", "v"], ["v2"]), OnnxNode("Identity", ["c"], ["c2"]), OnnxNode("Identity", ["r"], ["s"]),
    ]
    graph.initializers = [("r", row)]
    graph.outputs = ["c2", "v2", "s"]
    declare(declaration, row.type, row.shape, &graph)
    return graph
  }

  private static let rows: [Tensor] = [
    Tensor([4], [Float](repeating: 1, count: 4)), Tensor([2, 3], [Int64](repeating: 7, count: 6)),
    Tensor(scalar: true), Tensor([1, 0, 5], [UInt8]()), Tensor([3], [Double](repeating: 0.5, count: 3)),
  ]

  @Test(arguments: [0, 1, 3], [true, false]) func loop(count: Int, exact: Bool) throws {
    for row in EmptyLoopTests.rows {
      for declaration in Declaration.allCases where declaration != .typeOnly || row.type == .float32 {
        var graph = OnnxGraph()
        graph.inputs = [("m", .int64, []), ("k", .bool, []), ("v", .float32, [2])]
        graph.nodes = [
          OnnxNode("Loop", ["m", "k", "v"], ["y", "z"], [("body", .graph(EmptyLoopTests.body(row, declaration)))]),
          OnnxNode("Concat", ["z", "z"], ["zz"], [("axis", .int(0))]), OnnxNode("Shape", ["z"], ["d"]),
        ]
        graph.outputs = ["z", "zz", "d", "y"]
        let network = try OnnxModel(graph: graph).load(NetworkOptions(exact: exact))
        let start = Tensor([2], [1.5, -2] as [Float])
        let results = try network.run([Tensor(scalar: Int64(count)), Tensor(scalar: true), start])
        #expect(results[0].type == row.type && results[0].shape == [count] + row.shape, "\(declaration)")
        #expect(results[1].shape == [2 * count] + row.shape)
        #expect(results[2].array(of: Int64.self) == ([count] + row.shape).map(Int64.init))
        #expect(results[3].array(of: Float.self)[0] == 1.5 * Float(1 << count))
        // A condition that is false from the start, and a negative count.
        for (turns, goes) in [(5, false), (-3, true)] {
          let none = try network.run([Tensor(scalar: Int64(turns)), Tensor(scalar: goes), start])
          #expect(none[0].type == row.type && none[0].shape == [0] + row.shape, "\(declaration)")
          #expect(none[3].array(of: Float.self) == [1.5, -2])
        }
      }
    }
  }

  @Test(arguments: [0, 2]) func scan(length: Int) throws {
    for declaration in [Declaration.full, .symbolic, .none] {
      for (axis, backwards) in [(0, 0), (1, 1), (-1, 0)] {
        var body = OnnxGraph()
        body.inputs = [("t", .float32, [3]), ("x", .float32, [3])]
        body.nodes = [
          OnnxNode("Add", ["t", "x"], ["t2"]), OnnxNode("Cast", ["x"], ["s"], [("to", .int(7))]),
        ]
        body.outputs = ["t2", "s"]
        EmptyLoopTests.declare(declaration, .int64, [3], &body)
        var graph = OnnxGraph()
        graph.inputs = [("t", .float32, [3]), ("x", .float32, [3, length])]
        graph.nodes = [
          OnnxNode(
            "Scan", ["t", "x"], ["y", "z"],
            [
              ("body", .graph(body)), ("num_scan_inputs", .int(1)), ("scan_input_axes", .ints([1])),
              ("scan_output_axes", .ints([Int64(axis)])), ("scan_output_directions", .ints([Int64(backwards)])),
            ])
        ]
        graph.outputs = ["y", "z"]
        let results = try OnnxModel(graph: graph).load().run([
          Tensor([3], [1, 2, 3] as [Float]), Tensor([3, length], [Float](repeating: 1, count: 3 * length)),
        ])
        #expect(results[0].array(of: Float.self) == [1, 2, 3].map { $0 + Float(length) })
        #expect(results[1].type == .int64 && results[1].shape == (axis == 0 ? [length, 3] : [3, length]))
      }
    }
  }

  @Test func sequenceMap() throws {
    var body = OnnxGraph()
    body.inputs = [("x", .float32, [2])]
    body.nodes = [OnnxNode("Neg", ["x"], ["y"])]
    body.outputs = ["y"]
    var graph = OnnxGraph()
    graph.inputs = [("x", .float32, [2])]
    graph.nodes = [
      OnnxNode("SequenceEmpty", [], ["e"], [("dtype", .int(1))]),
      OnnxNode("SequenceMap", ["e"], ["f"], [("body", .graph(body))]),
      OnnxNode("SequenceLength", ["f"], ["n"]), OnnxNode("SequenceInsert", ["f", "x"], ["g"]),
      OnnxNode("ConcatFromSequence", ["g"], ["y"], [("axis", .int(0)), ("new_axis", .int(1))]),
    ]
    graph.outputs = ["n", "y"]
    let results = try OnnxModel(graph: graph).load().run([Tensor([2], [1, 2] as [Float])])
    #expect(results[0].array(of: Int64.self) == [0])
    #expect(results[1].shape == [1, 2])
  }
}
