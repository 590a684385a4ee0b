import Ground

/// What convolutions take into themselves: padding, normalisation, activation, the residual of a block.
extension Graph.Node {
  /// The convolution that a node is, plain or fused.
  var convolution: FusedConvolution? {
    body(as: FusedConvolution.self) ?? body(as: Convolution.self).map { FusedConvolution(convolution: $0) }
  }
}

extension GraphEditor {
  /// The float32 convolution that makes `id`, if nothing else reads `id`.
  fileprivate func soleConvolution(
    of id: ValueID?
  ) -> (index: Int, node: Graph.Node, operation: FusedConvolution)? {
    guard isUsedOnce(id), let (index, node) = producer(of: id), let operation = node.convolution,
      fact(id)?.type == .float32
    else { return nil }
    return (index, node, operation)
  }

  /// A constant that gives one factor for each of `channels` channels of a (batch, channels, spatial…) tensor.
  fileprivate func perChannel(_ id: ValueID?, channels: Int, rank: Int) -> [Float]? {
    guard let tensor = constant(id), tensor.type == .float32 else { return nil }
    if tensor.count == 1, tensor.rank <= rank {
      return [Float](repeating: tensor.elements(as: Float.self)[0], count: channels)
    }
    guard tensor.count == channels, tensor.rank == rank - 1 || tensor.rank == rank,
      tensor.shape[tensor.rank - rank + 1] == channels
    else { return nil }
    return tensor.array(of: Float.self)
  }

  /// The convolution's weight and bias with each output channel scaled and shifted, as new constants.
  fileprivate func scaled(
    _ node: Graph.Node, by scale: [Float], adding shift: [Float]
  ) throws -> (weight: ValueID, bias: ValueID)? {
    guard let weight = constant(node.input(1)), weight.type == .float32,
      weight.shape.first == scale.count,
      node.input(2) == nil || constant(node.input(2)) != nil
    else { return nil }
    let result = try Tensor(uninitialized: .float32, weight.shape)
    let target = result.elements(as: Float.self)
    let size = weight.count / max(1, scale.count)
    weight.storage.lend { lent in
      for channel in scale.indices {
        for i in channel * size..<(channel + 1) * size {
          let source = lent.start.loadUnaligned(fromByteOffset: weight.byteOffset + 4 * i, as: Float.self)
          target[i] = source * scale[channel]
        }
      }
    }
    let given = constant(node.input(2))
    guard given == nil || (given?.type == .float32 && given?.count == scale.count) else { return nil }
    let old = given?.array(of: Float.self) ?? [Float](repeating: 0, count: scale.count)
    let bias = scale.indices.map { old[$0] * scale[$0] + shift[$0] }
    return (addConstant(result), addConstant(Tensor([bias.count], bias)))
  }
}

extension Rewrite {
  /// Pad of zeros around the picture: the convolution's own padding does it.
  static let foldPadding = Rewrite("Pad into Conv") { index, editor in
    guard let node = editor.nodes[index], var operation = node.convolution, let output = node.outputs.first ?? nil,
      editor.isUsedOnce(node.input(0)), let (padIndex, pad) = editor.producer(of: node.input(0), "Pad"),
      let source = pad.input(0), let rank = editor.fact(source)?.shape.count, rank >= 3, pad.input(3) == nil,
      try pad.attributes.string("mode", default: "constant") == "constant",
      operation.convolution.window.padding == .explicit || operation.convolution.window.padding == .valid
    else { return false }
    let isZero =
      pad.input(2) == nil ? try pad.attributes.float("value", default: 0) == 0 : editor.uniform(pad.input(2)) == 0
    let given = editor.constant(pad.input(1)).flatMap {
      $0.type == .int64 ? $0.array(of: Int64.self).map(Int.init) : nil
    }
    guard isZero, let pads = try given ?? pad.attributes.ints("pads"), pads.count == 2 * rank,
      pads.allSatisfy({ (0...1 << 16).contains($0) }), pads[0] + pads[1] + pads[rank] + pads[rank + 1] == 0
    else { return false }
    let isValid = operation.convolution.window.padding == .valid
    let own = isValid ? nil : operation.convolution.window.pads
    let spatial = rank - 2
    let extra = Array(pads[2..<rank] + pads[(rank + 2)...])
    operation.convolution.window.pads = zip(extra, own ?? [Int](repeating: 0, count: 2 * spatial)).map { $0 + $1 }
    operation.convolution.window.padding = .explicit
    var inputs = node.inputs
    inputs[0] = source
    editor.replace([padIndex, index], with: .fused(operation, inputs, output, name: node.name))
    return true
  }

  /// A normalisation by known statistics is a scale and a shift of each channel.
  static let foldBatchNormalization = Rewrite("BatchNormalization into Conv", changesRounding: true) { index, editor in
    guard let node = editor.node(index, "BatchNormalization"), let output = node.outputs.first ?? nil,
      let normalization = node.body(as: BatchNormalization.self), !normalization.isTraining,
      node.outputs.dropFirst().allSatisfy({ $0 == nil }),
      let (before, convolution, operation) = editor.soleConvolution(of: node.input(0)),
      operation.epilogue == Epilogue()
    else { return false }
    let parameters = (1...4).compactMap { editor.constant(node.input($0)) }
    guard parameters.count == 4, parameters.allSatisfy({ $0.type == .float32 && $0.shape == parameters[0].shape })
    else {
      return false
    }
    let values = parameters.map { $0.array(of: Float.self) }
    let scale = zip(values[0], values[3]).map { $0 / ($1 + normalization.epsilon).squareRoot() }
    let shift = scale.indices.map { values[1][$0] - values[2][$0] * scale[$0] }
    guard let (weight, bias) = try editor.scaled(convolution, by: scale, adding: shift) else { return false }
    editor.replace(
      [before, index],
      with: .fused(operation, [convolution.input(0), weight, bias], output, name: convolution.name))
    return true
  }

  /// A constant factor or summand for each channel behind a convolution.
  static let foldScaleIntoConvolution = Rewrite("scale and shift into Conv", changesRounding: true) { index, editor in
    guard let node = editor.node(index, "Mul", "Add", "Sub", "Div"), node.inputs.count == 2,
      let output = node.outputs.first ?? nil, let shape = editor.fact(output)?.shape, shape.count >= 3
    else { return false }
    let isSymmetric = node.operatorType == "Mul" || node.operatorType == "Add"
    let orders = [(node.inputs[0], node.inputs[1])] + (isSymmetric ? [(node.inputs[1], node.inputs[0])] : [])
    for (value, factor) in orders {
      guard let (before, convolution, operation) = editor.soleConvolution(of: value),
        operation.epilogue == Epilogue(), editor.fact(value)?.shape == shape,
        let factors = editor.perChannel(factor, channels: shape[1], rank: shape.count)
      else { continue }
      let ones = [Float](repeating: 1, count: factors.count)
      let zeros = [Float](repeating: 0, count: factors.count)
      let change =
        switch node.operatorType {
        case "Mul": (scale: factors, shift: zeros)
        case "Div": (scale: factors.map { 1 / $0 }, shift: zeros)
        case "Sub": (scale: ones, shift: factors.map { -$0 })
        default: (scale: ones, shift: factors)
        }
      guard let (weight, bias) = try editor.scaled(convolution, by: change.scale, adding: change.shift) else {
        continue
      }
      editor.replace(
        [before, index],
        with: .fused(operation, [convolution.input(0), weight, bias], output, name: convolution.name))
      return true
    }
    return false
  }

  /// The activation behind a convolution, applied before its results leave the registers.
  static let fuseConvolutionActivation = Rewrite("activation into Conv") { index, editor in
    guard let node = editor.nodes[index], let activation = node.activation, let output = node.outputs.first ?? nil,
      var (before, convolution, operation) = editor.soleConvolution(of: node.input(0)),
      operation.epilogue.activation == .none, !operation.epilogue.addsLast
    else { return false }
    operation.epilogue.activation = activation
    editor.replace(
      [before, index], with: .fused(operation, convolution.inputs, output, name: convolution.name))
    return true
  }

  /// The sum at the end of a residual block.
  static let fuseConvolutionResidual = Rewrite("Add into Conv") { index, editor in
    guard let node = editor.node(index, "Add"), node.inputs.count == 2, let output = node.outputs.first ?? nil,
      let a = node.inputs[0], let b = node.inputs[1], a != b, editor.fact(a) == editor.fact(b)
    else { return false }
    let candidates = [(a, b), (b, a)].compactMap { value, other in
      editor.soleConvolution(of: value).map { (found: $0, residual: other) }
    }
    // The later one: the other sum is there by then, and may be overwritten.
    guard
      let (found, residual) = candidates.filter({ !$0.found.operation.epilogue.hasResidual })
        .max(by: { $0.found.index < $1.found.index })
    else { return false }
    var operation = found.operation
    operation.epilogue.hasResidual = true
    operation.epilogue.addsLast = operation.epilogue.activation != .none
    let inputs = [found.node.input(0), found.node.input(1), found.node.input(2), residual]
    editor.replace([found.index, index], with: .fused(operation, inputs, output, name: found.node.name))
    return true
  }
}
