import Ground

extension Rewrite {
  /// (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * scale + shift over the last axis, as exporters before
  /// operator set 17 wrote LayerNormalization.
  static let fuseLayerNormalization = Rewrite("mean and variance to LayerNormalization") { index, editor in
    guard let sum = editor.node(index, "Add"), let output = sum.outputs.first ?? nil, sum.inputs.count == 2 else {
      return false
    }
    for (scaled, shift) in [(sum.inputs[0], sum.inputs[1]), (sum.inputs[1], sum.inputs[0])] {
      guard let (productIndex, product) = editor.producer(of: scaled, "Mul"), editor.isUsedOnce(scaled) else {
        continue
      }
      for (normal, scale) in [(product.inputs[0], product.inputs[1]), (product.inputs[1], product.inputs[0])] {
        guard let found = normalization(normal, editor), let n = editor.fact(found.input)?.shape.last,
          let factors = editor.constant(scale), let shifts = editor.constant(shift), factors.shape == [n],
          shifts.shape == [n]
        else { continue }
        editor.replace(
          found.removed + [productIndex, index],
          with: try .standard(
            "LayerNormalization", [found.input, scale, shift], [output], name: sum.name,
            attributes: ["axis": .int(-1), "epsilon": .float(found.epsilon)], opset: 17))
        return true
      }
    }
    return false
  }

  /// The quotient (x - mean) / sqrt(variance + epsilon), and the nodes that it is made of.
  private static func normalization(
    _ id: ValueID?, _ editor: GraphEditor
  ) -> (input: ValueID, epsilon: Float, removed: [Int])? {
    guard let (quotientIndex, quotient) = editor.producer(of: id, "Div"), editor.isUsedOnce(id),
      let (differenceIndex, difference) = editor.producer(of: quotient.inputs[0], "Sub"),
      let x = difference.inputs[0], let (meanIndex, mean) = lastAxisMean(of: difference.inputs[1], editor),
      mean.inputs[0] == x, let (rootIndex, root) = editor.producer(of: quotient.inputs[1]), root.activation == .sqrt,
      editor.isUsedOnce(quotient.inputs[1]), let (shiftedIndex, shifted) = editor.producer(of: root.inputs[0], "Add"),
      editor.isUsedOnce(root.inputs[0]), let (epsilon, variance) = constantAndOther(shifted, editor),
      let (varianceIndex, varianceMean) = lastAxisMean(of: variance, editor), editor.isUsedOnce(variance),
      let (squareIndex, square) = editor.producer(of: varianceMean.inputs[0]),
      editor.isUsedOnce(varianceMean.inputs[0]),
      square.domain.isEmpty
    else { return nil }
    guard let centered = quotient.inputs[0], !editor.isOutput(centered) else { return nil }
    let isSquare =
      square.operatorType == "Pow" && square.inputs[0] == centered && editor.uniform(square.inputs[1]) == 2
      || square.operatorType == "Mul" && square.inputs == [centered, centered]
    // The difference may be read by the square and the quotient alone.
    let readers = Set(editor.consumers(of: centered))
    guard isSquare, readers == [squareIndex, quotientIndex], editor.isUsedOnce(difference.inputs[1]) else { return nil }
    return (
      x, epsilon,
      [meanIndex, differenceIndex, squareIndex, varianceIndex, shiftedIndex, rootIndex, quotientIndex]
    )
  }

  private static func lastAxisMean(of id: ValueID?, _ editor: GraphEditor) -> (index: Int, node: Graph.Node)? {
    guard let (index, node) = editor.producer(of: id, "ReduceMean"),
      let rank = editor.fact(node.inputs[0])?.shape.count,
      (try? node.attributes.flag("keepdims", default: true)) == true
    else { return nil }
    let given = editor.constant(node.input(1)).flatMap {
      $0.type == .int64 ? $0.array(of: Int64.self).map(Int.init) : nil
    }
    guard let axes = given ?? (try? node.attributes.ints("axes")) ?? nil, axes == [-1] || axes == [rank - 1] else {
      return nil
    }
    return (index, node)
  }
}
