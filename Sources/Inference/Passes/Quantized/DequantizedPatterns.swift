import Ground

/// Float operators between DequantizeLinear and QuantizeLinear become operators on bytes.
extension Rewrite {
  /// Conv between dequantised operands, its result quantised (perhaps after a clip).
  static let quantizeConvolution = Rewrite("QDQ Conv to bytes", changesRounding: true) { index, editor in
    guard let target = editor.quantizer(index) else { return false }
    let clip = editor.clipped(target.input, target.scale)
    guard editor.isUsedOnce(clip.input), let (place, node) = editor.producer(of: clip.input, "Conv"),
      let fused = try byteConvolution(node, target.scale, clip.range, target.output, editor)
    else { return false }
    editor.replace([place, index] + clip.removed, with: fused)
    return true
  }

  /// Gemm or MatMul with constant weights between dequantised operands.
  static let quantizeLinear = Rewrite("QDQ product to bytes", changesRounding: true) { index, editor in
    guard let target = editor.quantizer(index) else { return false }
    let clip = editor.clipped(target.input, target.scale)
    guard editor.isUsedOnce(clip.input), let (place, node) = editor.producer(of: clip.input),
      let fused = try byteLinear(node, target.scale, clip.range, target.output, editor)
    else { return false }
    editor.replace([place, index] + clip.removed, with: fused)
    return true
  }

  /// The same products where nothing quantises the result: they give floats.
  static let quantizeProductToFloat = Rewrite("dequantised product to bytes", changesRounding: true) { index, editor in
    guard let node = editor.nodes[index], let output = node.outputs.first ?? nil else { return false }
    let fused =
      node.domain.isEmpty && node.operatorType == "Conv"
      ? try byteConvolution(node, nil, 0...255, output, editor) : try byteLinear(node, nil, 0...255, output, editor)
    guard let fused else { return false }
    editor.replace([index], with: fused)
    return true
  }

  private static func byteConvolution(
    _ node: Graph.Node, _ output: ByteScale?, _ range: ClosedRange<Int>, _ result: ValueID, _ editor: GraphEditor
  ) throws -> Graph.Node? {
    guard let convolution = node.body(as: Convolution.self), let x = editor.dequantized(node.input(0)),
      let weight = try editor.dequantizedWeight(node.input(1), axis: 0)
    else { return nil }
    let product = ByteProduct(input: x.scale, weight: weight.scale, output: output, range: range)
    guard let bias = try editor.byteBias(node.input(2), product, outputs: weight.tensor.shape[0]) else { return nil }
    return .fused(
      QuantizedConvolution(convolution: convolution, product: product), [x.bytes, weight.id, bias],
      result, name: node.name)
  }

  private static func byteLinear(
    _ node: Graph.Node, _ output: ByteScale?, _ range: ClosedRange<Int>, _ result: ValueID, _ editor: GraphEditor
  ) throws -> Graph.Node? {
    guard node.domain.isEmpty, node.operatorType == "Gemm" || node.operatorType == "MatMul",
      let x = editor.dequantized(node.input(0)), let rank = editor.fact(x.bytes)?.shape.count, rank >= 2
    else { return nil }
    let gemm = node.body(as: Gemm.self)
    let transposesB = gemm?.transB ?? false
    if let gemm { guard !gemm.transA, gemm.alpha == 1, gemm.beta == 1 else { return nil } }
    guard let weight = try editor.dequantizedWeight(node.input(1), axis: transposesB ? 0 : 1), weight.tensor.rank == 2
    else { return nil }
    let product = ByteProduct(input: x.scale, weight: weight.scale, output: output, range: range)
    let outputs = weight.tensor.shape[transposesB ? 0 : 1]
    guard let bias = try editor.byteBias(node.input(2), product, outputs: outputs) else { return nil }
    return .fused(
      QuantizedLinear(product: product, transposesB: transposesB), [x.bytes, weight.id, bias],
      result, name: node.name)
  }

  /// Add or Mul of two dequantised tensors.
  static let quantizeBinary = Rewrite("QDQ sum to bytes", changesRounding: true) { index, editor in
    guard let target = editor.quantizer(index) else { return false }
    let clip = editor.clipped(target.input, target.scale)
    guard editor.isUsedOnce(clip.input), let (place, node) = editor.producer(of: clip.input), node.domain.isEmpty,
      node.operatorType == "Add" || node.operatorType == "Mul", let a = editor.dequantized(node.input(0)),
      let b = editor.dequantized(node.input(1)), a.bytes != b.bytes, let first = editor.fact(a.bytes)?.shape,
      let second = editor.fact(b.bytes)?.shape, QuantizedBinary.hasKernel(first, second)
    else { return false }
    let operation = QuantizedBinary(
      isProduct: node.operatorType == "Mul", a: a.scale, b: b.scale, output: target.scale, range: clip.range)
    editor.replace(
      [place, index] + clip.removed,
      with: .fused(operation, [a.bytes, b.bytes], target.output, name: node.name))
    return true
  }

  /// AveragePool, GlobalAveragePool, and the mean over all spatial axes.
  static let quantizeAverage = Rewrite("QDQ average to bytes", changesRounding: true) { index, editor in
    guard let target = editor.quantizer(index), editor.isUsedOnce(target.input),
      let (place, node) = editor.producer(of: target.input), node.domain.isEmpty,
      let x = editor.dequantized(node.input(0)), let shape = editor.fact(x.bytes)?.shape, shape.count >= 3
    else { return false }
    let window = node.body(as: AveragePool.self)
    if window == nil {
      let isMean =
        node.operatorType == "ReduceMean"
        && editor.fact(target.input)?.shape == Array(shape[..<2]) + [Int](repeating: 1, count: shape.count - 2)
      var isGlobal = false
      if case .average? = (node.body(as: GlobalPool.self))?.kind { isGlobal = true }
      guard isMean || isGlobal else { return false }
    }
    let operation = QuantizedAverage(window: window, input: x.scale, output: target.scale)
    editor.replace(
      [place, index], with: .fused(operation, [x.bytes], target.output, name: node.name))
    return true
  }

  /// Softmax along the last axis.
  static let quantizeSoftmax = Rewrite("QDQ softmax to bytes", changesRounding: true) { index, editor in
    guard let target = editor.quantizer(index), editor.isUsedOnce(target.input),
      let (place, node) = editor.producer(of: target.input, "Softmax"), let x = editor.dequantized(node.input(0)),
      let rank = editor.fact(x.bytes)?.shape.count, rank > 0
    else { return false }
    let coerces = node.attributes.opset < 13
    let axis = try normalizedAxis(
      try node.attributes.int("axis", default: coerces ? 1 : -1), rank: rank, inclusive: coerces)
    guard coerces || axis == rank - 1 else { return false }
    let operation = QuantizedSoftmax(axis: axis, coerces: coerces, input: x.scale.scale, output: target.scale)
    editor.replace(
      [place, index], with: .fused(operation, [x.bytes], target.output, name: target.node.name))
    return true
  }

  /// Concat of dequantised tensors: parts of another scale than the whole's go through a table.
  static let quantizeConcat = Rewrite("QDQ Concat to bytes") { index, editor in
    guard let target = editor.quantizer(index), editor.isUsedOnce(target.input),
      let (place, node) = editor.producer(of: target.input, "Concat"), let axis = try node.attributes.int("axis")
    else { return false }
    let parts = node.inputs.compactMap(editor.dequantized)
    guard parts.count == node.inputs.count else { return false }
    let operation = QuantizedConcat(
      axis: axis, tables: parts.map { $0.scale == target.scale ? nil : $0.scale.table(to: target.scale) })
    editor.replace(
      [place, index],
      with: .fused(operation, parts.map(\.bytes), target.output, name: node.name))
    return true
  }

  /// What moves numbers moves the bytes they come from just as well.
  static let sinkDequantize = Rewrite("movement before dequantising") { index, editor in
    guard let node = editor.nodes[index], node.operation.traits.movesElements,
      isMovable(node), let x = editor.dequantized(node.input(0)), node.input(0).map(editor.isOutput) == false
    else { return false }
    var moved = node
    moved.inputs[0] = x.bytes
    for place in node.outputs.indices {
      guard let id = node.outputs[place], let fact = editor.fact(id), fact.type == .float32 else { return false }
      moved.outputs[place] = editor.addValue(Fact(.uint8, fact.shape))
    }
    editor.replace([index], with: moved)
    for (bytes, id) in zip(moved.outputs, node.outputs) {
      guard let bytes, let id else { continue }
      editor.append(.fused(Dequantize(input: x.scale), [bytes], id, name: node.name))
    }
    return true
  }

  private static func isMovable(_ node: Graph.Node) -> Bool {
    node.operatorType != "MaxPool" || node.outputs.count == 1
  }

  /// A resize that only repeats pixels moves bytes.
  static let sinkDequantizeBelowResize = Rewrite("nearest resize before dequantising") { index, editor in
    guard let node = editor.node(index, "Resize", "Upsample"), let output = node.outputs.first ?? nil,
      try node.attributes.string("mode", default: "nearest") == "nearest",
      try node.attributes.string("coordinate_transformation_mode", default: "half_pixel") != "tf_crop_and_resize",
      let x = editor.dequantized(node.input(0)), let fact = editor.fact(output), fact.type == .float32
    else { return false }
    var moved = node
    let bytes = editor.addValue(Fact(.uint8, fact.shape))
    moved.inputs[0] = x.bytes
    moved.outputs = [bytes]
    editor.replace([index], with: moved)
    editor.append(.fused(Dequantize(input: x.scale), [bytes], output, name: node.name))
    return true
  }

  /// Quantising what was dequantised: nothing, or a table.
  static let mergeQuantizePairs = Rewrite("bytes of another scale by a table") { index, editor in
    guard let target = editor.quantizer(index), let x = editor.dequantized(target.input) else { return false }
    if x.scale == target.scale, editor.substitute(target.output, by: x.bytes) { return true }
    let operation = ByteTable(table: x.scale.table(to: target.scale))
    editor.replace([index], with: .fused(operation, [x.bytes], target.output, name: target.node.name))
    return true
  }

  /// What is left of QuantizeLinear and DequantizeLinear with one scale.
  static let recogniseQuantize = Rewrite("recognise quantising") { index, editor in
    guard let target = editor.quantizer(index) else { return false }
    editor.replace(
      [index],
      with: .fused(Quantize(output: target.scale), [target.input], target.output, name: target.node.name))
    return true
  }

  static let recogniseDequantize = Rewrite("recognise dequantising") { index, editor in
    guard let node = editor.nodes[index], node.operatorType == "DequantizeLinear",
      let output = node.outputs.first ?? nil,
      let x = editor.dequantized(output), editor.fact(output)?.type == .float32
    else { return false }
    editor.replace([index], with: .fused(Dequantize(input: x.scale), [x.bytes], output, name: node.name))
    return true
  }

  /// Constants that no product of bytes took: plain floats again.
  static let foldDequantizedConstants = Rewrite("dequantise constants") { index, editor in
    guard let node = editor.nodes[index], node.operatorType == "DequantizeLinear",
      let output = node.outputs.first ?? nil,
      !editor.consumers(of: output).isEmpty || editor.isOutput(output),
      node.inputs.allSatisfy({ $0 == nil || editor.constant($0) != nil })
    else { return false }
    let inputs = node.inputs.map { editor.constant($0).map(Value.tensor) }
    let result = try node.evaluator.evaluate(inputs, LoneContext())
    return editor.substitute(output, by: editor.addConstant(try result[0].tensor()))
  }
}
