/// Products of bytes that were quantised at run time, as dynamic quantisation exports them.
extension Rewrite {
  /// MatMulInteger or ConvInteger, cast to float and scaled by input scale x weight scale.
  static let dynamicProduct = Rewrite("scaled integer product to bytes") { index, editor in
    guard let node = editor.node(index, "Mul"), node.inputs.count == 2, let output = node.outputs.first ?? nil else {
      return false
    }
    for (sums, scale) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let (castIndex, cast) = editor.producer(of: sums, "Cast"), editor.isUsedOnce(sums),
        editor.fact(sums)?.type == .float32, let (place, product) = editor.producer(of: cast.input(0)),
        product.domain.isEmpty, ["MatMulInteger", "ConvInteger"].contains(product.operatorType),
        editor.isUsedOnce(cast.input(0)), let (inputScale, weightScale) = scales(scale, editor),
        let fused = try dynamic(
          product, weight: product.input(1), weightScale: weightScale, weightZero: product.input(3),
          [product.input(0), product.input(1), inputScale, product.input(2), nil], output, editor)
      else { continue }
      editor.replace([place, castIndex, index], with: fused)
      return true
    }
    return false
  }

  /// The two factors of a scale: one number known at run time, and the weights' constant.
  private static func scales(_ id: ValueID?, _ editor: GraphEditor) -> (input: ValueID, weight: ValueID)? {
    guard let (_, node) = editor.producer(of: id, "Mul"), node.inputs.count == 2 else { return nil }
    for (input, weight) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      if let input, let weight, editor.constant(weight) != nil, editor.fact(input)?.count == 1,
        editor.fact(input)?.type == .float32
      {
        return (input, weight)
      }
    }
    return nil
  }

  private static func dynamic(
    _ node: Graph.Node, weight: ValueID?, weightScale: ValueID?, weightZero: ValueID?, _ inputs: [ValueID?],
    _ output: ValueID, _ editor: GraphEditor
  ) throws -> Graph.Node? {
    let isConvolution = node.operatorType == "ConvInteger"
    guard let tensor = editor.constant(weight), isConvolution ? tensor.rank >= 3 : tensor.rank == 2, tensor.count > 0,
      let data = inputs[0], editor.fact(data)?.type == .uint8, editor.constant(data) == nil
    else { return nil }
    let outputs = tensor.shape[isConvolution ? 0 : 1]
    guard let flat = try flattened(weightScale, outputs: outputs, editor),
      let scale = editor.weightScale(tensor, flat, weightZero, outputs: outputs)
    else { return nil }
    let operation = DynamicProduct(
      convolution: isConvolution ? try Convolution(node.attributes) : nil, weight: scale)
    return .fused(operation, inputs, output, name: node.name)
  }

  /// A scale of each output without the axes it broadcasts over.
  private static func flattened(_ id: ValueID?, outputs: Int, _ editor: GraphEditor) throws -> ValueID? {
    guard let tensor = editor.constant(id) else { return nil }
    if tensor.rank <= 1 { return id }
    guard tensor.count == 1 || tensor.count == outputs else { return nil }
    return editor.addConstant(try tensor.reshaped([tensor.count]))
  }

  /// ONNX Runtime's fusions of the same.
  static let dynamicMicrosoftProduct = Rewrite("MatMulIntegerToFloat to bytes") { index, editor in
    guard let node = editor.nodes[index], let output = node.outputs.first ?? nil, node.domain == "com.microsoft" else {
      return false
    }
    if node.operatorType == "MatMulIntegerToFloat", node.input(2) != nil, editor.fact(node.input(2))?.count == 1,
      let fused = try dynamic(
        node, weight: node.input(1), weightScale: node.input(3), weightZero: node.input(5),
        [node.input(0), node.input(1), node.input(2), node.input(4), node.input(6)], output, editor),
      isBias(node.input(6), of: node.input(1), editor)
    {
      editor.replace([index], with: fused)
      return true
    }
    guard node.operatorType == "DynamicQuantizeMatMul", let source = node.input(0), let fact = editor.fact(source),
      fact.type == .float32, isBias(node.input(4), of: node.input(1), editor)
    else { return false }
    let (bytes, scale) = (editor.addValue(Fact(.uint8, fact.shape)), editor.addValue(Fact(.float32, [])))
    let zero = editor.addValue(Fact(.uint8, []))
    guard
      let fused = try dynamic(
        node, weight: node.input(1), weightScale: node.input(2), weightZero: node.input(3),
        [bytes, node.input(1), scale, zero, node.input(4)], output, editor)
    else { return false }
    editor.replace([index], with: fused)
    editor.append(
      try .standard("DynamicQuantizeLinear", [source], [bytes, scale, zero], name: node.name, opset: 11))
    return true
  }

  private static func isBias(_ id: ValueID?, of weight: ValueID?, _ editor: GraphEditor) -> Bool {
    guard let id else { return true }
    guard let bias = editor.constant(id), let columns = editor.constant(weight)?.shape.last else { return false }
    return bias.type == .float32 && bias.shape == [columns]
  }

  /// A constant added to each output of a dynamic product is its bias.
  static let addDynamicBias = Rewrite("bias into an integer product") { index, editor in
    guard let node = editor.node(index, "Add"), node.inputs.count == 2, let output = node.outputs.first ?? nil else {
      return false
    }
    for (product, addend) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let (place, inner) = editor.producer(of: product), let operation = inner.body(as: DynamicProduct.self),
        inner.input(4) == nil, editor.isUsedOnce(product), let bias = editor.constant(addend), bias.type == .float32,
        let shape = editor.fact(output)?.shape, shape == editor.fact(product)?.shape
      else { continue }
      let axis = operation.convolution == nil ? shape.count - 1 : 1
      let outputs = shape[axis]
      // One number an output, broadcast over everything else.
      let trailing = shape.count - 1 - axis
      guard bias.count == outputs, bias.rank > trailing, bias.shape[bias.rank - 1 - trailing] == outputs else {
        continue
      }
      var fused = inner
      while fused.inputs.count < 5 { fused.inputs.append(nil) }
      fused.inputs[4] = editor.addConstant(try bias.reshaped([outputs]))
      fused.outputs = [output]
      editor.replace([place, index], with: fused)
      return true
    }
    return false
  }
}
