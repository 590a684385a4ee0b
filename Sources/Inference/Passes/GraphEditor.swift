/// A graph under rewriting, with who makes and who reads each value kept up to date.
package final class GraphEditor {
  /// Nodes by position; nil where one was removed.
  package private(set) var nodes: [Graph.Node?]
  private var graph: Graph
  private var facts: [Fact?]
  private var producers: [ValueID: Int] = [:]
  private var readers: [Readers]
  /// Where each output of the graph stands among the outputs.
  private var outputPlaces: [ValueID: [Int]] = [:]
  /// Values that must keep existing under their name: bodies of control flow read them.
  private var pinned: Set<ValueID> = []
  /// Nodes were appended that others before them read.
  private var isOutOfOrder = false
  /// Links looked at or changed so far.
  private var work = 0
  private let workLimit: Int

  /// Who reads a value. Removing a reader only lowers the count: a value may have a hundred thousand of them, and a
  /// rewrite of each must not search the list.
  private struct Readers {
    /// The inputs that read it.
    var count = 0
    /// Every node that does, and some that no longer do.
    var places: [Int] = []
  }

  package init(_ graph: Graph, facts: [Fact?]) {
    self.graph = graph
    self.facts = facts
    nodes = graph.nodes
    readers = [Readers](repeating: Readers(), count: graph.valueNames.count)
    workLimit = 1 << 25 + 1000 * graph.nodes.count
    for (place, id) in graph.outputs.enumerated() { outputPlaces[id, default: []].append(place) }
    for index in graph.nodes.indices { link(index) }
    for node in graph.nodes { pinned.formUnion(node.captured) }
  }

  private func link(_ index: Int) {
    guard let node = nodes[index] else { return }
    for id in node.dependencies {
      readers[id].count += 1
      readers[id].places.append(index)
      work += 1
    }
    for case let id? in node.outputs { producers[id] = index }
  }

  private func unlink(_ index: Int) {
    guard let node = nodes[index] else { return }
    for id in node.dependencies {
      readers[id].count -= 1
      work += 1
    }
    for case let id? in node.outputs where producers[id] == index { producers[id] = nil }
  }

  /// Whether rewriting has cost more than the graph's size accounts for. What is left as it is runs as it is.
  package var isExhausted: Bool { work > workLimit }

  // MARK: looking

  package func producer(of id: ValueID?) -> (index: Int, node: Graph.Node)? {
    guard let id, let index = producers[id], let node = nodes[index] else { return nil }
    return (index, node)
  }

  /// The nodes that read a value, once for each reading input.
  package func consumers(of id: ValueID) -> [Int] {
    var found: [Int] = []
    for index in Set(readers[id].places) {
      guard let node = nodes[index] else { continue }
      work += 1 + node.inputs.count
      for read in node.dependencies where read == id { found.append(index) }
    }
    found.sort()
    readers[id].places = found
    return found
  }

  /// Whether exactly one input of one node reads the value, and nothing else does.
  package func isUsedOnce(_ id: ValueID?) -> Bool {
    guard let id else { return false }
    return readers[id].count == 1 && !isOutput(id)
  }

  /// Whether the value is an output of the graph, or read by a body of control flow.
  package func isOutput(_ id: ValueID) -> Bool { pinned.contains(id) || outputPlaces[id] != nil }

  package func fact(_ id: ValueID?) -> Fact? { id.flatMap { facts[$0] } }
  package func constant(_ id: ValueID?) -> Tensor? { id.flatMap { graph.constants[$0] } }

  /// The value of a constant float32 tensor whose elements are all equal.
  package func uniform(_ id: ValueID?) -> Float? {
    guard let tensor = constant(id), tensor.type == .float32, tensor.count > 0, tensor.count <= 4096 else { return nil }
    let values = tensor.elements(as: Float.self)
    return values.allSatisfy { $0 == values[0] } ? values[0] : nil
  }

  /// The node at `index` if it is of the default domain and one of these types.
  package func node(_ index: Int, _ types: String...) -> Graph.Node? {
    guard let node = nodes[index], node.domain.isEmpty, types.contains(node.operatorType) else { return nil }
    return node
  }

  /// The producer of `id` if it is of the default domain and this type.
  package func producer(of id: ValueID?, _ type: String) -> (index: Int, node: Graph.Node)? {
    guard let found = producer(of: id), found.node.domain.isEmpty, found.node.operatorType == type else { return nil }
    return found
  }

  // MARK: changing

  package func addConstant(_ tensor: Tensor) -> ValueID {
    readers.append(Readers())
    facts.append(Fact(tensor.type, tensor.shape))
    return graph.addConstant(tensor)
  }

  package func addValue(_ fact: Fact) -> ValueID {
    readers.append(Readers())
    facts.append(fact)
    return graph.addValue()
  }

  /// Adds a node whose inputs and outputs exist; where it must stand is found in the end.
  package func append(_ node: Graph.Node) {
    nodes.append(node)
    link(nodes.count - 1)
    isOutOfOrder = true
  }

  /// Replaces what is known of the type and shape of a value.
  package func setFact(_ id: ValueID, _ fact: Fact) { facts[id] = fact }

  /// Puts `node` in place of `removed`, at the last of their positions: there all its inputs exist.
  package func replace(_ removed: [Int], with node: Graph.Node) {
    guard let place = removed.max() else { return }
    for index in removed {
      unlink(index)
      nodes[index] = nil
    }
    nodes[place] = node
    link(place)
  }

  /// Lets everything that reads `old` read `new`; the producer of `old` is removed. False when `old` must stay.
  package func substitute(_ old: ValueID, by new: ValueID) -> Bool {
    guard !pinned.contains(old), !isExhausted else { return false }
    for index in Set(consumers(of: old)) {
      unlink(index)
      if var node = nodes[index] {
        node.inputs = node.inputs.map { $0 == old ? new : $0 }
        nodes[index] = node
      }
      link(index)
    }
    if let places = outputPlaces.removeValue(forKey: old) {
      for place in places { graph.outputs[place] = new }
      outputPlaces[new, default: []] += places
    }
    if let index = producers[old], let node = nodes[index], node.outputs.allSatisfy({ isUnused($0) }) {
      unlink(index)
      nodes[index] = nil
    }
    return true
  }

  private func isUnused(_ id: ValueID?) -> Bool {
    guard let id else { return true }
    return readers[id].count == 0 && !isOutput(id)
  }

  /// The rewritten graph, without the nodes and constants that nothing needs.
  package func finish() throws -> (graph: Graph, facts: [Fact?]) {
    if isOutOfOrder {
      graph.nodes = nodes.compactMap { $0 }
      try graph.sortTopologically()
      nodes = graph.nodes
      producers = [:]
      for index in readers.indices { readers[index] = Readers() }
      for index in nodes.indices { link(index) }
    }
    for index in nodes.indices.reversed() {
      guard let node = nodes[index], node.outputs.allSatisfy({ isUnused($0) }) else { continue }
      unlink(index)
      nodes[index] = nil
    }
    graph.nodes = nodes.compactMap { $0 }
    let needed = Set(graph.nodes.flatMap(\.dependencies)).union(graph.outputs)
    graph.constants = graph.constants.filter { needed.contains($0.key) }
    return (graph, facts)
  }
}
