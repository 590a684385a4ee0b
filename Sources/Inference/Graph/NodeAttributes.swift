import Ground

/// A node's attributes as the importer decoded them, with typed access that names what is wrong.
public struct NodeAttributes: Sendable {
  public enum Attribute: Sendable {
    case int(Int64)
    case float(Float)
    case string(String)
    case tensor(Tensor)
    case graph(Subgraph)
    case ints([Int64])
    case floats([Float])
    case strings([String])
    case tensors([Tensor])
  }

  private let values: [String: Attribute]
  /// The operator set version of the node's domain.
  public let opset: Int
  /// How many inputs and outputs the node names (trailing ones that are empty included).
  public let inputCount: Int
  public let outputCount: Int

  public init(_ values: [String: Attribute] = [:], opset: Int, inputCount: Int, outputCount: Int) {
    self.values = values
    self.opset = opset
    self.inputCount = inputCount
    self.outputCount = outputCount
  }

  public func has(_ name: String) -> Bool { values[name] != nil }
  public subscript(name: String) -> Attribute? { values[name] }
  public var names: [String] { Array(values.keys) }

  private func mistyped(_ name: String, _ wanted: String) -> InferenceError {
    InferenceError(.badAttribute, "attribute '\(name)' must be \(wanted)")
  }

  public func int(_ name: String) throws -> Int? {
    guard let value = values[name] else { return nil }
    guard case .int(let int) = value else { throw mistyped(name, "an integer") }
    return Int(int)
  }

  public func int(_ name: String, default fallback: Int) throws -> Int { try int(name) ?? fallback }

  public func flag(_ name: String, default fallback: Bool = false) throws -> Bool {
    try int(name).map { $0 != 0 } ?? fallback
  }

  public func ints(_ name: String) throws -> [Int]? {
    guard let value = values[name] else { return nil }
    guard case .ints(let ints) = value else { throw mistyped(name, "a list of integers") }
    return ints.map(Int.init)
  }

  public func float(_ name: String) throws -> Float? {
    guard let value = values[name] else { return nil }
    guard case .float(let float) = value else { throw mistyped(name, "a number") }
    return float
  }

  public func float(_ name: String, default fallback: Float) throws -> Float { try float(name) ?? fallback }

  public func floats(_ name: String) throws -> [Float]? {
    guard let value = values[name] else { return nil }
    guard case .floats(let floats) = value else { throw mistyped(name, "a list of numbers") }
    return floats
  }

  public func string(_ name: String) throws -> String? {
    guard let value = values[name] else { return nil }
    guard case .string(let string) = value else { throw mistyped(name, "a string") }
    return string
  }

  public func string(_ name: String, default fallback: String) throws -> String { try string(name) ?? fallback }

  public func strings(_ name: String) throws -> [String]? {
    guard let value = values[name] else { return nil }
    guard case .strings(let strings) = value else { throw mistyped(name, "a list of strings") }
    return strings
  }

  public func tensor(_ name: String) throws -> Tensor? {
    guard let value = values[name] else { return nil }
    guard case .tensor(let tensor) = value else { throw mistyped(name, "a tensor") }
    return tensor
  }

  public func graph(_ name: String) throws -> Subgraph {
    guard case .graph(let graph)? = values[name] else {
      throw InferenceError(.badAttribute, "attribute '\(name)' must be a graph")
    }
    return graph
  }
}
