import Ground

/// Functions of one byte: whatever stands between a dequantised tensor and a quantised one and looks at each number alone
/// is a table of 256 bytes, found by evaluating it on all of them.
extension Rewrite {
  static let tabulate = Rewrite("function of one byte to a table") { index, editor in
    guard let target = editor.quantizer(index), let shape = editor.fact(target.output)?.shape,
      let function = ByteFunction(of: target.output, shape: shape, editor)
    else { return false }
    let operation = ByteTable(table: try function.table())
    editor.replace(
      [index], with: .fused(operation, [function.source], target.output, name: target.node.name))
    return true
  }

  /// The nodes that make a byte from one byte.
  private struct ByteFunction {
    let source: ValueID
    private let nodes: [Int]
    private let result: ValueID
    private let editor: GraphEditor

    /// nil when the value at `result` depends on more than one tensor of bytes, or on its place.
    init?(of result: ValueID, shape: [Int], _ editor: GraphEditor) {
      self.result = result
      self.editor = editor
      // Roundings on the way are first taken for sources, and looked through if that makes too many.
      for looksThrough in [false, true] {
        var search = Search(editor: editor, result: result, shape: shape, looksThrough: looksThrough)
        if search.visit(result), let source = search.source, search.order.count > 1 {
          self.source = source
          nodes = search.order
          return
        }
      }
      return nil
    }

    private struct Search {
      let editor: GraphEditor
      let result: ValueID
      let shape: [Int]
      let looksThrough: Bool
      var source: ValueID?
      var order: [Int] = []
      private var visited: Set<ValueID> = []
      /// Values looked at, those of ways that were given up included: each rounding may double the ways.
      private var steps = 0
      private static let mostSteps = 256

      init(editor: GraphEditor, result: ValueID, shape: [Int], looksThrough: Bool) {
        self.editor = editor
        self.result = result
        self.shape = shape
        self.looksThrough = looksThrough
      }

      mutating func visit(_ id: ValueID) -> Bool {
        if let constant = editor.constant(id) { return constant.count == 1 }
        guard visited.insert(id).inserted else { return true }
        steps += 1
        guard steps <= Search.mostSteps else { return false }
        guard editor.fact(id)?.shape == shape else { return false }
        if id != result, editor.fact(id)?.type == .uint8 {
          if looksThrough {
            let before = self
            if visitProducer(id) { return true }
            let steps = steps
            self = before
            self.steps = steps
          }
          guard source == nil || source == id else { return false }
          source = id
          return true
        }
        return visitProducer(id)
      }

      private mutating func visitProducer(_ id: ValueID) -> Bool {
        guard let (place, node) = editor.producer(of: id), node.outputs.count == 1, order.count < 16,
          node.operation.traits.isElementwise
        else { return false }
        for case let input? in node.inputs where !visit(input) { return false }
        order.append(place)
        return true
      }
    }

    func table() throws -> [UInt8] {
      var values: [ValueID: Value] = [
        source: .tensor(Tensor([256], (0...255).map { UInt8($0) }))
      ]
      for place in nodes {
        guard let node = editor.nodes[place], let output = node.outputs.first ?? nil else { continue }
        let inputs = try node.inputs.map { id -> Value? in
          guard let id else { return nil }
          if let value = values[id] { return value }
          guard let constant = editor.constant(id) else {
            throw InferenceError(.malformedModel, "a function of more than one tensor")
          }
          return .tensor(constant.count == 1 ? try constant.reshaped([]) : constant)
        }
        values[output] = try node.evaluator.evaluate(inputs, LoneContext())[0]
      }
      guard let tensor = try values[result]?.tensor(), tensor.type == .uint8, tensor.count == 256 else {
        throw InferenceError(.malformedModel, "a table of another size")
      }
      return tensor.array(of: UInt8.self)
    }
  }
}
