/// Products with constant matrices, and what they take into themselves.
extension GraphEditor {
  /// The linear node that makes `id`, if nothing else reads `id`.
  fileprivate func soleLinear(of id: ValueID?) -> (index: Int, node: Graph.Node, operation: LinearOperator)? {
    guard isUsedOnce(id), let (index, node) = producer(of: id), let operation = node.body(as: LinearOperator.self)
    else { return nil }
    return (index, node, operation)
  }

  /// A constant of `count` floats that broadcasts along the last axis, as a value of shape [count].
  fileprivate func row(_ id: ValueID?, count: Int) throws -> ValueID? {
    guard let id, let tensor = constant(id), tensor.type == .float32, tensor.count == count,
      tensor.shape.last == count
    else { return nil }
    return tensor.rank == 1 ? id : addConstant(try tensor.reshaped([count]))
  }

  fileprivate func isFloatMatrix(_ id: ValueID?) -> Bool {
    guard let tensor = constant(id) else { return false }
    return tensor.type == .float32 && tensor.rank == 2 && tensor.count > 0
  }
}

extension Rewrite {
  static let linearFromGemm = Rewrite("Gemm to Linear") { index, editor in
    guard let node = editor.node(index, "Gemm"), let gemm = node.body(as: Gemm.self), !gemm.transA,
      editor.isFloatMatrix(node.input(1)), let a = node.input(0), editor.fact(a)?.type == .float32,
      let output = node.outputs.first ?? nil, let n = editor.fact(output)?.shape.last
    else { return false }
    var bias: ValueID?
    if node.input(2) != nil && gemm.beta != 0 {
      guard gemm.beta == 1, let row = try editor.row(node.input(2), count: n) else { return false }
      bias = row
    }
    let operation = LinearOperator(scale: gemm.alpha, transposesB: gemm.transB)
    editor.replace([index], with: .fused(operation, [a, node.input(1), bias], output, name: node.name))
    return true
  }

  static let linearFromMatMul = Rewrite("MatMul to Linear") { index, editor in
    guard let node = editor.node(index, "MatMul"), editor.isFloatMatrix(node.input(1)), let a = node.input(0),
      let fact = editor.fact(a), fact.type == .float32, fact.shape.count >= 2, let output = node.outputs.first ?? nil
    else { return false }
    editor.replace([index], with: .fused(LinearOperator(), [a, node.input(1), nil], output, name: node.name))
    return true
  }

  static let addLinearBias = Rewrite("Add into Linear's bias") { index, editor in
    guard let node = editor.node(index, "Add"), node.inputs.count == 2, let output = node.outputs.first ?? nil,
      let shape = editor.fact(output)?.shape, let n = shape.last
    else { return false }
    for (value, other) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let (before, linear, operation) = editor.soleLinear(of: value), operation.epilogue == Epilogue(),
        linear.input(2) == nil, editor.fact(value)?.shape == shape, let bias = try editor.row(other, count: n)
      else { continue }
      editor.replace(
        [before, index],
        with: .fused(operation, [linear.input(0), linear.input(1), bias], output, name: linear.name))
      return true
    }
    return false
  }

  /// A constant factor behind a product without bias.
  static let foldLinearScale = Rewrite("scale into Linear", changesRounding: true) { index, editor in
    guard let node = editor.node(index, "Mul", "Div"), let output = node.outputs.first ?? nil,
      let (factor, value) = constantAndOther(node, editor), factor != 0,
      var (before, linear, operation) = editor.soleLinear(of: value), linear.input(2) == nil,
      operation.epilogue == Epilogue(), editor.fact(value) == editor.fact(output)
    else { return false }
    operation.scale *= node.operatorType == "Mul" ? factor : 1 / factor
    editor.replace([before, index], with: .fused(operation, linear.inputs, output, name: linear.name))
    return true
  }

  static let fuseLinearActivation = Rewrite("activation into Linear") { index, editor in
    guard let node = editor.nodes[index], let activation = node.activation, let output = node.outputs.first ?? nil,
      var (before, linear, operation) = editor.soleLinear(of: node.input(0)), operation.epilogue.activation == .none,
      !operation.epilogue.addsLast
    else { return false }
    operation.epilogue.activation = activation
    editor.replace([before, index], with: .fused(operation, linear.inputs, output, name: linear.name))
    return true
  }

  static let fuseLinearResidual = Rewrite("Add into Linear") { index, editor in
    guard let node = editor.node(index, "Add"), node.inputs.count == 2, let output = node.outputs.first ?? nil,
      let a = node.inputs[0], let b = node.inputs[1], a != b, editor.fact(a) == editor.fact(b)
    else { return false }
    for (value, residual) in [(a, b), (b, a)] {
      guard var (before, linear, operation) = editor.soleLinear(of: value), !operation.epilogue.hasResidual else {
        continue
      }
      operation.epilogue.hasResidual = true
      operation.epilogue.addsLast = operation.epilogue.activation != .none
      let inputs = [linear.input(0), linear.input(1), linear.input(2), residual]
      editor.replace([before, index], with: .fused(operation, inputs, output, name: linear.name))
      return true
    }
    return false
  }
}
