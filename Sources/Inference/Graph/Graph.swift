/// Names a value (an edge) inside one graph: an index into its tables.
package typealias ValueID = Int

/// A dataflow graph: the main one of a model or a body of If, Loop or Scan.
///
/// Every value has one producer: a node, a graph input, a constant, or a capture from the graph around it. Nodes stand
/// in topological order.
package struct Graph: Sendable {
  package struct Node: Sendable {
    package var name: String
    package var operation: Operation
    package var attributes: NodeAttributes
    /// nil where an optional input or output is left out.
    package var inputs: [ValueID?]
    package var outputs: [ValueID?]
    /// Bodies of control flow.
    package var bodies: [Subgraph] = []
    /// Values of this graph that the bodies read.
    package var captured: [ValueID] = []

    package var domain: String { operation.domain }
    package var operatorType: String { operation.name }
    package var evaluator: any Operator { operation.evaluator }

    /// Input `index`; nil where the node leaves it out.
    package func input(_ index: Int) -> ValueID? { index < inputs.count ? inputs[index] : nil }

    /// Every value that must exist before the node runs.
    package var dependencies: [ValueID] { inputs.compactMap { $0 } + captured }

    /// "Conv 'backbone/stem'": how errors and profiles name the node.
    package var label: String { name.isEmpty ? operatorType : "\(operatorType) '\(name)'" }
  }

  /// A value of the surrounding graph, as this graph sees it.
  package struct Capture: Sendable {
    package var outer: ValueID
    package var inner: ValueID
  }

  package var nodes: [Node] = []
  package var valueNames: [String] = []
  package var constants: [ValueID: Tensor] = [:]
  package var inputs: [ValueID] = []
  package var outputs: [ValueID] = []
  package var captures: [Capture] = []

  package init() {}

  package mutating func addValue(_ name: String = "") -> ValueID {
    valueNames.append(name)
    return valueNames.count - 1
  }

  package mutating func addConstant(_ tensor: Tensor, _ name: String = "") -> ValueID {
    let id = addValue(name)
    constants[id] = tensor
    return id
  }
}

/// A whole model: its main graph and, behind it, every body of control flow, addressed by ``Subgraph/index``.
package struct GraphSet: Sendable {
  package static let main = 0
  package var graphs: [Graph]
}
