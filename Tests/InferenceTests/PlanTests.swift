import CAllocations
import Ground
import Inference
import TestSupport
import Testing

/// Plans give the reference tier's answers: on random graphs, through changing shapes, under every thread count.
@Suite(.serialized) struct PlanTests {
  /// Grows a random convolutional graph, keeping the shape of every value.
  private struct RandomGraph {
    var random: SeededGenerator
    var graph = OnnxGraph()
    var values: [(name: String, shape: [Int])] = []

    init(seed: UInt64, channels: Int, size: Int, batch: Int) {
      random = SeededGenerator(seed)
      graph.inputs = [("x", .float32, [batch, channels, size, size])]
      values = [("x", [batch, channels, size, size])]
    }

    private mutating func add(
      _ type: String, _ inputs: [String], _ shapes: [[Int]], _ attributes: [(String, OnnxAttribute)] = []
    ) {
      let names = shapes.indices.map { "v\(values.count + $0)" }
      graph.nodes.append(OnnxNode(type, inputs, names, attributes))
      values += zip(names, shapes).map { ($0, $1) }
    }

    private mutating func constant(_ tensor: Tensor) -> String {
      let name = "k\(graph.initializers.count)"
      graph.initializers.append((name, tensor))
      return name
    }

    mutating func grow() {
      let pick = values[Int.random(in: max(0, values.count - 6)..<values.count, using: &random)]
      let (n, c, h, w) = (pick.shape[0], pick.shape[1], pick.shape[2], pick.shape[3])
      switch Int.random(in: 0..<13, using: &random) {
      case 0, 1, 2: growConvolution(pick.name, pick.shape)
      case 3:
        let type = ["Relu", "Sigmoid", "HardSwish", "Tanh", "Elu", "Abs"].randomElement(using: &random) ?? "Relu"
        add(type, [pick.name], [pick.shape])
      case 4, 5:
        guard let other = values.filter({ $0.shape == pick.shape }).randomElement(using: &random) else { return }
        let type = ["Add", "Mul", "Sub", "Max"].randomElement(using: &random) ?? "Add"
        add(type, [pick.name, other.name], [pick.shape])
      case 6:
        let mates = values.filter { $0.shape[0] == n && $0.shape[2...] == pick.shape[2...] && $0.shape[1] < 64 }
        guard let a = mates.randomElement(using: &random), let b = mates.randomElement(using: &random) else { return }
        let channels = c + a.shape[1] + b.shape[1]
        add("Concat", [pick.name, a.name, b.name], [[n, channels, h, w]], [("axis", .int(1))])
      case 7 where h >= 4:
        let type = Bool.random(using: &random) ? "MaxPool" : "AveragePool"
        add(
          type, [pick.name], [[n, c, (h + 1) / 2, (w + 1) / 2]],
          [("kernel_shape", .ints([3, 3])), ("strides", .ints([2, 2])), ("pads", .ints([1, 1, 1, 1]))])
      case 8 where c >= 2:
        let first = Int.random(in: 1..<c, using: &random)
        let sizes = constant(Tensor([2], [Int64(first), Int64(c - first)]))
        add("Split", [pick.name, sizes], [[n, first, h, w], [n, c - first, h, w]], [("axis", .int(1))])
      case 9 where h <= 12:
        let scales = constant(Tensor([4], [Float](arrayLiteral: 1, 1, 2, 2)))
        let linear = Bool.random(using: &random)
        add(
          "Resize", [pick.name, "", scales], [[n, c, h * 2, w * 2]], [("mode", .string(linear ? "linear" : "nearest"))])
      case 10:
        add("GlobalAveragePool", [pick.name], [[n, c, 1, 1]])
        add("Mul", [pick.name, values[values.count - 1].name], [pick.shape])
      case 11:
        let factor = constant(random.tensor(Bool.random(using: &random) ? [] : [c, 1, 1]))
        add(Bool.random(using: &random) ? "Mul" : "Add", [pick.name, factor], [pick.shape])
      default:
        add("Transpose", [pick.name], [[n, h, c, w]], [("perm", .ints([0, 2, 1, 3]))])
      }
    }

    private mutating func growConvolution(_ name: String, _ shape: [Int]) {
      let (n, c, h, w) = (shape[0], shape[1], shape[2], shape[3])
      let out = [1, 3, 8, 16, 17, 32].randomElement(using: &random) ?? 8
      let kernel = [1, 3, 5].randomElement(using: &random) ?? 3
      let stride = h >= 8 ? Int.random(in: 1...2, using: &random) : 1
      let isDepthwise = Int.random(in: 0..<4, using: &random) == 0
      let channels = isDepthwise ? c : out
      let weight = constant(random.tensor([channels, isDepthwise ? 1 : c, kernel, kernel], in: -0.5...0.5))
      let bias = Bool.random(using: &random) ? [constant(random.tensor([channels]))] : []
      let pad = Int64(kernel / 2)
      func extent(_ x: Int) -> Int { (x + 2 * (kernel / 2) - kernel) / stride + 1 }
      add(
        "Conv", [name, weight] + bias, [[n, channels, extent(h), extent(w)]],
        [
          ("pads", .ints([pad, pad, pad, pad])), ("strides", .ints([Int64(stride), Int64(stride)])),
          ("group", .int(isDepthwise ? Int64(c) : 1)),
        ])
    }
  }

  @Test(arguments: 0..<48)
  func randomGraphsAgree(seed: Int) throws {
    var random = SeededGenerator(UInt64(seed) &* 77 &+ 5)
    let channels = [1, 3, 4, 16, 20].randomElement(using: &random) ?? 3
    let size = Int.random(in: 5...18, using: &random)
    let batch = seed % 5 == 0 ? 2 : 1
    var builder = RandomGraph(seed: UInt64(seed), channels: channels, size: size, batch: batch)
    for _ in 0..<Int.random(in: 3...24, using: &random) { builder.grow() }
    var names = Set(builder.values.suffix(2).map(\.name))
    if let extra = builder.values.randomElement(using: &random) { names.insert(extra.name) }
    builder.graph.outputs = names.sorted()
    let model = OnnxModel(graph: builder.graph)
    let input = random.tensor([batch, channels, size, size])
    let expected = try model.load(NetworkOptions(optimize: false)).run([input])
    for options in [NetworkOptions(threads: 1), NetworkOptions(threads: 2, exact: true)] {
      let network = try model.load(options)
      for _ in 0..<2 {
        let results = try network.run([input])
        for (result, reference) in zip(results, expected) {
          #expect(relativeError(result, reference) <= 2e-5, "seed \(seed)")
        }
      }
    }
  }

  private func convolution(size: Int) -> OnnxModel {
    var random = SeededGenerator(1)
    return OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode("Conv", ["x", "w"], ["a"], [("pads", .ints([1, 1, 1, 1]))]), OnnxNode("Relu", ["a"], ["b"]),
          OnnxNode("MaxPool", ["b"], ["c"], [("kernel_shape", .ints([2, 2])), ("strides", .ints([2, 2]))]),
          OnnxNode("Conv", ["c", "v"], ["d"], [("pads", .ints([1, 1, 1, 1]))]), OnnxNode("Sigmoid", ["d"], ["e"]),
          OnnxNode("Mul", ["d", "e"], ["f"]), OnnxNode("Add", ["f", "c"], ["g"]),
          OnnxNode("Concat", ["g", "c"], ["h"], [("axis", .int(1))]), OnnxNode("GlobalAveragePool", ["h"], ["i"]),
          OnnxNode("Flatten", ["i"], ["j"]), OnnxNode("Gemm", ["j", "m", "n"], ["k"], [("transB", .int(1))]),
          OnnxNode("Softmax", ["k"], ["y"]),
        ], inputs: [("x", .float32, [1, 3, size, size])], outputs: ["y"],
        initializers: [
          ("w", random.tensor([16, 3, 3, 3])), ("v", random.tensor([16, 16, 3, 3])), ("m", random.tensor([10, 32])),
          ("n", random.tensor([10])),
        ]))
  }

  @Test func aRunAllocatesNothing() throws {
    let network = try convolution(size: 32).load()
    let interpreted = network.plannedSteps.filter { !$0.isCompiled }.map(\.operatorType)
    #expect(interpreted == [])
    var random = SeededGenerator(2)
    let inputs = [random.tensor([1, 3, 32, 32])]
    for _ in 0..<3 { _ = try network.run(inputs) }
    // Other tests run beside this one: only what this thread allocates counts. The pool's workers run nothing but kernels.
    let before = oca_thread_allocations()
    for _ in 0..<20 { _ = try network.run(inputs) }
    #expect(oca_thread_allocations() - before == 0)
  }

  @Test func plansAreKeptByShapeAndBounded() throws {
    var model = convolution(size: 0)
    model.graph.inputs[0].shape = [1, 3, 0, 0]
    let network = try model.load()
    let plain = try model.load(NetworkOptions(optimize: false))
    var random = SeededGenerator(4)
    for size in [16, 20, 24, 28, 32, 16, 16] {
      let input = random.tensor([1, 3, size, size])
      let expected = try plain.run([input])[0]
      let result = try network.run([input])[0]
      #expect(relativeError(result, expected) <= 1e-5)
      #expect(network.planCount <= 3)
    }
  }

  /// The residual dies with the sum, so that the convolution writes over it.
  @Test(arguments: ["Sigmoid", "HardSwish", "Relu"])
  func residualsAreOverwrittenOnlyWhenRead(type: String) throws {
    var random = SeededGenerator(8)
    for channels in [16, 20] {
      let model = OnnxModel(
        graph: OnnxGraph(
          nodes: [
            OnnxNode("Conv", ["x", "w"], ["a"], [("pads", .ints([1, 1, 1, 1]))]),
            OnnxNode("Conv", ["a", "w"], ["b"], [("pads", .ints([1, 1, 1, 1]))]), OnnxNode(type, ["b"], ["c"]),
            OnnxNode("Add", ["a", "c"], ["y"]),
          ], inputs: [("x", .float32, [1, channels, 9, 11])], outputs: ["y"],
          initializers: [("w", random.tensor([channels, channels, 3, 3]))]))
      let input = random.tensor([1, channels, 9, 11])
      let expected = try model.load(NetworkOptions(optimize: false)).run([input])[0]
      let network = try model.load()
      #expect(network.rewritesFired["Add into Conv"] == 1)
      let result = try network.run([input])[0]
      #expect(relativeError(result, expected) <= 1e-5)
    }
  }

  @Test func theArenaIsSmallerThanItsTensors() throws {
    var random = SeededGenerator(6)
    let depth = 12
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: (0..<depth).map {
          OnnxNode("Conv", [$0 == 0 ? "x" : "v\($0)", "w"], ["v\($0 + 1)"], [("pads", .ints([1, 1, 1, 1]))])
        }, inputs: [("x", .float32, [1, 16, 64, 64])], outputs: ["v\(depth)"],
        initializers: [("w", random.tensor([16, 16, 3, 3]))]))
    // Each result takes 256 KiB and dies with the next.
    #expect(try model.load(NetworkOptions(exact: true)).arenaBytes <= depth * (256 << 10) / 2)
  }

  @Test func whatDependsOnDataRunsBesideThePlan() throws {
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode("Relu", ["x"], ["r"]), OnnxNode("NonZero", ["r"], ["i"]), OnnxNode("Shape", ["i"], ["s"]),
          OnnxNode("Exp", ["r"], ["e"]),
        ], inputs: [("x", .float32, [5])], outputs: ["i", "s", "e"]))
    let network = try model.load()
    for values in [[1, -1, 2, -2, 3], [-1, -1, -1, -1, -1], [1, 1, 1, 1, 1]] as [[Float]] {
      let results = try network.run([Tensor([5], values)])
      #expect(results[0].array(of: Int64.self) == values.indices.filter { values[$0] > 0 }.map(Int64.init))
      #expect(results[1].array(of: Int64.self) == [1, Int64(values.filter { $0 > 0 }.count)])
      #expect(results[2].count == 5)
    }
  }

  @Test func branchesSeeTheValuesAroundThem() throws {
    func branch(_ type: String) -> OnnxGraph {
      OnnxGraph(nodes: [OnnxNode(type, ["r"], ["o"])], outputs: ["o"])
    }
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode("Abs", ["x"], ["r"]), OnnxNode("ReduceSum", ["x"], ["t"], [("keepdims", .int(0))]),
          OnnxNode("Greater", ["t", "zero"], ["c"]),
          OnnxNode(
            "If", ["c"], ["y"], [("then_branch", .graph(branch("Exp"))), ("else_branch", .graph(branch("Sqrt")))]),
        ], inputs: [("x", .float32, [2])], outputs: ["y"], initializers: [("zero", Tensor(scalar: Float(0)))]))
    let network = try model.load()
    #expect(try network.run([Tensor([2], [Float(4), Float(5)])])[0].array(of: Float.self)[0] > 50)
    #expect(try network.run([Tensor([2], [Float(-4), Float(-9)])])[0].array(of: Float.self) == [2, 3])
  }

  @Test func profilesNameEveryStep() throws {
    let network = try convolution(size: 16).load()
    var random = SeededGenerator(3)
    let timings = try network.profile([random.tensor([1, 3, 16, 16])])
    #expect(timings.count == network.plannedSteps.count)
    #expect(timings.allSatisfy { $0.milliseconds >= 0 && !$0.operatorType.isEmpty })
    #expect(timings.last?.outputShapes == [[1, 10]])
  }

  /// A network of half floats runs compiled, in single precision between its half inputs and outputs.
  @Test func halfFloatsAreWidened() throws {
    var random = SeededGenerator(77)
    let input = random.tensor([1, 4, 9, 9])
    func half(_ x: Tensor) -> Tensor { Tensor(x.shape, x.array(of: Float.self).map { Float16($0) }) }
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode("Conv", ["x", "w"], ["a"], [("pads", .ints([1, 1, 1, 1]))]), OnnxNode("Relu", ["a"], ["b"]),
          OnnxNode("Cast", ["b"], ["c"], [("to", .int(1))]), OnnxNode("Mul", ["c", "k"], ["d"]),
          OnnxNode("Cast", ["d"], ["e"], [("to", .int(10))]), OnnxNode("Add", ["e", "b"], ["y"]),
        ], inputs: [("x", .float16, [1, 4, 9, 9])], outputs: ["y"],
        initializers: [("w", half(random.tensor([8, 4, 3, 3]))), ("k", Tensor(scalar: Float(0.5)))],
        outputType: .float16))
    try model.withFile { path in
      let network = try OcellusNetwork(path: path)
      let result = try network.run([half(input)])[0]
      let expected = try OcellusNetwork(path: path, options: NetworkOptions(optimize: false)).run([half(input)])[0]
      #expect(network.plannedSteps.filter { $0.operatorType.contains("Conv") }.allSatisfy { $0.isCompiled })
      #expect(relativeError(result, expected) <= 2e-3)
    }
  }

  /// Inputs and outputs that an operator does not have end in an answer or an error.
  @Test(arguments: [
    "Relu", "Conv", "MaxPool", "Softmax", "Transpose", "Add", "MatMul", "Gemm", "LayerNormalization", "Concat", "LSTM",
    "QuantizeLinear", "DequantizeLinear", "Flatten", "Reshape", "GlobalAveragePool", "HardSwish", "Resize",
  ])
  func surplusOperandsDoNoHarm(type: String) throws {
    let x = OnnxGraph(
      nodes: [OnnxNode(type, [String](repeating: "x", count: 12), ["y", "z", "u", "v", "w"])],
      inputs: [("x", .float32, [1, 1, 3, 3])], outputs: ["y"])
    for count in 1...12 {
      var graph = x
      graph.nodes[0].inputs = Array(graph.nodes[0].inputs.prefix(count))
      for outputs in [1, 5] {
        graph.nodes[0].outputs = Array(x.nodes[0].outputs.prefix(outputs))
        try OnnxModel(graph: graph).withFile { path in
          do {
            _ = try OcellusNetwork(path: path).run([Tensor([1, 1, 3, 3], [Float](repeating: 1, count: 9))])
          } catch is InferenceError {}
        }
      }
    }
  }
}
