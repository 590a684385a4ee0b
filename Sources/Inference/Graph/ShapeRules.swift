/// Type and shape of operators' results, for the operators that networks use most. What has no rule here is asked by
/// evaluating it once on zeros (see ``Specializer``), so a rule is an optimisation and must say what evaluation does.
enum ShapeRules {
  struct Question {
    let node: Graph.Node
    let inputs: [Fact?]
    let constants: [Tensor?]

    func input(_ index: Int) -> Fact? { index < inputs.count ? inputs[index] : nil }

    /// The integers of a constant input.
    func integers(_ index: Int) -> [Int]? {
      guard index < constants.count, let tensor = constants[index] else { return nil }
      switch tensor.type {
      case .int64: return tensor.array(of: Int64.self).map(Int.init)
      case .int32: return tensor.array(of: Int32.self).map(Int.init)
      default: return nil
      }
    }

    /// Integers given as an attribute in old operator sets and as an input in new ones.
    func integers(_ index: Int, orAttribute name: String) throws -> [Int]? {
      try integers(index) ?? node.attributes.ints(name)
    }

    func axis(_ value: Int, rank: Int) -> Int? {
      let normalized = value < 0 ? value + rank : value
      return (0..<rank).contains(normalized) ? normalized : nil
    }
  }

  /// nil: no answer, ask by evaluating.
  typealias Rule = @Sendable (Question) throws -> [Fact]?

  static func rule(of node: Graph.Node) -> Rule? {
    switch node.domain {
    case "": rules[node.operatorType] ?? quantizedRules[node.operatorType]
    case MicrosoftBlockedOperators.domain: blockedRules[node.operatorType]
    case "com.microsoft": microsoftRules[node.operatorType] ?? quantizedRules[node.operatorType]
    default: nil
    }
  }

  /// Operators whose operands must all be of one type. Where they are not, the reference tier says so.
  private static let oneTyped: Set<String> = [
    "Conv", "ConvTranspose", "MatMul", "Gemm", "Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "PRelu",
    "BatchNormalization", "LayerNormalization", "InstanceNormalization", "Equal", "Less", "Greater", "LessOrEqual",
    "GreaterOrEqual",
  ]

  /// The rule, without an answer where the operands' types differ.
  private static func alike(_ rule: @escaping Rule) -> Rule {
    { question in
      let types = Set(question.inputs.compactMap { $0?.type })
      return types.count == 1 ? try rule(question) : nil
    }
  }

  static let rules: [String: Rule] = {
    var rules: [String: Rule] = [
      "Conv": convolution, "ConvTranspose": transposedConvolution, "MaxPool": maxPool, "AveragePool": averagePool,
      "GlobalAveragePool": globalPool, "GlobalMaxPool": globalPool, "MatMul": matMul, "Gemm": gemm,
      "Transpose": transpose, "Reshape": reshape, "Flatten": flatten, "Concat": concat, "Gather": gather,
      "Unsqueeze": unsqueeze, "Squeeze": squeeze, "Split": split, "Cast": cast, "Where": select,
    ]
    for name in sameAsInput { rules[name] = same }
    for name in broadcasting { rules[name] = { try broadcast($0, as: $0.input(0)?.type) } }
    for name in comparisons { rules[name] = { try broadcast($0, as: .bool) } }
    for name in reductions { rules[name] = reduce }
    for name in oneTyped { rules[name] = rules[name].map(alike) }
    rules.merge(layerRules) { first, _ in first }
    return rules
  }()

  private static let sameAsInput = [
    "Relu", "Sigmoid", "Tanh", "Exp", "Log", "Sqrt", "Erf", "Abs", "Neg", "Floor", "Ceil", "Round", "Sin", "Cos",
    "Clip", "LeakyRelu", "Elu", "Selu", "HardSigmoid", "HardSwish", "Softplus", "Softsign", "Mish", "Gelu", "Softmax",
    "LogSoftmax", "Identity", "LayerNormalization", "InstanceNormalization", "GroupNormalization",
    "BatchNormalization", "Dropout", "Reciprocal", "Not", "PRelu", "CumSum", "LRN", "Sign",
  ]
  private static let broadcasting = [
    "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "Mean", "And", "Or", "Xor",
  ]
  private static let comparisons = ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]
  private static let reductions = [
    "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSumExp",
  ]

  static func same(_ question: Question) -> [Fact]? {
    guard let input = question.input(0), question.node.outputs.count == 1 else { return nil }
    return [input]
  }

  private static func broadcast(_ question: Question, as type: ElementType?) throws -> [Fact]? {
    guard question.node.attributes.opset >= 7, let type else { return nil }
    var shape: [Int] = []
    for input in question.inputs {
      guard let input, let joined = broadcast(shape, input.shape) else { return nil }
      shape = joined
    }
    return [Fact(type, shape)]
  }

  /// NumPy's rule; nil when the shapes do not fit.
  static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    var shape: [Int] = []
    for axis in 0..<rank {
      let x = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
      let y = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
      guard x == y || x == 1 || y == 1 else { return nil }
      shape.append(x == 1 ? y : x)
    }
    return shape
  }

  private static func select(_ question: Question) throws -> [Fact]? {
    try broadcast(question, as: question.input(1)?.type)
  }

  private static func convolution(_ question: Question) throws -> [Fact]? {
    guard let operation = question.node.evaluator as? Convolution, let x = question.input(0), let w = question.input(1)
    else { return nil }
    let geometry = try operation.geometry(input: x.shape, weight: w.shape, bias: question.input(2)?.shape)
    return [Fact(x.type, [x.shape[0], w.shape[0]] + geometry.outputShape)]
  }

  private static func transposedConvolution(_ question: Question) throws -> [Fact]? {
    guard let operation = question.node.evaluator as? TransposedConvolution, let x = question.input(0),
      let w = question.input(1)
    else { return nil }
    let geometry = try operation.geometry(input: x.shape, weight: w.shape, bias: question.input(2)?.shape)
    return [Fact(x.type, [x.shape[0], w.shape[1] * operation.groups] + geometry.inputShape)]
  }

  private static func maxPool(_ question: Question) throws -> [Fact]? {
    guard let operation = question.node.evaluator as? MaxPool, let x = question.input(0) else { return nil }
    let shape = Array(x.shape.prefix(2)) + (try operation.geometry(x.shape)).outputShape
    return [Fact(x.type, shape)] + (question.node.outputs.count > 1 ? [Fact(.int64, shape)] : [])
  }

  private static func averagePool(_ question: Question) throws -> [Fact]? {
    guard let operation = question.node.evaluator as? AveragePool, let x = question.input(0) else { return nil }
    return [Fact(x.type, Array(x.shape.prefix(2)) + (try operation.geometry(x.shape)).outputShape)]
  }

  private static func globalPool(_ question: Question) -> [Fact]? {
    guard let x = question.input(0), x.shape.count >= 2 else { return nil }
    return [Fact(x.type, Array(x.shape[..<2]) + [Int](repeating: 1, count: x.shape.count - 2))]
  }

  private static func matMul(_ question: Question) throws -> [Fact]? {
    guard let a = question.input(0), let b = question.input(1) else { return nil }
    return [Fact(a.type, try MatMul.Geometry(a.shape, b.shape).shape)]
  }

  private static func gemm(_ question: Question) throws -> [Fact]? {
    guard let operation = question.node.evaluator as? Gemm, let a = question.input(0), let b = question.input(1) else {
      return nil
    }
    let (m, _, n) = try operation.geometry(a.shape, b.shape, question.input(2)?.shape)
    return [Fact(a.type, [m, n])]
  }

  private static func transpose(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0) else { return nil }
    let order = try question.node.attributes.ints("perm") ?? x.shape.indices.reversed()
    guard order.sorted() == Array(x.shape.indices) else { return nil }
    return [Fact(x.type, order.map { x.shape[$0] })]
  }

  private static func reshape(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0), var shape = try question.integers(1, orAttribute: "shape") else { return nil }
    let keepsZero = try question.node.attributes.flag("allowzero")
    if !keepsZero {
      for axis in shape.indices where shape[axis] == 0 {
        guard axis < x.shape.count else { return nil }
        shape[axis] = x.shape[axis]
      }
    }
    guard shape.allSatisfy({ $0 >= -1 }), shape.filter({ $0 == -1 }).count <= 1 else { return nil }
    if let free = shape.firstIndex(of: -1) {
      let rest = try Tensor.checkedCount(shape.map { $0 == -1 ? 1 : $0 })
      guard rest > 0 else { return nil }
      shape[free] = x.count / rest
    }
    guard try Tensor.checkedCount(shape) == x.count else { return nil }
    return [Fact(x.type, shape)]
  }

  private static func flatten(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0) else { return nil }
    let axis = try question.node.attributes.int("axis", default: 1)
    let cut = axis < 0 ? axis + x.shape.count : axis
    guard (0...x.shape.count).contains(cut) else { return nil }
    return [Fact(x.type, [x.shape[..<cut].reduce(1, *), x.shape[cut...].reduce(1, *)])]
  }

  private static func concat(_ question: Question) throws -> [Fact]? {
    let inputs = question.inputs.compactMap { $0 }
    guard let first = inputs.first, inputs.count == question.inputs.count,
      let given = try question.node.attributes.int("axis"), let axis = question.axis(given, rank: first.shape.count)
    else { return nil }
    var shape = first.shape
    for input in inputs.dropFirst() {
      guard input.shape.count == shape.count, input.type == first.type,
        shape.indices.allSatisfy({ $0 == axis || shape[$0] == input.shape[$0] })
      else { return nil }
      shape[axis] += input.shape[axis]
    }
    return [Fact(first.type, shape)]
  }

  private static func gather(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0), let indices = question.input(1),
      let axis = question.axis(try question.node.attributes.int("axis", default: 0), rank: x.shape.count)
    else { return nil }
    return [Fact(x.type, Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...]))]
  }

  private static func unsqueeze(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0), let axes = try question.integers(1, orAttribute: "axes") else { return nil }
    let rank = x.shape.count + axes.count
    let places = Set(axes.compactMap { question.axis($0, rank: rank) })
    guard places.count == axes.count else { return nil }
    var rest = x.shape[...]
    return [Fact(x.type, (0..<rank).map { places.contains($0) ? 1 : rest.removeFirst() })]
  }

  private static func squeeze(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0) else { return nil }
    let hasAxes = question.input(1) != nil || question.node.attributes.has("axes")
    let given = try question.integers(1, orAttribute: "axes")
    guard !hasAxes || given != nil else { return nil }
    let axes = given.map { $0.compactMap { question.axis($0, rank: x.shape.count) } }
    guard axes?.count == given?.count, axes?.allSatisfy({ x.shape[$0] == 1 }) ?? true else { return nil }
    let dropped = Set(axes ?? x.shape.indices.filter { x.shape[$0] == 1 })
    return [Fact(x.type, x.shape.indices.filter { !dropped.contains($0) }.map { x.shape[$0] })]
  }

  private static func split(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0),
      let axis = question.axis(try question.node.attributes.int("axis", default: 0), rank: x.shape.count)
    else { return nil }
    let count = question.node.outputs.count
    let hasSizes = question.input(1) != nil || question.node.attributes.has("split")
    let given = try question.integers(1, orAttribute: "split")
    guard !hasSizes || given != nil, count > 0 else { return nil }
    let part = (x.shape[axis] + count - 1) / count
    let sizes = given ?? (0..<count).map { max(0, min(part, x.shape[axis] - $0 * part)) }
    guard sizes.count == count, sizes.reduce(0, +) == x.shape[axis], sizes.allSatisfy({ $0 >= 0 }) else { return nil }
    return sizes.map { size in
      var shape = x.shape
      shape[axis] = size
      return Fact(x.type, shape)
    }
  }

  private static func cast(_ question: Question) throws -> [Fact]? {
    guard question.node.attributes.opset >= 6, let x = question.input(0),
      let target = try question.node.attributes.int("to"),
      let type = Int32(exactly: target).flatMap(ElementType.init(rawValue:)), type != .string
    else { return nil }
    return [Fact(type, x.shape)]
  }

  private static func reduce(_ question: Question) throws -> [Fact]? {
    guard let x = question.input(0), question.node.outputs.count == 1 else { return nil }
    let keeps = try question.node.attributes.flag("keepdims", default: true)
    let hasAxes = question.input(1) != nil || question.node.attributes.has("axes")
    let given = try question.integers(1, orAttribute: "axes")
    guard !hasAxes || given != nil else { return nil }
    if given?.isEmpty ?? true, try question.node.attributes.flag("noop_with_empty_axes") { return [x] }
    let axes = given.map { $0.compactMap { question.axis($0, rank: x.shape.count) } }
    guard axes?.count == given?.count else { return nil }
    let dropped = Set(given?.isEmpty ?? true ? Array(x.shape.indices) : axes ?? [])
    let shape = x.shape.indices.compactMap { dropped.contains($0) ? (keeps ? 1 : nil) : x.shape[$0] }
    return [Fact(x.type, shape)]
  }
}
