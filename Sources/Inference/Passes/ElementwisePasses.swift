extension Rewrite {
  /// A normalisation by known statistics that follows no convolution: a scale and a shift of each channel.
  static let scaleShiftFromBatchNormalization = Rewrite(
    "BatchNormalization to scale and shift", changesRounding: true
  ) { index, editor in
    guard let node = editor.node(index, "BatchNormalization"), let output = node.outputs.first ?? nil,
      let normalization = node.body(as: BatchNormalization.self), !normalization.isTraining,
      node.outputs.dropFirst().allSatisfy({ $0 == nil }), let x = node.input(0), let fact = editor.fact(x),
      fact.type == .float32, fact.shape.count >= 2
    else { return false }
    let parameters = (1...4).compactMap { editor.constant(node.input($0)) }
    guard parameters.count == 4, parameters.allSatisfy({ $0.type == .float32 && $0.shape == [fact.shape[1]] })
    else { return false }
    let values = parameters.map { $0.array(of: Float.self) }
    let scale = zip(values[0], values[3]).map { $0 / ($1 + normalization.epsilon).squareRoot() }
    let shift = scale.indices.map { values[1][$0] - values[2][$0] * scale[$0] }
    let constants = [scale, shift].map { editor.addConstant(Tensor([$0.count], $0)) }
    editor.replace(
      [index],
      with: .fused(ScaleShift(), [x] + constants, output, name: node.name))
    return true
  }

  /// where(isNaN(x), 0, x), as attention guards rows that are masked whole.
  static let fuseNotANumberGuard = Rewrite("where(isNaN(x), 0, x) to one activation") { index, editor in
    guard let node = editor.node(index, "Where"), node.inputs.count == 3, let output = node.outputs.first ?? nil,
      let (testIndex, test) = editor.producer(of: node.inputs[0], "IsNaN"), editor.isUsedOnce(node.inputs[0]),
      let x = node.inputs[2], test.inputs == [x], editor.uniform(node.inputs[1]) == 0,
      let fact = editor.fact(x), fact.type == .float32, fact.shape == editor.fact(output)?.shape
    else { return false }
    editor.replace([testIndex, index], with: .activation(.nanToZero, x, output, name: node.name))
    return true
  }

  /// The activation behind a sum, a product or a normalisation.
  static let fuseElementwiseActivation = Rewrite("activation into elementwise") { index, editor in
    guard let node = editor.nodes[index], let activation = node.activation, let output = node.outputs.first ?? nil,
      editor.isUsedOnce(node.input(0)), let (before, inner) = editor.producer(of: node.input(0)),
      editor.fact(node.input(0))?.type == .float32
    else { return false }
    let fused: Graph.Node
    if var scaleShift = inner.body(as: ScaleShift.self), scaleShift.activation == .none {
      scaleShift.activation = activation
      fused = .fused(scaleShift, inner.inputs, output, name: inner.name)
    } else if inner.domain.isEmpty, let kind = BinaryKind(rawValue: inner.operatorType), inner.inputs.count == 2 {
      fused = .fused(
        FusedBinary(kind: kind, base: inner.evaluator, activation: activation), inner.inputs, output, name: inner.name)
    } else {
      return false
    }
    editor.replace([before, index], with: fused)
    return true
  }
}
