import Ground

/// What exporters write around attention in other words, brought to the form that the attention pass knows.
extension Rewrite {
  /// An Einsum of two operands that is a row of matrix products, the second matrix turned or not.
  static let productFromEinsum = Rewrite("Einsum to MatMul") { index, editor in
    guard let node = editor.node(index, "Einsum"), node.inputs.count == 2, let left = node.inputs[0],
      let right = node.inputs[1], let output = node.outputs.first ?? nil,
      let a = editor.fact(left), let b = editor.fact(right), a.type == .float32, b.type == .float32,
      let equation = try node.attributes.string("equation"), let isTurned = EinsumProduct.isTurned(equation)
    else { return false }
    let rank = a.shape.count
    guard rank >= 3, b.shape.count == rank, a.shape.dropLast(2) == b.shape.dropLast(2) else { return false }
    var second = right
    if isTurned {
      let order = Array(0..<(rank - 2)) + [rank - 1, rank - 2]
      second = editor.addValue(Fact(.float32, order.map { b.shape[$0] }))
      editor.append(try .standard("Transpose", [right], [second], attributes: ["perm": .ints(order.map(Int64.init))]))
    }
    editor.replace([index], with: try .standard("MatMul", [left, second], [output], name: node.name))
    return true
  }

  /// A constant that is added between two reshapes which only put axes of extent 1 in front and take them away again.
  static let sumThroughReshape = Rewrite("sum through a reshape") { index, editor in
    guard let node = editor.node(index, "Add"), node.inputs.count == 2, let middle = node.outputs.first ?? nil,
      editor.isUsedOnce(middle), let reader = editor.consumers(of: middle).first,
      let back = editor.node(reader, "Reshape"), back.inputs[0] == middle, let output = back.outputs.first ?? nil,
      let place = [0, 1].first(where: { editor.constant(node.inputs[$0]) != nil }),
      let constant = editor.constant(node.inputs[place]), let wide = node.inputs[1 - place], editor.isUsedOnce(wide),
      let (front, reshape) = editor.producer(of: wide, "Reshape"), let source = reshape.inputs[0],
      let inner = editor.fact(source), let outer = editor.fact(wide), editor.fact(output)?.shape == inner.shape,
      editor.fact(middle)?.shape == outer.shape
    else { return false }
    let lead = outer.shape.count - inner.shape.count
    guard lead > 0, outer.shape[..<lead].allSatisfy({ $0 == 1 }), Array(outer.shape[lead...]) == inner.shape,
      constant.rank <= outer.shape.count
    else { return false }
    let extra = max(0, constant.rank - inner.shape.count)
    let added = editor.addConstant(try constant.reshaped(Array(constant.shape[extra...])))
    editor.replace([front, index, reader], with: try .standard("Add", [source, added], [output], name: node.name))
    return true
  }

  /// Two constants that are added one after the other.
  static let sumOfConstants = Rewrite("constants added together", changesRounding: true) { index, editor in
    guard let node = editor.node(index, "Add"), node.inputs.count == 2, let output = node.outputs.first ?? nil,
      let place = [0, 1].first(where: { editor.constant(node.inputs[$0]) != nil }),
      let second = editor.constant(node.inputs[place]), let sum = node.inputs[1 - place], editor.isUsedOnce(sum),
      let (inner, before) = editor.producer(of: sum, "Add"), before.inputs.count == 2,
      let other = [0, 1].first(where: { editor.constant(before.inputs[$0]) != nil }),
      let first = editor.constant(before.inputs[other]), let source = before.inputs[1 - other],
      first.type == .float32, second.type == .float32, editor.fact(source)?.shape == editor.fact(output)?.shape
    else { return false }
    let total = try arithmetic(Addition.self, first, second)
    // A sum that is much larger than what it replaces would cost more than it saves.
    guard total.count <= 1 << 20 else { return false }
    let added = editor.addConstant(total)
    editor.replace([inner, index], with: try .standard("Add", [source, added], [output], name: node.name))
    return true
  }
}

/// Equations of two operands with the same leading axes.
private enum EinsumProduct {
  /// Whether the second matrix is turned ("...id,...jd->...ij"), or not ("...ij,...jd->...id"); nil for all else.
  static func isTurned(_ equation: String) -> Bool? {
    let parts = equation.filter { $0 != " " && $0 != ">" }.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let operands = parts[0].split(separator: ",", omittingEmptySubsequences: false)
    guard operands.count == 2 else { return nil }
    let (a, b, result) = (Array(operands[0]), Array(operands[1]), Array(parts[1]))
    guard a.count >= 2, b.count == a.count, result.count == a.count, (a + b + result).allSatisfy({ $0.isLetter }) else {
      return nil
    }
    let lead = a.count - 2
    guard a[..<lead] == b[..<lead], a[..<lead] == result[..<lead], Set(a).count == a.count,
      Set(result).count == result.count, Set(b).count == b.count, !a[..<lead].contains(b[lead]),
      !a[..<lead].contains(b[lead + 1])
    else { return nil }
    let (row, sum) = (a[lead], a[lead + 1])
    guard result[lead] == row else { return nil }
    if b[lead + 1] == sum, result[lead + 1] == b[lead], b[lead] != row { return true }
    if b[lead] == sum, result[lead + 1] == b[lead + 1], b[lead + 1] != row { return false }
    return nil
  }
}
