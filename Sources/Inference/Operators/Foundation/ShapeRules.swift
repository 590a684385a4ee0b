/// Shape rules that several families share.
enum ShapeRules {
  /// The rule, without an answer where the operands' types differ: the reference tier then reports it.
  static func oneTyped(_ rule: @escaping ShapeRule) -> ShapeRule {
    { question in hasOneType(question) ? try rule(question) : nil }
  }

  static func hasOneType(_ question: ShapeQuestion) -> Bool {
    Set(question.inputs.compactMap { $0?.type }).count == 1
  }

  /// One output of the first input's type and shape.
  @Sendable
  static func same(_ question: ShapeQuestion) -> [Fact]? {
    guard let input = question.input(0), question.outputCount == 1 else { return nil }
    return [input]
  }

  /// The operands broadcast against each other; the result has the first one's type.
  @Sendable
  static func broadcast(_ question: ShapeQuestion) throws -> [Fact]? {
    try broadcast(question, as: question.input(0)?.type)
  }

  /// The operands broadcast against each other; the result is of booleans.
  @Sendable
  static func comparison(_ question: ShapeQuestion) throws -> [Fact]? { try broadcast(question, as: .bool) }

  static func broadcast(_ question: ShapeQuestion, as type: ElementType?) throws -> [Fact]? {
    guard question.attributes.opset >= 7, let type else { return nil }
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
}
