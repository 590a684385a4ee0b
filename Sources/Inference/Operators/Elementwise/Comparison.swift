import Ground

/// Equal, Less, Greater and their inclusive forms; And, Or, Xor, Not; the bitwise operators; Where.
enum ComparisonOperators {
  static let definitions: [OperatorDefinition] = [
    comparison("Equal", IsEqual.self).shapes(ShapeRules.oneTyped(ShapeRules.comparison)),
    comparison("Less", IsLess.self).shapes(ShapeRules.oneTyped(ShapeRules.comparison)),
    comparison("LessOrEqual", IsLessOrEqual.self).shapes(ShapeRules.oneTyped(ShapeRules.comparison)),
    comparison("Greater", IsGreater.self).shapes(ShapeRules.oneTyped(ShapeRules.comparison)),
    comparison("GreaterOrEqual", IsGreaterOrEqual.self).shapes(ShapeRules.oneTyped(ShapeRules.comparison)),
    logic("And") { $0 & $1 }.shapes(ShapeRules.broadcast),
    logic("Or") { $0 | $1 }.shapes(ShapeRules.broadcast),
    logic("Xor") { $0 ^ $1 }.shapes(ShapeRules.broadcast),
    .tensor("Not") { _ in
      { x in
        let a = try x.tensor(0)
        guard a.type == .bool else { throw InferenceError(.badType, "booleans are needed, these are \(a.type.name)") }
        return try compare(IsEqual.self, a, try Tensor(zeros: .bool, []))
      }
    }
    .shapes(ShapeRules.same),
    bitwise("BitwiseAnd") { $0 & $1 },
    bitwise("BitwiseOr") { $0 | $1 },
    bitwise("BitwiseXor") { $0 ^ $1 },
    .tensor("BitwiseNot") { _ in
      { x in try bits(try x.tensor(0), Tensor(scalar: Int64(-1)).converted(to: x.tensor(0).type)) { $0 ^ $1 } }
    },
    .tensor("BitShift") { attributes in
      let direction = try attributes.string("direction", default: "")
      guard direction == "LEFT" || direction == "RIGHT" else {
        throw InferenceError(.badAttribute, "direction must be LEFT or RIGHT, not '\(direction)'")
      }
      // Swift's smart shifts yield 0 for amounts beyond the width and never trap.
      return { x in
        let (a, b) = (try x.tensor(0), try x.tensor(1))
        if direction == "LEFT" { return try bits(a, b) { $0 << $1 } }
        if a.type == .uint64 { return try bits(a, b) { $0 >> $1 } }
        // Narrower types are sign-extended: negative numbers stay negative.
        return try bits(a, b) { UInt64(bitPattern: Int64(bitPattern: $0) >> min($1, 64)) }
      }
    },
    .tensor("Where") { _ in { x in try select(try x.tensor(0), try x.tensor(1), try x.tensor(2)) } }.shapes(
      selectShape),
  ]

  private static func comparison(_ name: String, _ rule: (some ComparisonRule).Type) -> OperatorDefinition {
    .tensor(name) { attributes in
      let lining = try LegacyBroadcast(attributes)
      return { x in
        let a = try x.tensor(0)
        return try compare(rule, a, try lining.align(try x.tensor(1), with: a))
      }
    }
  }

  private static func logic(
    _ name: String, _ function: @escaping @Sendable (UInt64, UInt64) -> UInt64
  ) -> OperatorDefinition {
    .tensor(name) { attributes in
      let lining = try LegacyBroadcast(attributes)
      return { x in
        let a = try x.tensor(0)
        let b = try lining.align(try x.tensor(1), with: a)
        guard a.type == .bool, b.type == .bool else { throw InferenceError(.badType, "booleans are needed") }
        return try bits(a, b, function)
      }
    }
  }

  private static func bitwise(
    _ name: String, _ function: @escaping @Sendable (UInt64, UInt64) -> UInt64
  ) -> OperatorDefinition {
    .tensor(name) { _ in { x in try bits(try x.tensor(0), try x.tensor(1), function) } }
  }

  /// Integers and booleans as bit patterns.
  private static func bits(
    _ a: Tensor, _ b: Tensor, _ function: (UInt64, UInt64) -> UInt64
  ) throws -> Tensor {
    guard a.type == b.type, a.type.isInteger || a.type == .bool else {
      throw InferenceError(.badType, "integers of one type are needed, not \(a.type.name) and \(b.type.name)")
    }
    let (wideA, wideB) = (try a.converted(to: .uint64), try b.converted(to: .uint64))
    let plan = try Broadcasting([a.shape, b.shape])
    let result = try Tensor(uninitialized: .uint64, plan.shape)
    withExtendedLifetime((wideA, wideB)) {
      broadcastLoop(
        plan, wideA.pointer(to: UInt64.self), wideB.pointer(to: UInt64.self), result.mutablePointer(to: UInt64.self),
        function)
    }
    return try result.converted(to: a.type)
  }
}

/// A comparison of two operands, written once for all compute types.
protocol ComparisonRule: Sendable {
  static func apply<Element: ComputeElement>(_ a: Element, _ b: Element) -> Bool
  /// For text; nil where text has no such order in the specification.
  static func applyText(_ a: String, _ b: String) -> Bool?
}

extension ComparisonRule {
  static func applyText(_ a: String, _ b: String) -> Bool? { nil }
}

enum IsEqual: ComparisonRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> Bool { a == b }
  static func applyText(_ a: String, _ b: String) -> Bool? { a == b }
}
enum IsLess: ComparisonRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> Bool { a < b }
}
enum IsLessOrEqual: ComparisonRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> Bool { a <= b }
}
enum IsGreater: ComparisonRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> Bool { a > b }
}
enum IsGreaterOrEqual: ComparisonRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> Bool { a >= b }
}

/// Compares two tensors of one type, broadcasting.
func compare<Rule: ComparisonRule>(_ rule: Rule.Type, _ a: Tensor, _ b: Tensor) throws -> Tensor {
  guard a.type == b.type else {
    throw InferenceError(.badType, "operands are \(a.type.name) and \(b.type.name), they must have one type")
  }
  if let left = a.strings, let right = b.strings { return try compareText(rule, a, left, b, right) }
  return try a.type.compute(ComparisonVisitor<Rule>(a: a, b: b))
}

private func compareText<Rule: ComparisonRule>(
  _ rule: Rule.Type, _ a: Tensor, _ left: [String], _ b: Tensor, _ right: [String]
) throws -> Tensor {
  let plan = try Broadcasting([a.shape, b.shape])
  let result = try Tensor(zeros: .bool, plan.shape)
  let truths = result.elements(as: Bool.self)
  guard Rule.applyText("", "") != nil else { throw InferenceError(.badType, "strings have no order here") }
  plan.forEachRow { offset, offsetA, offsetB, _ in
    for index in 0..<plan.rowLength {
      truths[offset + index] =
        Rule.applyText(left[offsetA + index * plan.rowStride(0)], right[offsetB + index * plan.rowStride(1)]) ?? false
    }
  }
  return result
}

private struct ComparisonVisitor<Rule: ComparisonRule>: ComputeVisitor {
  let a: Tensor
  let b: Tensor

  func visit<Element: ComputeElement>(_: Element.Type) throws -> Tensor {
    let (wideA, wideB) = (try a.converted(to: Element.type), try b.converted(to: Element.type))
    let plan = try Broadcasting([a.shape, b.shape])
    let result = try Tensor(uninitialized: .bool, plan.shape)
    withExtendedLifetime((wideA, wideB)) {
      broadcastLoop(
        plan, wideA.pointer(to: Element.self), wideB.pointer(to: Element.self), result.mutablePointer(to: Bool.self),
        Rule.apply)
    }
    return result
  }
}

/// `yes` where the condition holds, `no` elsewhere, all three broadcast. Any element type.
func select(_ condition: Tensor, _ yes: Tensor, _ no: Tensor) throws -> Tensor {
  guard condition.type == .bool, yes.type == no.type else {
    throw InferenceError(.badType, "a boolean condition and two operands of one type are needed")
  }
  if let yesText = yes.strings, let noText = no.strings {
    // Both texts side by side, and the same choice among their indices.
    let indices = try select(
      condition, Tensor(int64s: Array(0..<yesText.count), yes.shape),
      Tensor(int64s: noText.indices.map { $0 + yesText.count }, no.shape))
    return try Tensor.choosing(from: yesText + noText, indices)
  }
  let plan = try Broadcasting([condition.shape, yes.shape, no.shape])
  let result = try Tensor(uninitialized: yes.type, plan.shape)
  let width = yes.type.byteCount
  let flags = condition.base.assumingMemoryBound(to: UInt8.self)
  let (strideC, strideY, strideN) = (plan.rowStride(0), plan.rowStride(1), plan.rowStride(2))
  withExtendedLifetime((condition, yes, no)) {
    plan.forEachRow { offset, offsetC, offsetY, offsetN in
      for index in 0..<plan.rowLength {
        let source =
          flags[offsetC + index * strideC] != 0
          ? yes.base + (offsetY + index * strideY) * width : no.base + (offsetN + index * strideN) * width
        copyElement(result.base + (offset + index) * width, source, width)
      }
    }
  }
  return result
}

// MARK: shapes

extension ComparisonOperators {
  @Sendable
  static func selectShape(_ question: ShapeQuestion) throws -> [Fact]? {
    try ShapeRules.broadcast(question, as: question.input(1)?.type)
  }
}
