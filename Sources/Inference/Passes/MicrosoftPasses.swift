/// What ONNX Runtime's optimiser has written becomes the operators that the other passes and the kernels know.
extension Rewrite {
  /// FusedConv, and the convolution over blocks of channels with constant weights.
  static let convolutionFromMicrosoft = Rewrite("FusedConv to Conv") { index, editor in
    guard let node = editor.nodes[index], let output = node.outputs.first ?? nil, let data = editor.fact(node.input(0)),
      data.type == .float32, editor.fact(output)?.type == .float32
    else { return false }
    var inputs = node.inputs
    switch (node.domain, node.operatorType) {
    case ("com.microsoft", "FusedConv"): break
    case (MicrosoftBlockedOperators.domain, "Conv"):
      guard let weight = editor.constant(node.input(1)) else { return false }
      let groups = try node.attributes.int("group", default: 1)
      inputs[1] = editor.addConstant(try BlockedWeights.planar(weight, channels: data.shape, groups))
    default: return false
    }
    guard let activation = try FusedActivation.kernel(node.attributes) else { return false }
    var operation = FusedConvolution(convolution: try Convolution(node.attributes))
    operation.epilogue.activation = activation
    if let residual = node.input(3) {
      guard editor.fact(residual) == editor.fact(output) else { return false }
      operation.epilogue.hasResidual = true
    }
    editor.replace([index], with: .fused(operation, inputs, output, name: node.name))
    return true
  }

  private static let channelless: Set<String> = ["MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"]

  /// Operators over blocks of channels that do not look at channels.
  static let poolFromBlocked = Rewrite("pool over blocks to pool") { index, editor in
    guard var node = editor.nodes[index], node.domain == MicrosoftBlockedOperators.domain,
      channelless.contains(node.operatorType),
      let definition = OperatorRegistry.definition(domain: "", name: node.operatorType, opset: 11)
    else { return false }
    node.operation = try definition.operation(node.attributes)
    editor.replace([index], with: node)
    return true
  }

  /// Reorders between planar tensors with whole blocks of channels.
  static let dropReorders = Rewrite("drop reorders") { index, editor in
    guard let node = editor.nodes[index], node.domain == MicrosoftBlockedOperators.domain,
      node.operatorType == "ReorderInput" || node.operatorType == "ReorderOutput",
      try !node.attributes.flag("channels_last"), let input = node.input(0), let output = node.outputs.first ?? nil,
      let fact = editor.fact(input), fact == editor.fact(output)
    else { return false }
    return editor.substitute(output, by: input)
  }
}
