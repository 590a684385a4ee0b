import Ground

/// Turns signed activations into unsigned ones, so that one form of every kernel is enough: int8 tensors that run from
/// quantising operator to dequantising operator get 128 added, and so do the zero points on the way. What a byte stands
/// for stays the same.
enum UnsignedBytes {
  /// Where an operator has quantised activations, and the inputs that hold their zero points.
  private struct Form {
    var inputs: [(data: Int, zero: Int)] = []
    var output: Int?

    static func moving(_ inputs: Int) -> Form { Form(inputs: (0..<inputs).map { ($0, -1) }, output: -1) }
  }

  private static let forms: [String: Form] = [
    "QuantizeLinear": Form(output: 2), "DequantizeLinear": Form(inputs: [(0, 2)]),
    "QLinearConv": Form(inputs: [(0, 2)], output: 7), "QLinearMatMul": Form(inputs: [(0, 2), (3, 5)], output: 7),
    "QLinearAdd": Form(inputs: [(0, 2), (3, 5)], output: 7), "QLinearMul": Form(inputs: [(0, 2), (3, 5)], output: 7),
    "QLinearSigmoid": Form(inputs: [(0, 2)], output: 4), "QLinearLeakyRelu": Form(inputs: [(0, 2)], output: 4),
    "QLinearGlobalAveragePool": Form(inputs: [(0, 2)], output: 4),
    "QLinearAveragePool": Form(inputs: [(0, 2)], output: 4), "QLinearSoftmax": Form(inputs: [(0, 2)], output: 4),
    "QGemm": Form(inputs: [(0, 2)], output: 8), "MatMulInteger": Form(inputs: [(0, 2)]),
    "ConvInteger": Form(inputs: [(0, 2)]),
  ]

  private static func form(_ node: Graph.Node) -> Form? {
    if node.isMicrosoft("QLinearConcat") {
      return Form(inputs: stride(from: 2, to: node.inputs.count, by: 3).map { ($0, $0 + 2) }, output: 1)
    }
    guard node.domain.isEmpty || node.domain == "com.microsoft" else { return nil }
    if node.domain.isEmpty, node.operatorType == "Concat" { return .moving(node.inputs.count) }
    if node.operation.traits.movesElements { return .moving(1) }
    return forms[node.operatorType]
  }

  /// - Returns: how many tensors were turned.
  static func apply(_ editor: GraphEditor) -> Int {
    var done: Set<ValueID> = []
    var count = 0
    for index in editor.nodes.indices {
      for case let id? in editor.nodes[index]?.outputs ?? [] where !done.contains(id) && isSigned(id, editor) {
        let (members, canBeTurned) = component(of: id, done, editor)
        done.formUnion(members)
        guard canBeTurned else { continue }
        turn(members, editor)
        count += members.count
      }
    }
    return count
  }

  private static func isSigned(_ id: ValueID, _ editor: GraphEditor) -> Bool {
    editor.fact(id)?.type == .int8 && editor.constant(id) == nil
  }

  /// The signed tensors that are joined to `id` by moving operators, and whether all of them can be turned; as far as they
  /// were looked at, where one cannot. A tensor in `done` that is met belongs to those that cannot.
  private static func component(
    of id: ValueID, _ done: Set<ValueID>, _ editor: GraphEditor
  ) -> (members: Set<ValueID>, canBeTurned: Bool) {
    var members: Set<ValueID> = [id]
    var pending = [id]
    while let next = pending.popLast() {
      guard !editor.isOutput(next), let producer = editor.producer(of: next) else { return (members, false) }
      for index in [producer.index] + editor.consumers(of: next) {
        guard let node = editor.nodes[index], let form = form(node), canTurn(node, form, next, editor) else {
          return (members, false)
        }
        guard form.output == -1 else { continue }
        for case let other? in node.outputs + form.inputs.map({ node.input($0.data) })
        where isSigned(other, editor) && members.insert(other).inserted {
          if done.contains(other) { return (members, false) }
          pending.append(other)
        }
      }
    }
    return (members, true)
  }

  private static func canTurn(_ node: Graph.Node, _ form: Form, _ id: ValueID, _ editor: GraphEditor) -> Bool {
    func isTurnable(_ zero: Int) -> Bool {
      zero == -1 || node.input(zero) == nil || editor.constant(node.input(zero))?.type == .int8
    }
    for (place, input) in node.inputs.enumerated() where input == id {
      guard let slot = form.inputs.first(where: { $0.data == place }), isTurnable(slot.zero) else { return false }
    }
    // What moves bytes moves only tensors that are turned with them.
    if form.output == -1 {
      return form.inputs.allSatisfy { node.input($0.data).map { isSigned($0, editor) } ?? false }
    }
    if node.outputs.contains(id) {
      guard let zero = form.output, node.input(zero) != nil, isTurnable(zero) else { return false }
    }
    return true
  }

  private static func turn(_ members: Set<ValueID>, _ editor: GraphEditor) {
    var touched: Set<Int> = []
    for id in members {
      if let producer = editor.producer(of: id) { touched.insert(producer.index) }
      touched.formUnion(editor.consumers(of: id))
    }
    for index in touched {
      guard var node = editor.nodes[index], let form = form(node), form.output != -1 else { continue }
      var zeros = form.inputs.filter { node.input($0.data).map(members.contains) ?? false }.map(\.zero)
      if let zero = form.output, node.outputs.contains(where: { $0.map(members.contains) ?? false }) {
        zeros.append(zero)
      }
      for place in Set(zeros) {
        let signed = editor.constant(node.input(place)) ?? Tensor(scalar: Int8(0))
        let turned = signed.elements(as: Int8.self).map { UInt8(Int($0) + 128) }
        while node.inputs.count <= place { node.inputs.append(nil) }
        node.inputs[place] = editor.addConstant(Tensor(signed.shape, turned))
      }
      editor.replace([index], with: node)
    }
    for id in members { if let fact = editor.fact(id) { editor.setFact(id, Fact(.uint8, fact.shape)) } }
  }
}
