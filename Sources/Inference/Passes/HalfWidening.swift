import Ground

/// Lets a network of half floats compute in single precision: its weights are widened once, its inputs as they come, and
/// its outputs narrowed again. The results are at least as good, and the compiled kernels know them.
enum HalfWidening {
  /// Attributes by which an operator names the type of its result.
  private static let typeAttributes = ["dtype", "output_datatype", "output_dtype", "value"]

  /// The widened graph, or nil where there is nothing to widen or the graph has parts that must keep their types.
  ///
  /// - Parameter outputTypes: what the model's file says of each output; nil where it says nothing.
  static func widened(_ graph: Graph, inputTypes: [ElementType], outputTypes: [ElementType?]) throws -> Graph? {
    let halves = graph.constants.filter { $0.value.type == .float16 }
    let inputs = zip(graph.inputs, inputTypes).filter { $0.1 == .float16 }.map(\.0)
    guard !halves.isEmpty || !inputs.isEmpty, graph.nodes.allSatisfy(canWiden),
      outputTypes.count == graph.outputs.count, !outputTypes.contains(nil)
    else { return nil }
    var wide = graph
    for (id, tensor) in halves { wide.constants[id] = try tensor.widened() }
    var renamed: [ValueID: ValueID] = [:]
    for id in inputs { renamed[id] = wide.addValue(graph.valueNames[id]) }
    wide.nodes = try inputs.map { try cast(from: $0, to: renamed[$0] ?? $0, .float32) }
    for node in graph.nodes {
      var node = try isCastToHalf(node) ? cast(from: node.inputs[0] ?? 0, to: node.outputs[0] ?? 0, .float32) : node
      node.inputs = node.inputs.map { id in id.map { renamed[$0] ?? $0 } }
      wide.nodes.append(node)
    }
    for (index, type) in outputTypes.enumerated() {
      let id = renamed[graph.outputs[index]] ?? graph.outputs[index]
      wide.outputs[index] = id
      guard type == .float16 else { continue }
      let narrow = wide.addValue(graph.valueNames[graph.outputs[index]])
      wide.nodes.append(try cast(from: id, to: narrow, .float16))
      wide.outputs[index] = narrow
    }
    return wide
  }

  /// Bodies of control flow have constants and types of their own.
  private static func canWiden(_ node: Graph.Node) -> Bool {
    guard node.bodies.isEmpty, !node.inputs.isEmpty || node.operatorType == "Constant" else { return false }
    return typeAttributes.allSatisfy { name in
      switch node.attributes[name] {
      case .int(let type)?: type != Int64(ElementType.float16.rawValue)
      case .tensor(let tensor)?: tensor.type != .float16
      default: true
      }
    }
  }

  private static func isCastToHalf(_ node: Graph.Node) throws -> Bool {
    node.domain.isEmpty && node.operatorType == "Cast" && node.inputs.count == 1 && node.outputs.count == 1
      && node.inputs[0] != nil && node.outputs[0] != nil
      && (try? node.attributes.int("to")) == Int(ElementType.float16.rawValue)
  }

  private static func cast(from source: ValueID, to target: ValueID, _ type: ElementType) throws -> Graph.Node {
    try .standard("Cast", [source], [target], attributes: ["to": .int(Int64(type.rawValue))])
  }
}
