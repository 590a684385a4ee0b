import Inference
import TestSupport
import Testing

/// Every graph pass: it fires on its pattern, the answer stays, and near misses are left alone.
@Suite struct RewriteTests {
  /// A pattern as nodes from "x" to "y".
  private struct Pattern {
    var nodes: [OnnxNode]
    var constants: [(String, Tensor)] = []
    var shape = [1, 4, 6, 6]
    var range: ClosedRange<Float> = -3...3
    var opset: Int64 = 17
  }

  private func model(_ pattern: Pattern) -> OnnxModel {
    OnnxModel(
      graph: OnnxGraph(
        nodes: pattern.nodes, inputs: [("x", .float32, pattern.shape)], outputs: ["y"],
        initializers: pattern.constants), opset: pattern.opset)
  }

  /// Runs the pattern plain and optimised; returns how often each pass fired.
  @discardableResult
  private func check(
    _ pattern: Pattern, exact: Bool = false, tolerance: Double = 2e-6,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String: Int] {
    var random = SeededGenerator(7)
    let input = random.tensor(pattern.shape, in: pattern.range)
    let (plain, fast) = try model(pattern).withFile { path in
      (
        try OcellusNetwork(path: path, options: NetworkOptions(optimize: false)),
        try OcellusNetwork(path: path, options: NetworkOptions(exact: exact))
      )
    }
    let expected = try plain.run([input])
    let result = try fast.run([input])
    #expect(relativeError(result[0], expected[0]) <= tolerance, sourceLocation: sourceLocation)
    return fast.rewritesFired
  }

  private func convolution(_ input: String, _ output: String, _ more: [(String, OnnxAttribute)] = []) -> OnnxNode {
    OnnxNode("Conv", [input, "w", "b"], [output], [("pads", .ints([1, 1, 1, 1]))] + more)
  }

  private var weights: [(String, Tensor)] {
    var random = SeededGenerator(3)
    return [("w", random.tensor([4, 4, 3, 3])), ("b", random.tensor([4]))]
  }

  private func scalar(_ name: String, _ value: Float) -> (String, Tensor) { (name, Tensor(scalar: value)) }

  @Test(arguments: [
    OnnxNode("Relu", ["c"], ["y"]), OnnxNode("Sigmoid", ["c"], ["y"]),
    OnnxNode("LeakyRelu", ["c"], ["y"], [("alpha", .float(0.1))]), OnnxNode("HardSwish", ["c"], ["y"]),
    OnnxNode("Clip", ["c", "lo", "hi"], ["y"]), OnnxNode("Tanh", ["c"], ["y"]),
  ])
  func activationsJoinConvolutions(node: OnnxNode) throws {
    let constants = weights + [scalar("lo", 0), scalar("hi", 6)]
    let fired = try check(Pattern(nodes: [convolution("x", "c"), node], constants: constants))
    #expect(fired["activation into Conv"] == 1)
  }

  @Test func siluIsRecognisedAndJoins() throws {
    let nodes = [convolution("x", "c"), OnnxNode("Sigmoid", ["c"], ["s"]), OnnxNode("Mul", ["c", "s"], ["y"])]
    let fired = try check(Pattern(nodes: nodes, constants: weights))
    #expect(fired["x * sigmoid(x) to SiLU"] == 1)
    #expect(fired["activation into Conv"] == 1)
  }

  @Test func quickGeluIsRecognised() throws {
    let nodes = [
      OnnxNode("Mul", ["x", "k"], ["m"]), OnnxNode("Sigmoid", ["m"], ["s"]), OnnxNode("Mul", ["x", "s"], ["y"]),
    ]
    #expect(try check(Pattern(nodes: nodes, constants: [scalar("k", 1.702)]))["x * sigmoid(x) to SiLU"] == 1)
  }

  @Test func hardSwishIsRecognisedInBothSpellings() throws {
    let gate = [
      OnnxNode("HardSigmoid", ["x"], ["h"], [("alpha", .float(1 / 6)), ("beta", .float(0.5))]),
      OnnxNode("Mul", ["x", "h"], ["y"]),
    ]
    #expect(try check(Pattern(nodes: gate))["x * hardSigmoid(x) to HardSwish"] == 1)
    let clip = [
      OnnxNode("Add", ["x", "three"], ["a"]), OnnxNode("Clip", ["a", "zero", "six"], ["c"]),
      OnnxNode("Mul", ["x", "c"], ["m"]), OnnxNode("Div", ["m", "six"], ["y"]),
    ]
    let constants = [scalar("three", 3), scalar("zero", 0), scalar("six", 6)]
    #expect(try check(Pattern(nodes: clip, constants: constants))["x * hardSigmoid(x) to HardSwish"] == 1)
  }

  @Test(arguments: [true, false])
  func geluIsRecognised(halfFirst: Bool) throws {
    let head = [
      OnnxNode("Div", ["x", "root"], ["d"]), OnnxNode("Erf", ["d"], ["e"]), OnnxNode("Add", ["e", "one"], ["a"]),
    ]
    let tail =
      halfFirst
      ? [OnnxNode("Mul", ["x", "half"], ["m"]), OnnxNode("Mul", ["m", "a"], ["y"])]
      : [OnnxNode("Mul", ["x", "a"], ["m"]), OnnxNode("Mul", ["m", "half"], ["y"])]
    let constants = [scalar("root", Float(2).squareRoot()), scalar("one", 1), scalar("half", 0.5)]
    #expect(try check(Pattern(nodes: head + tail, constants: constants))["erf formula to GELU"] == 1)
  }

  @Test func aGeluWithAnotherFactorStays() throws {
    let nodes = [
      OnnxNode("Div", ["x", "root"], ["d"]), OnnxNode("Erf", ["d"], ["e"]), OnnxNode("Add", ["e", "one"], ["a"]),
      OnnxNode("Mul", ["x", "a"], ["m"]), OnnxNode("Mul", ["m", "half"], ["y"]),
    ]
    let constants = [scalar("root", 2), scalar("one", 1), scalar("half", 0.5)]
    #expect(try check(Pattern(nodes: nodes, constants: constants))["erf formula to GELU"] == nil)
  }

  @Test func batchNormalizationJoinsItsConvolution() throws {
    var random = SeededGenerator(11)
    let parameters = [("s", random.tensor([4])), ("o", random.tensor([4])), ("m", random.tensor([4]))]
    let constants = weights + parameters + [("v", random.tensor([4], in: 0.5...2))]
    let nodes = [convolution("x", "c"), OnnxNode("BatchNormalization", ["c", "s", "o", "m", "v"], ["y"])]
    #expect(try check(Pattern(nodes: nodes, constants: constants))["BatchNormalization into Conv"] == 1)
    #expect(
      try check(Pattern(nodes: nodes, constants: constants), exact: true)["BatchNormalization into Conv"] == nil)
    let alone = [
      OnnxNode("BatchNormalization", ["x", "s", "o", "m", "v"], ["n"]), OnnxNode("Relu", ["n"], ["y"]),
    ]
    let fired = try check(Pattern(nodes: alone, constants: constants))
    #expect(fired["BatchNormalization to scale and shift"] == 1)
    #expect(fired["activation into elementwise"] == 1)
  }

  @Test func paddingJoinsTheConvolution() throws {
    let pads = ("p", Tensor([8], [Int64](arrayLiteral: 0, 0, 1, 2, 0, 0, 2, 1)))
    let nodes = [OnnxNode("Pad", ["x", "p"], ["q"]), convolution("q", "y")]
    #expect(try check(Pattern(nodes: nodes, constants: weights + [pads]))["Pad into Conv"] == 1)
    let ones = [OnnxNode("Pad", ["x", "p", "one"], ["q"]), convolution("q", "y")]
    #expect(
      try check(Pattern(nodes: ones, constants: weights + [pads, scalar("one", 1)]))["Pad into Conv"] == nil)
  }

  @Test func constantFactorsAndSummandsJoinTheConvolution() throws {
    var random = SeededGenerator(5)
    let constants = weights + [("k", random.tensor([1, 4, 1, 1])), ("h", random.tensor([4, 1, 1]))]
    let nodes = [
      convolution("x", "c"), OnnxNode("Mul", ["k", "c"], ["m"]), OnnxNode("Add", ["m", "h"], ["y"]),
    ]
    #expect(try check(Pattern(nodes: nodes, constants: constants))["scale and shift into Conv"] == 2)
  }

  @Test(arguments: [true, false])
  func residualsJoinTheConvolution(activationLast: Bool) throws {
    let nodes =
      activationLast
      ? [convolution("x", "c"), OnnxNode("Add", ["x", "c"], ["a"]), OnnxNode("Relu", ["a"], ["y"])]
      : [convolution("x", "c"), OnnxNode("Relu", ["c"], ["r"]), OnnxNode("Add", ["r", "x"], ["y"])]
    let fired = try check(Pattern(nodes: nodes, constants: weights))
    #expect(fired["Add into Conv"] == 1)
    #expect(fired["activation into Conv"] == 1)
  }

  @Test func aConvolutionThatIsReadTwiceKeepsItsResult() throws {
    let nodes = [
      convolution("x", "c"), OnnxNode("Relu", ["c"], ["r"]), OnnxNode("Mul", ["c", "r"], ["y"]),
    ]
    #expect(try check(Pattern(nodes: nodes, constants: weights))["activation into Conv"] == nil)
  }

  @Test func gemmAndMatMulBecomeLinear() throws {
    var random = SeededGenerator(9)
    let constants = [
      ("m", random.tensor([6, 5])), ("t", random.tensor([6, 5])), ("b", random.tensor([5])), ("c", random.tensor([6])),
    ]
    let product = [
      OnnxNode("MatMul", ["x", "m"], ["p"]), OnnxNode("Add", ["b", "p"], ["q"]), OnnxNode("Relu", ["q"], ["y"]),
    ]
    let fired = try check(Pattern(nodes: product, constants: constants, shape: [2, 3, 6]))
    #expect(fired["MatMul to Linear"] == 1)
    #expect(fired["Add into Linear's bias"] == 1)
    #expect(fired["activation into Linear"] == 1)
    let gemm = [
      OnnxNode("Gemm", ["x", "t", "c"], ["g"], [("transB", .int(1)), ("alpha", .float(0.5))]),
      OnnxNode("Add", ["g", "g2"], ["y"]), OnnxNode("Relu", ["x2"], ["g2"]),
      OnnxNode("Gemm", ["x", "t", "c"], ["x2"], [("transB", .int(1))]),
    ]
    let gemmFired = try check(Pattern(nodes: gemm, constants: constants, shape: [3, 5]))
    #expect(gemmFired["Gemm to Linear"] == 2)
    #expect(gemmFired["Add into Linear"] == 1)
    let scaled = [OnnxNode("MatMul", ["x", "m"], ["p"]), OnnxNode("Mul", ["p", "k"], ["y"])]
    #expect(
      try check(Pattern(nodes: scaled, constants: constants + [scalar("k", 0.125)], shape: [3, 6]))["scale into Linear"]
        == 1)
  }

  @Test func layerNormalizationIsRecognised() throws {
    let fired = try check(spelledNormalization)
    #expect(fired["mean and variance to LayerNormalization"] == 1)
  }

  /// What the pattern makes on its way may be asked for itself: then it is no pattern, and the rest stays planned.
  @Test(arguments: ["m", "d", "q", "v", "e", "s", "n", "k"])
  func aNormalizationThatIsLookedIntoStays(inner: String) throws {
    var pattern = model(spelledNormalization)
    pattern.graph.outputs.append(inner)
    let network = try pattern.load()
    #expect(network.rewritesFired["mean and variance to LayerNormalization"] == nil)
    #expect(network.plannedSteps.contains { $0.isCompiled })
    let plain = try pattern.withFile { try OcellusNetwork(path: $0, options: NetworkOptions(optimize: false)) }
    var random = SeededGenerator(14)
    let input = random.tensor([2, 5, 8])
    for (result, expected) in zip(try network.run([input]), try plain.run([input])) {
      #expect(relativeError(result, expected) < 2e-6)
    }
  }

  /// A layer's normalisation in the words of exporters before operator set 17.
  private var spelledNormalization: Pattern {
    var random = SeededGenerator(13)
    let nodes = [
      OnnxNode("ReduceMean", ["x"], ["m"], [("axes", .ints([-1]))]), OnnxNode("Sub", ["x", "m"], ["d"]),
      OnnxNode("Pow", ["d", "two"], ["q"]), OnnxNode("ReduceMean", ["q"], ["v"], [("axes", .ints([-1]))]),
      OnnxNode("Add", ["v", "eps"], ["e"]), OnnxNode("Sqrt", ["e"], ["s"]), OnnxNode("Div", ["d", "s"], ["n"]),
      OnnxNode("Mul", ["n", "g"], ["k"]), OnnxNode("Add", ["k", "o"], ["y"]),
    ]
    let constants = [
      scalar("two", 2), scalar("eps", 1e-5), ("g", random.tensor([8])), ("o", random.tensor([8])),
    ]
    return Pattern(nodes: nodes, constants: constants, shape: [2, 5, 8])
  }

  @Test func movementChainsCollapse() throws {
    let first = ("s1", Tensor([3], [Int64](arrayLiteral: 4, 6, 6)))
    let second = ("s2", Tensor([2], [Int64](arrayLiteral: 4, 36)))
    let shapes = [OnnxNode("Reshape", ["x", "s1"], ["a"]), OnnxNode("Reshape", ["a", "s2"], ["y"])]
    #expect(try check(Pattern(nodes: shapes, constants: [first, second]))["merge reshapes"] == 1)
    let turns = [
      OnnxNode("Transpose", ["x"], ["a"], [("perm", .ints([0, 2, 3, 1]))]),
      OnnxNode("Transpose", ["a"], ["t"], [("perm", .ints([0, 3, 1, 2]))]), OnnxNode("Exp", ["t"], ["y"]),
    ]
    #expect(try check(Pattern(nodes: turns))["merge transposes"] == 1)
    let idle = [OnnxNode("Identity", ["x"], ["i"]), OnnxNode("Exp", ["i"], ["y"])]
    #expect(try check(Pattern(nodes: idle))["drop identities"] == 1)
  }

  @Test func equalNodesMerge() throws {
    let nodes = [
      OnnxNode("Softmax", ["x"], ["a"]), OnnxNode("Softmax", ["x"], ["b"]), OnnxNode("Add", ["a", "b"], ["y"]),
    ]
    #expect(try check(Pattern(nodes: nodes))["common subexpressions"] == 1)
  }

  @Test func shapeArithmeticFoldsAway() throws {
    let nodes = [
      OnnxNode("Shape", ["x"], ["s"]), OnnxNode("Gather", ["s", "zero"], ["n"]),
      OnnxNode("Unsqueeze", ["n", "zero1"], ["u"]), OnnxNode("Concat", ["u", "rest"], ["t"], [("axis", .int(0))]),
      OnnxNode("Reshape", ["x", "t"], ["r"]), OnnxNode("Exp", ["r"], ["y"]),
    ]
    let constants = [
      ("zero", Tensor(scalar: Int64(0))), ("zero1", Tensor([1], [Int64(0)])), ("rest", Tensor([1], [Int64(-1)])),
    ]
    let network = try model(Pattern(nodes: nodes, constants: constants)).load()
    #expect(network.plannedSteps.count == 1)
    try check(Pattern(nodes: nodes, constants: constants))
  }

  @Test func guardsAgainstNotANumberAreOneActivation() throws {
    // The square root of the negative half is not a number.
    let nodes = [
      OnnxNode("Sqrt", ["x"], ["r"]), OnnxNode("IsNaN", ["r"], ["n"]), OnnxNode("Where", ["n", "zero", "r"], ["y"]),
    ]
    #expect(
      try check(Pattern(nodes: nodes, constants: [scalar("zero", 0)]))["where(isNaN(x), 0, x) to one activation"] == 1)
    #expect(
      try check(Pattern(nodes: nodes, constants: [scalar("zero", 1)]))["where(isNaN(x), 0, x) to one activation"] == nil
    )
  }

  @Test func deadNodesGo() throws {
    let nodes = [OnnxNode("Exp", ["x"], ["y"]), OnnxNode("Softmax", ["x"], ["unused"])]
    #expect(try model(Pattern(nodes: nodes)).load().plannedSteps.count == 1)
  }

  /// Heads split off by a reshape and a transpose, scaled queries, a mask, heads joined again.
  private func attention(
    mask: [Int], axis: Int64 = -1, scalesKeys: Bool = false, turnsKeysTwice: Bool = false
  ) -> Pattern {
    var random = SeededGenerator(5)
    let (batch, rows, heads, depth) = (2, 9, 3, 8)
    var nodes: [OnnxNode] = []
    for name in ["q", "k", "v"] {
      nodes.append(OnnxNode("MatMul", ["x", "w\(name)"], ["\(name)0"]))
      nodes.append(OnnxNode("Reshape", ["\(name)0", "split"], ["\(name)1"]))
      let order: [Int64] = name == "k" && !turnsKeysTwice ? [0, 2, 3, 1] : [0, 2, 1, 3]
      nodes.append(OnnxNode("Transpose", ["\(name)1"], ["\(name)2"], [("perm", .ints(order))]))
    }
    if turnsKeysTwice { nodes.append(OnnxNode("Transpose", ["k2"], ["k3"], [("perm", .ints([0, 1, 3, 2]))])) }
    let keys = turnsKeysTwice ? "k3" : "k2"
    nodes.append(OnnxNode("Mul", ["q2", "scale"], ["qs"]))
    if scalesKeys { nodes.append(OnnxNode("Mul", [keys, "scale"], ["ks"])) }
    nodes += [
      OnnxNode("MatMul", ["qs", scalesKeys ? "ks" : keys], ["s"]), OnnxNode("Add", ["s", "mask"], ["m"]),
      OnnxNode("Softmax", ["m"], ["p"], [("axis", .int(axis))]), OnnxNode("MatMul", ["p", "v2"], ["o"]),
      OnnxNode("Transpose", ["o"], ["t"], [("perm", .ints([0, 2, 1, 3]))]), OnnxNode("Reshape", ["t", "join"], ["y"]),
    ]
    return Pattern(
      nodes: nodes,
      constants: [
        ("wq", random.tensor([12, 24])), ("wk", random.tensor([12, 24])), ("wv", random.tensor([12, 24])),
        ("split", Tensor([4], [Int64(batch), Int64(rows), Int64(heads), Int64(depth)])),
        ("join", Tensor([3], [Int64(batch), Int64(rows), Int64(heads * depth)])), scalar("scale", 0.4),
        ("mask", random.tensor(mask)),
      ], shape: [batch, rows, 12], range: -1...1)
  }

  @Test(arguments: [[9, 9], [1, 1, 1, 9], [2, 1, 9, 9], [1, 3, 1, 9]])
  func attentionBecomesOneOperator(mask: [Int]) throws {
    for scalesKeys in [false, true] {
      for turnsTwice in [false, true] {
        let pattern = attention(mask: mask, scalesKeys: scalesKeys, turnsKeysTwice: turnsTwice)
        #expect(try check(pattern, tolerance: 5e-6)["attention"] == 1)
        #expect(try check(pattern, exact: true)["attention"] == nil)
      }
    }
  }

  @Test func aSoftmaxOverQueriesIsNoAttention() throws {
    #expect(try check(attention(mask: [9, 9], axis: 2), tolerance: 5e-6)["attention"] == nil)
    // A mask without a number for each key is added, not taken in.
    #expect(try check(attention(mask: [9, 1]), tolerance: 5e-6)["attention"] == nil)
  }
}
