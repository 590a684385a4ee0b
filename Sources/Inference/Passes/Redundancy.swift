import Ground

/// Nodes that change nothing, and chains of data movement that one node can do.
extension Rewrite {
  private static let transparent: Set<String> = [
    "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand", "Cast", "Dropout", "Concat", "Tile",
  ]

  /// A node whose only result is its first input.
  static let dropIdentities = Rewrite("drop identities") { index, editor in
    guard let node = editor.nodes[index], node.domain.isEmpty, transparent.contains(node.operatorType),
      let input = node.inputs.first ?? nil, let output = node.outputs.first ?? nil, node.outputs.count == 1
    else { return false }
    if node.operatorType != "Identity" {
      guard let fact = editor.fact(input), fact == editor.fact(output) else { return false }
      if node.operatorType == "Concat", node.inputs.count > 1 { return false }
      // In training mode Dropout drops.
      if node.operatorType == "Dropout", node.inputs.count > 2 || node.attributes.opset < 7 { return false }
    }
    return editor.substitute(output, by: input)
  }

  /// Reshape of a reshape: the last alone decides.
  static let mergeReshapes = Rewrite("merge reshapes") { index, editor in
    let types = ["Reshape", "Flatten", "Squeeze", "Unsqueeze"]
    guard let node = editor.nodes[index], node.domain.isEmpty, types.contains(node.operatorType),
      let output = node.outputs.first ?? nil, let fact = editor.fact(output),
      let (before, inner) = editor.producer(of: node.inputs.first ?? nil), inner.domain.isEmpty,
      types.contains(inner.operatorType), editor.isUsedOnce(node.inputs.first ?? nil), let source = inner.inputs.first,
      fact.shape.allSatisfy({ $0 > 0 })
    else { return false }
    let shape = editor.addConstant(Tensor([fact.shape.count], fact.shape.map(Int64.init)))
    editor.replace([before, index], with: try .standard("Reshape", [source, shape], [output], name: node.name))
    return true
  }

  /// Transpose of a transpose: the composed permutation; none if it is the identity.
  static let mergeTransposes = Rewrite("merge transposes") { index, editor in
    guard let node = editor.node(index, "Transpose"), let output = node.outputs.first ?? nil,
      let (before, inner) = editor.producer(of: node.inputs.first ?? nil, "Transpose"),
      editor.isUsedOnce(node.inputs.first ?? nil), let source = inner.inputs.first ?? nil,
      let rank = editor.fact(source)?.shape.count
    else { return false }
    let reversed = Array((0..<rank).reversed())
    let outer = try node.attributes.ints("perm") ?? reversed
    let first = try inner.attributes.ints("perm") ?? reversed
    guard outer.sorted() == Array(0..<rank), first.sorted() == outer.sorted() else { return false }
    let composed = outer.map { first[$0] }
    if composed == Array(0..<rank) { return editor.substitute(output, by: source) }
    editor.replace(
      [before, index],
      with: try .standard(
        "Transpose", [source], [output], name: node.name, attributes: ["perm": .ints(composed.map(Int64.init))],
        opset: node.attributes.opset))
    return true
  }
}
