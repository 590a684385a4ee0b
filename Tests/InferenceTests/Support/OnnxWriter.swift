import Foundation
import Inference
import TestSupport

/// Writes ONNX files for tests: just enough protocol-buffers encoding, and no checks, so that it writes bad ones too.
struct Wire {
  var bytes: [UInt8] = []

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func int(_ field: Int, _ value: Int64) {
    varint(UInt64(field) << 3)
    varint(UInt64(bitPattern: value))
  }

  mutating func float(_ field: Int, _ value: Float) {
    varint(UInt64(field) << 3 | 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func data(_ field: Int, _ value: [UInt8]) {
    varint(UInt64(field) << 3 | 2)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func string(_ field: Int, _ value: String) { data(field, Array(value.utf8)) }

  mutating func message(_ field: Int, _ body: (inout Wire) -> Void) {
    var inner = Wire()
    body(&inner)
    data(field, inner.bytes)
  }
}

enum OnnxAttribute: Sendable {
  case int(Int64)
  case float(Float)
  case string(String)
  case ints([Int64])
  case floats([Float])
  case strings([String])
  case tensor(Tensor)
  case graph(OnnxGraph)
  case reference(String)
}

struct OnnxNode: Sendable {
  var type: String
  var inputs: [String]
  var outputs: [String]
  var attributes: [(String, OnnxAttribute)] = []
  var domain = ""
  var name = ""

  init(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [(String, OnnxAttribute)] = [],
    domain: String = "", name: String = ""
  ) {
    self.type = type
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
    self.domain = domain
    self.name = name
  }
}

struct OnnxGraph: Sendable {
  var nodes: [OnnxNode] = []
  var inputs: [(name: String, type: ElementType, shape: [Int])] = []
  var outputs: [String] = []
  var initializers: [(String, Tensor)] = []
  /// What the file says of every output; nil leaves it open.
  var outputType: ElementType?
  /// What it says of single outputs beyond that, by name: an extent of nil is symbolic.
  var declared: [String: (type: ElementType, shape: [Int?])] = [:]
}

struct OnnxFunction: Sendable {
  var domain: String
  var name: String
  var inputs: [String]
  var outputs: [String]
  var attributes: [String] = []
  var nodes: [OnnxNode]
}

struct OnnxModel: Sendable {
  var graph: OnnxGraph
  var opset: Int64 = 17
  var functions: [OnnxFunction] = []
  var metadata: [(String, String)] = []

  var bytes: [UInt8] {
    var wire = Wire()
    wire.int(1, 9)
    wire.string(2, "tests")
    wire.message(7) { write(graph, &$0) }
    wire.message(8) { $0.int(2, opset) }
    for (key, value) in metadata {
      wire.message(14) {
        $0.string(1, key)
        $0.string(2, value)
      }
    }
    for domain in Set(functions.map(\.domain)) {
      wire.message(8) {
        $0.string(1, domain)
        $0.int(2, 1)
      }
    }
    for function in functions { wire.message(25) { write(function, &$0) } }
    return wire.bytes
  }

  private func write(_ function: OnnxFunction, _ wire: inout Wire) {
    wire.string(1, function.name)
    for name in function.inputs { wire.string(4, name) }
    for name in function.outputs { wire.string(5, name) }
    for name in function.attributes { wire.string(6, name) }
    for node in function.nodes { wire.message(7) { write(node, &$0) } }
    wire.message(9) { $0.int(2, opset) }
    wire.string(10, function.domain)
  }

  private func write(_ graph: OnnxGraph, _ wire: inout Wire) {
    for node in graph.nodes { wire.message(1) { write(node, &$0) } }
    wire.string(2, "graph")
    for (name, tensor) in graph.initializers { wire.message(5) { write(tensor, name, &$0) } }
    for input in graph.inputs {
      wire.message(11) { info in
        info.string(1, input.name)
        info.message(2) { type in
          type.message(1) { tensor in
            tensor.int(1, Int64(input.type.rawValue))
            tensor.message(2) { shape in
              for extent in input.shape { shape.message(1) { $0.int(1, Int64(extent)) } }
            }
          }
        }
      }
    }
    for output in graph.outputs {
      wire.message(12) { info in
        info.string(1, output)
        if let known = graph.declared[output] { return write(known.type, known.shape, &info) }
        guard let type = graph.outputType else { return }
        info.message(2) { $0.message(1) { $0.int(1, Int64(type.rawValue)) } }
      }
    }
  }

  private func write(_ type: ElementType, _ shape: [Int?], _ info: inout Wire) {
    info.message(2) { outer in
      outer.message(1) { tensor in
        tensor.int(1, Int64(type.rawValue))
        tensor.message(2) { dimensions in
          for extent in shape {
            dimensions.message(1) { if let extent { $0.int(1, Int64(extent)) } else { $0.string(2, "n") } }
          }
        }
      }
    }
  }

  private func write(_ node: OnnxNode, _ wire: inout Wire) {
    for name in node.inputs { wire.string(1, name) }
    for name in node.outputs { wire.string(2, name) }
    wire.string(3, node.name)
    wire.string(4, node.type)
    for (name, value) in node.attributes {
      wire.message(5) { attribute in
        attribute.string(1, name)
        write(value, &attribute)
      }
    }
    wire.string(7, node.domain)
  }

  private func write(_ value: OnnxAttribute, _ wire: inout Wire) {
    switch value {
    case .float(let float):
      wire.float(2, float)
      wire.int(20, 1)
    case .int(let int):
      wire.int(3, int)
      wire.int(20, 2)
    case .string(let string):
      wire.string(4, string)
      wire.int(20, 3)
    case .tensor(let tensor):
      wire.message(5) { write(tensor, "", &$0) }
      wire.int(20, 4)
    case .graph(let graph):
      wire.message(6) { write(graph, &$0) }
      wire.int(20, 5)
    case .floats(let floats):
      for float in floats { wire.float(7, float) }
      wire.int(20, 6)
    case .ints(let ints):
      for int in ints { wire.int(8, int) }
      wire.int(20, 7)
    case .strings(let strings):
      for string in strings { wire.string(9, string) }
      wire.int(20, 8)
    case .reference(let name):
      wire.string(21, name)
      wire.int(20, 2)
    }
  }

  private func write(_ tensor: Tensor, _ name: String, _ wire: inout Wire) {
    for extent in tensor.shape { wire.int(1, Int64(extent)) }
    wire.int(2, Int64(tensor.type.rawValue))
    wire.string(8, name)
    wire.data(9, Array(UnsafeRawBufferPointer(start: tensor.base, count: tensor.byteCount)))
  }

  /// Writes the model into a temporary file, calls `body` with its path, removes it.
  func withFile<Result>(_ body: (String) throws -> Result) throws -> Result {
    try withTemporaryFile(bytes, body)
  }

  func load(_ options: NetworkOptions = NetworkOptions()) throws -> OcellusNetwork {
    try withFile { try OcellusNetwork(path: $0, options: options) }
  }
}

func withTemporaryFile<Result>(
  _ bytes: [UInt8], suffix: String = ".onnx", _ body: (String) throws -> Result
) throws -> Result {
  let folder = try TemporaryFolder()
  return try withExtendedLifetime(folder) { try body(folder.write("x" + suffix, bytes)) }
}
