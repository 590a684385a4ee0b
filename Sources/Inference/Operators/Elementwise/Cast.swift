import Foundation
import Ground

/// Cast and CastLike: every numeric type to every other, and text both ways.
enum CastOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("Cast") { attributes in
      let target = try elementType(attributes, "to", default: nil)
      return { x in try cast(try x.tensor(0), to: target) }
    }.shapes(castShape),
    .tensor("BitCast") { attributes in
      let target = try elementType(attributes, "to", default: nil)
      return { x in
        let data = try x.tensor(0)
        guard target.byteCount == data.type.byteCount, target != .string, target != .bool else {
          throw InferenceError(.badType, "the bits of \(data.type.name) cannot be read as \(target.name)")
        }
        return Tensor(type: target, shape: data.shape, storage: data.storage, byteOffset: data.byteOffset)
      }
    },
    .tensor("CastLike") { _ in { x in try cast(try x.tensor(0), to: try x.tensor(1).type) } },
  ]

  /// The element type that an attribute names by its number in `TensorProto.DataType`.
  static func elementType(
    _ attributes: NodeAttributes, _ name: String, default fallback: ElementType?
  ) throws -> ElementType {
    // Before opset 6 Cast wrote the type's name.
    if case .string(let text)? = attributes[name] {
      let aliases = ["FLOAT": "FLOAT32", "DOUBLE": "FLOAT64"]
      let wanted = (aliases[text] ?? text).lowercased()
      if let type = ElementType.allCases.first(where: { $0.name == wanted }) { return type }
      throw InferenceError(.badAttribute, "unknown element type '\(text)'")
    }
    guard let number = try attributes.int(name) else {
      guard let fallback else { throw InferenceError(.badAttribute, "attribute '\(name)' is missing") }
      return fallback
    }
    guard let type = Int32(exactly: number).flatMap(ElementType.init(rawValue:)) else {
      throw InferenceError(
        .unsupportedFeature, "element type \(number) of attribute '\(name)' is unknown",
        remedy: "8-bit floats and 4-bit integers are not supported")
    }
    return type
  }

  static func cast(_ x: Tensor, to target: ElementType) throws -> Tensor {
    if x.type == target { return x }
    if let strings = x.strings { return try parse(strings, x.shape, target) }
    return target == .string ? try format(x) : try x.converted(to: target)
  }

  private static func parse(_ strings: [String], _ shape: [Int], _ target: ElementType) throws -> Tensor {
    let trimmed = strings.map { $0.trimmingCharacters(in: .whitespaces) }
    if target.isInteger {
      // Digits alone stay integers.
      let integers = trimmed.compactMap { Int64($0).map(UInt64.init(bitPattern:)) ?? UInt64($0) }
      if integers.count == trimmed.count { return try Tensor(shape, integers).converted(to: target) }
    }
    let numbers = try trimmed.map { text -> Double in
      guard let number = Double(text) else { throw InferenceError(.badInput, "'\(text)' is not a number") }
      return number
    }
    return try Tensor(shape, numbers).converted(to: target)
  }

  /// As NumPy prints numbers: the shortest text that reads back as the same value, no ".0" on integers.
  private static func format(_ x: Tensor) throws -> Tensor {
    func text<Value: CustomStringConvertible>(_ values: [Value]) -> Tensor {
      Tensor(x.shape, strings: values.map { numpyName($0.description) })
    }
    switch x.type {
    case .float32: return text(x.array(of: Float.self))
    case .float16, .bfloat16: return text(try x.floats())
    case .float64: return text(x.array(of: Double.self))
    case .uint64: return text(x.array(of: UInt64.self))
    case .bool: return text(try x.integers().map { $0 != 0 ? "True" : "False" })
    default: return text(try x.integers())
    }
  }

  private static func numpyName(_ text: String) -> String {
    switch text {
    case "inf": "INF"
    case "-inf": "-INF"
    case "nan": "NaN"
    default: text
    }
  }
}

// MARK: shapes

extension CastOperators {
  @Sendable
  static func castShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard question.attributes.opset >= 6, let x = question.input(0),
      let target = try question.attributes.int("to"),
      let type = Int32(exactly: target).flatMap(ElementType.init(rawValue:)), type != .string
    else { return nil }
    return [Fact(type, x.shape)]
  }
}
