/// Activations: single operators, and the ways in which exporters spell the others.
extension Graph.Node {
  /// The activation that a node is, after ``Rewrite/recogniseActivations``.
  var activation: Activation? {
    body(as: ActivationOperator.self)?.activation
  }

  static func activation(_ activation: Activation, _ input: ValueID, _ output: ValueID, name: String) -> Graph.Node {
    .fused(ActivationOperator(activation), [input], output, name: name)
  }
}

extension Rewrite {
  /// An operator of the specification that is one of the kernels' activations, on float32.
  static let recogniseActivations = Rewrite("recognise activations") { index, editor in
    guard let node = editor.nodes[index], node.domain.isEmpty || node.domain == "com.microsoft",
      let input = node.inputs.first ?? nil, let output = node.outputs.first ?? nil, node.outputs.count == 1,
      editor.fact(input)?.type == .float32, let activation = try activation(of: node, editor)
    else { return false }
    editor.replace([index], with: .activation(activation, input, output, name: node.name))
    return true
  }

  private static func activation(of node: Graph.Node, _ editor: GraphEditor) throws -> Activation? {
    let attributes = node.attributes
    switch node.operatorType {
    case "Relu": return .clip(0, .infinity)
    case "Clip": return try clip(node, editor)
    case "LeakyRelu": return .leakyRelu(try attributes.float("alpha", default: 0.01))
    case "Sigmoid": return .sigmoid
    case "HardSigmoid":
      return .hardSigmoid(
        try attributes.float("alpha", default: 0.2), try attributes.float("beta", default: 0.5))
    case "HardSwish": return .hardSwish
    case "Tanh": return .tanh
    case "Elu": return .elu(try attributes.float("alpha", default: 1))
    case "Mish": return .mish
    case "Gelu": return try attributes.string("approximate") == "tanh" ? .geluTanh : .geluErf
    case "QuickGelu": return .quickGelu(try attributes.float("alpha", default: 1.702))
    case "Exp": return .exp
    case "Erf": return .erf
    case "Sqrt": return .sqrt
    case "Abs": return .abs
    case "Reciprocal": return .reciprocal
    default: return nil
    }
  }

  /// Bounds are attributes before operator set 11 and inputs since.
  private static func clip(_ node: Graph.Node, _ editor: GraphEditor) throws -> Activation? {
    func bound(_ index: Int, _ name: String, _ fallback: Float) throws -> Float? {
      if let value = try node.attributes.float(name) { return value }
      guard index < node.inputs.count, let id = node.inputs[index] else { return fallback }
      guard let tensor = editor.constant(id), tensor.count == 1 else { return nil }
      return editor.uniform(id)
    }
    guard let lower = try bound(1, "min", -.infinity), let upper = try bound(2, "max", .infinity), lower <= upper else {
      return nil
    }
    return .clip(lower, upper)
  }

  /// x * sigmoid(x), and x * sigmoid(a x).
  static let fuseSilu = Rewrite("x * sigmoid(x) to SiLU") { index, editor in
    guard let node = editor.node(index, "Mul"), node.inputs.count == 2, let output = node.outputs.first ?? nil else {
      return false
    }
    for (x, gate) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let x, let (gateIndex, gateNode) = editor.producer(of: gate), gateNode.activation == .sigmoid,
        editor.isUsedOnce(gate)
      else { continue }
      if gateNode.inputs == [x] {
        editor.replace([gateIndex, index], with: .activation(.silu, x, output, name: node.name))
        return true
      }
      guard let (scaleIndex, scale) = editor.producer(of: gateNode.inputs[0], "Mul"), scale.inputs.count == 2,
        editor.isUsedOnce(gateNode.inputs[0])
      else { continue }
      for (base, factor) in [(scale.inputs[0], scale.inputs[1]), (scale.inputs[1], scale.inputs[0])] {
        guard base == x, let alpha = editor.uniform(factor), editor.constant(factor)?.count == 1 else { continue }
        editor.replace(
          [scaleIndex, gateIndex, index], with: .activation(.quickGelu(alpha), x, output, name: node.name))
        return true
      }
    }
    return false
  }

  /// x * hardSigmoid(x) with slope 1/6 and offset 1/2; x * clip(x + 3, 0, 6) / 6.
  static let fuseHardSwish = Rewrite("x * hardSigmoid(x) to HardSwish") { index, editor in
    if let node = editor.node(index, "Mul"), let output = node.outputs.first ?? nil, node.inputs.count == 2 {
      for (x, gate) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        guard let x, let (gateIndex, gateNode) = editor.producer(of: gate), editor.isUsedOnce(gate),
          case .hardSigmoid(let a, let b)? = gateNode.activation, (a - 1 / 6).magnitude < 1e-6, b == 0.5,
          gateNode.inputs == [x]
        else { continue }
        editor.replace([gateIndex, index], with: .activation(.hardSwish, x, output, name: node.name))
        return true
      }
    }
    guard let node = editor.node(index, "Div", "Mul"), let output = node.outputs.first ?? nil, node.inputs.count == 2,
      let sixth = editor.uniform(node.inputs[1]), editor.constant(node.inputs[1])?.count == 1,
      node.operatorType == "Div" ? sixth == 6 : (sixth - 1 / 6).magnitude < 1e-6,
      let (productIndex, product) = editor.producer(of: node.inputs[0], "Mul"), editor.isUsedOnce(node.inputs[0])
    else { return false }
    for (x, gate) in [(product.inputs[0], product.inputs[1]), (product.inputs[1], product.inputs[0])] {
      guard let x, let (clipIndex, clip) = editor.producer(of: gate), clip.activation == .clip(0, 6),
        editor.isUsedOnce(gate), let (sumIndex, sum) = editor.producer(of: clip.inputs[0], "Add"),
        editor.isUsedOnce(clip.inputs[0]),
        sum.inputs[0] == x && editor.uniform(sum.inputs[1]) == 3
          || sum.inputs[1] == x && editor.uniform(sum.inputs[0]) == 3,
        editor.fact(sum.outputs[0])?.shape == editor.fact(x)?.shape
      else { continue }
      editor.replace(
        [sumIndex, clipIndex, productIndex, index], with: .activation(.hardSwish, x, output, name: node.name))
      return true
    }
    return false
  }

  /// 0.5 * x * (1 + erf(x / sqrt 2)) in any order of its factors.
  static let fuseGelu = Rewrite("erf formula to GELU") { index, editor in
    guard let last = editor.node(index, "Mul"), let output = last.outputs.first ?? nil else { return false }
    var removed = [index]
    guard let factors = factors(of: last, editor, &removed) else { return false }
    // The product's factors: one constant 0.5, x, and 1 + erf(x * 0.7071).
    guard factors.scale == 0.5, factors.values.count == 2 else { return false }
    for (x, sum) in [(factors.values[0], factors.values[1]), (factors.values[1], factors.values[0])] {
      guard let (sumIndex, add) = editor.producer(of: sum, "Add"), editor.isUsedOnce(sum),
        let (one, erfValue) = constantAndOther(add, editor), one == 1,
        let (erfIndex, erf) = editor.producer(of: erfValue), erf.activation == .erf, editor.isUsedOnce(erfValue),
        let (argumentIndex, argument) = editor.producer(of: erf.inputs[0]), editor.isUsedOnce(erf.inputs[0]),
        argument.domain.isEmpty, let (factor, source) = constantAndOther(argument, editor), source == x,
        argument.operatorType == "Div" && (factor - Float(2).squareRoot()).magnitude < 1e-4
          || argument.operatorType == "Mul" && (factor - Float(0.5).squareRoot()).magnitude < 1e-4,
        editor.fact(x) == editor.fact(output)
      else { continue }
      editor.replace(
        removed + [sumIndex, erfIndex, argumentIndex], with: .activation(.geluErf, x, output, name: last.name))
      return true
    }
    return false
  }

  /// The factors of a product of products: its constant scale and its two other values.
  private static func factors(
    of node: Graph.Node, _ editor: GraphEditor, _ removed: inout [Int]
  ) -> (scale: Float, values: [ValueID])? {
    var scale: Float = 1
    var values: [ValueID] = []
    for input in node.inputs {
      guard let input else { return nil }
      if editor.constant(input)?.count == 1, let value = editor.uniform(input) {
        scale *= value
      } else if let (inner, product) = editor.producer(of: input, "Mul"), editor.isUsedOnce(input) {
        removed.append(inner)
        for factor in product.inputs {
          guard let factor else { return nil }
          if editor.constant(factor)?.count == 1, let value = editor.uniform(factor) {
            scale *= value
          } else {
            values.append(factor)
          }
        }
      } else {
        values.append(input)
      }
    }
    return (scale, values)
  }

  /// A binary node's one-element constant and its other operand. For Div the constant must be the divisor.
  static func constantAndOther(_ node: Graph.Node, _ editor: GraphEditor) -> (Float, ValueID)? {
    guard node.inputs.count == 2, let a = node.inputs[0], let b = node.inputs[1] else { return nil }
    if editor.constant(b)?.count == 1, let value = editor.uniform(b) { return (value, a) }
    if node.operatorType != "Div", node.operatorType != "Sub", editor.constant(a)?.count == 1,
      let value = editor.uniform(a)
    {
      return (value, b)
    }
    return nil
  }
}
