import Ground

/// Builds graphs from decoded messages: resolves names, inlines local functions, makes operators.
final class GraphImporter {
  private let decoder: TensorDecoder
  private let functions: [String: FunctionProto]
  private var bodies: [Graph] = [Graph()]
  private var nodeCount = 0
  private var depth = 0

  /// Inlining may multiply nodes (a function that calls another twice, thirty levels deep); real models stay far below.
  private static let nodeLimit = 400_000
  private static let depthLimit = 48
  /// What a node takes of memory, about, with what is made of it until it runs.
  private static let nodeBytes = 2 << 10

  init(_ model: ModelProto, decoder: TensorDecoder) {
    self.decoder = decoder
    functions = Dictionary(
      model.functions.map { (GraphImporter.key($0.domain, $0.name, $0.overload), $0) },
      uniquingKeysWith: { first, _ in first })
  }

  private static func key(_ domain: String, _ name: String, _ overload: String) -> String {
    "\(domain)/\(name)/\(overload)"
  }

  /// The model's graphs, sorted, the main one first.
  static func graphs(of model: ModelProto, decoder: TensorDecoder) throws -> GraphSet {
    guard let main = model.graph else { throw InferenceError(.malformedModel, "not an ONNX model: it has no graph") }
    let importer = GraphImporter(model, decoder: decoder)
    let graph = try importer.build(main, opsets: model.opsets, parent: nil, substitution: [:])
    importer.bodies[GraphSet.main] = graph
    return GraphSet(graphs: importer.bodies)
  }

  /// - Parameter substitution: attributes of the function call that the graph lies in.
  private func build(
    _ proto: GraphProto, opsets: [String: Int64], parent: Scope?, substitution: [String: AttributeProto]
  ) throws -> Graph {
    depth += 1
    defer { depth -= 1 }
    guard depth <= GraphImporter.depthLimit else { throw InferenceError(.malformedModel, "graphs nest too deeply") }
    let builder = GraphBuilder()
    let scope = Scope(builder, parent: parent)
    for initializer in proto.initializers {
      let tensor = try decoder.decode(initializer)
      try scope.declare(initializer.name, as: builder.graph.addConstant(tensor, initializer.name))
    }
    for initializer in proto.sparseInitializers {
      let tensor = try decoder.decode(initializer)
      let name = initializer.values.name
      try scope.declare(name, as: builder.graph.addConstant(tensor, name))
    }
    // Files older than IR version 4 list initializers among the inputs too: they are defaults, not inputs to be given.
    for input in proto.inputs where !scope.isDeclared(input.name) {
      let id = builder.graph.addValue(input.name)
      builder.graph.inputs.append(id)
      try scope.declare(input.name, as: id)
    }
    try add(proto.nodes, opsets: opsets, scope: scope, substitution: substitution)
    for output in proto.outputs {
      guard let id = try scope.value(output.name) else {
        throw InferenceError(.malformedModel, "an output has no name")
      }
      builder.graph.outputs.append(id)
    }
    try builder.graph.sortTopologically()
    return builder.graph
  }

  private func add(
    _ nodes: [NodeProto], opsets: [String: Int64], scope: Scope, substitution: [String: AttributeProto]
  ) throws {
    // All results are declared first: nodes may stand in any order, and bodies may read results of later ones.
    var results: [[ValueID?]] = []
    results.reserveCapacity(nodes.count)
    for node in nodes {
      results.append(
        try node.outputs.map { name in
          if name.isEmpty { return nil }
          let id = scope.builder.graph.addValue(name)
          try scope.declare(name, as: id)
          return id
        })
    }
    for (node, outputs) in zip(nodes, results) {
      do {
        try add(node, outputs, opsets: opsets, scope: scope, substitution: substitution)
      } catch let error as InferenceError {
        throw error.at(node.name.isEmpty ? node.operatorType : "\(node.operatorType) '\(node.name)'")
      }
    }
  }

  private func add(
    _ node: NodeProto, _ outputs: [ValueID?], opsets: [String: Int64], scope: Scope,
    substitution: [String: AttributeProto]
  ) throws {
    nodeCount += 1
    guard nodeCount <= GraphImporter.nodeLimit else { throw InferenceError(.malformedModel, "too many nodes") }
    try NetworkBudget.current?.checkTime()
    try NetworkBudget.current?.reserve(GraphImporter.nodeBytes)
    let attributes = node.attributes.compactMap { attribute -> AttributeProto? in
      guard !attribute.reference.isEmpty else { return attribute }
      guard var value = substitution[attribute.reference] else { return nil }
      value.name = attribute.name
      return value
    }
    let inputs = try node.inputs.map(scope.value)
    if let function = functions[GraphImporter.key(node.domain, node.operatorType, node.overload)] {
      return try inline(function, attributes, inputs, outputs, builder: scope.builder)
    }
    if node.domain.isEmpty, node.operatorType == "Constant" {
      guard let id = outputs.first ?? nil else { return }
      scope.builder.graph.constants[id] = try constant(attributes)
      return
    }
    try addOperator(node, attributes, inputs, outputs, opsets: opsets, scope: scope, substitution: substitution)
  }

  private func addOperator(
    _ node: NodeProto, _ attributes: [AttributeProto], _ inputs: [ValueID?], _ outputs: [ValueID?],
    opsets: [String: Int64], scope: Scope, substitution: [String: AttributeProto]
  ) throws {
    let opset = Int(clamping: opsets[node.domain] ?? 1)
    var values: [String: NodeAttributes.Attribute] = [:]
    var subgraphs: [Subgraph] = []
    var captured: [ValueID] = []
    for attribute in attributes {
      guard let kind = attribute.kind else { continue }
      if kind == .graph {
        let (subgraph, outer) = try body(attribute, opsets: opsets, scope: scope, substitution: substitution)
        subgraphs.append(subgraph)
        captured += outer
        values[attribute.name] = .graph(subgraph)
      } else if let value = try decode(attribute, kind) {
        values[attribute.name] = value
      }
    }
    let decoded = NodeAttributes(values, opset: opset, inputCount: inputs.count, outputCount: outputs.count)
    guard
      let definition = OperatorRegistry.definition(domain: node.domain, name: node.operatorType, opset: opset)
    else {
      let name = node.domain.isEmpty ? node.operatorType : "\(node.domain).\(node.operatorType)"
      throw InferenceError(
        .unknownOperator, "unknown operator '\(name)' (operator set \(opset))",
        remedy: "see docs/OPERATORS.md for the operators that the engine has")
    }
    scope.builder.graph.nodes.append(
      Graph.Node(
        name: node.name, operation: try definition.operation(decoded), attributes: decoded, inputs: inputs,
        outputs: outputs, bodies: subgraphs,
        captured: captured))
  }

  /// Imports a body of control flow; also returns the values of the surrounding graph that it reads.
  private func body(
    _ attribute: AttributeProto, opsets: [String: Int64], scope: Scope, substitution: [String: AttributeProto]
  ) throws -> (Subgraph, [ValueID]) {
    guard let proto = attribute.graph else {
      throw InferenceError(.badAttribute, "attribute '\(attribute.name)' must be a graph")
    }
    let graph = try build(proto, opsets: opsets, parent: scope, substitution: substitution)
    bodies.append(graph)
    let declared = proto.outputs.map { output in
      DeclaredTensor(
        type: output.type.kind == .tensor ? ElementType(rawValue: output.type.elementType) : nil,
        shape: output.type.shape?.map { extent in extent.flatMap { $0 >= 0 ? Int($0) : nil } })
    }
    let subgraph = Subgraph(
      index: bodies.count - 1, inputCount: graph.inputs.count, outputCount: graph.outputs.count, declared: declared)
    return (subgraph, graph.captures.map(\.outer))
  }

  private func inline(
    _ function: FunctionProto, _ attributes: [AttributeProto], _ inputs: [ValueID?], _ outputs: [ValueID?],
    builder: GraphBuilder
  ) throws {
    depth += 1
    defer { depth -= 1 }
    guard depth <= GraphImporter.depthLimit else {
      throw InferenceError(.malformedModel, "function '\(function.name)' calls itself")
    }
    guard inputs.count <= function.inputs.count, outputs.count <= function.outputs.count else {
      throw InferenceError(.malformedModel, "function '\(function.name)' is called with too many arguments")
    }
    let scope = Scope(builder)
    for (index, name) in function.inputs.enumerated() {
      if index < inputs.count, let id = inputs[index] {
        try scope.declare(name, as: id)
      } else {
        scope.declareAbsent(name)
      }
    }
    var substitution = Dictionary(
      function.attributeDefaults.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for attribute in attributes { substitution[attribute.name] = attribute }
    try add(function.nodes, opsets: function.opsets, scope: scope, substitution: substitution)
    for (name, id) in zip(function.outputs, outputs) {
      guard let id else { continue }
      guard let inner = try scope.value(name) else {
        throw InferenceError(.malformedModel, "function '\(function.name)' does not produce '\(name)'")
      }
      builder.graph.nodes.append(try .standard("Identity", [inner], [id]))
    }
  }
}

// MARK: attributes

extension GraphImporter {
  private func decode(_ attribute: AttributeProto, _ kind: AttributeProto.Kind) throws -> NodeAttributes.Attribute? {
    switch kind {
    case .float: return .float(attribute.float)
    case .int: return .int(attribute.int)
    case .string: return .string(attribute.string)
    case .floats: return .floats(attribute.floats)
    case .ints: return .ints(attribute.ints)
    case .strings: return .strings(attribute.strings)
    case .tensors: return .tensors(try attribute.tensors.map(decoder.decode))
    case .tensor:
      guard let tensor = attribute.tensor else {
        throw InferenceError(.badAttribute, "attribute '\(attribute.name)' must be a tensor")
      }
      return .tensor(try decoder.decode(tensor))
    case .sparseTensor:
      guard let tensor = attribute.sparseTensor else {
        throw InferenceError(.badAttribute, "attribute '\(attribute.name)' must be a tensor")
      }
      return .tensor(try decoder.decode(tensor))
    // Types only restate what the values say; lists of graphs and of sparse tensors no operator has.
    case .graph, .graphs, .sparseTensors, .typeProto, .typeProtos: return nil
    }
  }

  /// The value of a Constant node (operator sets 1 to 21: any one of its attributes).
  private func constant(_ attributes: [AttributeProto]) throws -> Tensor {
    for attribute in attributes {
      guard let kind = attribute.kind, let value = try decode(attribute, kind) else { continue }
      switch value {
      case .tensor(let tensor): return tensor
      case .int(let int): return Tensor(scalar: int)
      case .float(let float): return Tensor(scalar: float)
      case .string(let string): return Tensor([], strings: [string])
      case .ints(let ints): return Tensor([ints.count], ints)
      case .floats(let floats): return Tensor([floats.count], floats)
      case .strings(let strings): return Tensor([strings.count], strings: strings)
      case .graph, .tensors: continue
      }
    }
    throw InferenceError(.badAttribute, "the constant has no value")
  }
}
