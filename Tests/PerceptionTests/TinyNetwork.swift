import Foundation

/// Writes small ONNX files: what a test needs of a network, and nothing else (onnx.proto, IR version 8, opset 13).
struct TinyNetwork {
  private var nodes: [[UInt8]] = []
  private var initializers: [[UInt8]] = []
  private var inputs: [[UInt8]] = []
  private var outputs: [[UInt8]] = []

  enum Element: UInt64 {
    case float = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case float16 = 10
    case double = 11
    case uint32 = 12
    case uint64 = 13
  }

  /// nil extents are open.
  mutating func input(_ name: String, _ type: Element, _ shape: [Int?]) { inputs.append(Self.port(name, type, shape)) }
  mutating func output(_ name: String, _ shape: [Int?]) { outputs.append(Self.port(name, .float, shape)) }

  mutating func weights(_ name: String, _ shape: [Int], _ values: [Float]) {
    precondition(values.count == shape.reduce(1, *), "as many values as the shape has places")
    var tensor = shape.flatMap { Self.number(1, UInt64($0)) }
    tensor += Self.number(2, Element.float.rawValue) + Self.bytes(8, Array(name.utf8))
    tensor += Self.bytes(9, values.withUnsafeBytes { Array($0) })
    initializers.append(tensor)
  }

  mutating func integers(_ name: String, _ values: [Int64]) {
    var tensor = Self.number(1, UInt64(values.count)) + Self.number(2, Element.int64.rawValue)
    tensor += Self.bytes(8, Array(name.utf8)) + Self.bytes(9, values.withUnsafeBytes { Array($0) })
    initializers.append(tensor)
  }

  /// - Parameter ints: attributes; a single number is an int, several are a list.
  mutating func node(_ type: String, _ inputs: [String], _ output: String, ints: [String: [Int]] = [:]) {
    var node = inputs.flatMap { Self.bytes(1, Array($0.utf8)) }
    node += Self.bytes(2, Array(output.utf8)) + Self.bytes(4, Array(type.utf8))
    for (name, values) in ints.sorted(by: { $0.key < $1.key }) {
      let isList = name == "axes"
      var attribute = Self.bytes(1, Array(name.utf8))
      for value in values { attribute += Self.number(isList ? 8 : 3, UInt64(bitPattern: Int64(value))) }
      node += Self.bytes(5, attribute + Self.number(20, isList ? 7 : 2))
    }
    nodes.append(node)
  }

  /// - Parameter metadata: the file's `metadata_props`.
  func write(to path: String, metadata: [String: String] = [:]) throws {
    var graph = nodes.flatMap { Self.bytes(1, $0) } + Self.bytes(2, Array("tiny".utf8))
    graph += initializers.flatMap { Self.bytes(5, $0) }
    graph += inputs.flatMap { Self.bytes(11, $0) } + outputs.flatMap { Self.bytes(12, $0) }
    var model = Self.number(1, 8) + Self.bytes(7, graph) + Self.bytes(8, Self.bytes(1, []) + Self.number(2, 13))
    for (key, value) in metadata {
      model += Self.bytes(14, Self.bytes(1, Array(key.utf8)) + Self.bytes(2, Array(value.utf8)))
    }
    try Data(model).write(to: URL(filePath: path))
  }

  private static func port(_ name: String, _ type: Element, _ shape: [Int?]) -> [UInt8] {
    let extents = shape.flatMap { extent in
      bytes(1, extent.map { number(1, UInt64($0)) } ?? bytes(2, Array("n".utf8)))
    }
    let tensor = number(1, type.rawValue) + bytes(2, extents)
    return bytes(1, Array(name.utf8)) + bytes(2, bytes(1, tensor))
  }

  private static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }

  private static func bytes(_ field: UInt64, _ value: [UInt8]) -> [UInt8] {
    varint(field << 3 | 2) + varint(UInt64(value.count)) + value
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var value = value
    var bytes: [UInt8] = []
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7f) | 0x80)
      value >>= 7
    }
    return bytes + [UInt8(value)]
  }
}
