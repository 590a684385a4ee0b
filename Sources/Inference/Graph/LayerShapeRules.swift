/// Rules for operators whose evaluation on zeros would be felt when a network is loaded. They answer for the forms that
/// networks use, and only where evaluation could not fail.
extension ShapeRules {
  static let layerRules: [String: Rule] = [
    "Resize": resize, "LSTM": { try recurrent(.lstm, $0) }, "GRU": { try recurrent(.gru, $0) },
    "RNN": { try recurrent(.rnn, $0) },
  ]

  /// Constant factors or extents for every axis.
  private static func resize(_ question: Question) throws -> [Fact]? {
    let attributes = question.node.attributes
    guard attributes.opset >= 10, question.node.outputs.count == 1, let x = question.input(0), x.count > 0 else {
      return nil
    }
    var settings = ResizeSettings.asymmetric("nearest")
    if attributes.opset >= 11 { settings = try ResizeSettings(attributes) }
    let mode = try attributes.string("mode", default: "nearest")
    guard mode == "nearest" || (mode == "linear" && x.type == .float32), settings.axes == nil,
      settings.policy == .stretch, settings.transform != .cropAndResize
    else { return nil }
    let scales = attributes.opset >= 11 ? 2 : 1
    var shape: [Int]
    if question.input(3) != nil {
      guard let sizes = question.integers(3), sizes.count == x.shape.count else { return nil }
      shape = sizes
    } else {
      guard scales < question.constants.count, let factors = question.constants[scales], factors.type == .float32,
        factors.count == x.shape.count
      else { return nil }
      let extents = zip(x.shape, factors.array(of: Float.self)).map { (Float($0) * $1).rounded(.down) }
      guard extents.allSatisfy({ $0 >= 1 && $0 <= Float(1 << 24) }) else { return nil }
      shape = extents.map { Int($0) }
    }
    guard shape.allSatisfy({ $0 >= 1 && $0 <= 1 << 24 }) else { return nil }
    _ = try Tensor.checkedByteCount(x.type, shape)
    return [Fact(x.type, shape)]
  }

  private static func recurrent(_ kind: RecurrentKind, _ question: Question) throws -> [Fact]? {
    let attributes = question.node.attributes
    let direction = try attributes.string("direction", default: "forward")
    guard try !attributes.flag("layout"), let x = question.input(0), let w = question.input(1),
      let r = question.input(2), x.shape.count == 3, r.shape.count == 3, question.input(4) == nil,
      question.inputs.allSatisfy({ $0 == nil || $0?.type == .float32 }),
      ["forward", "reverse", "bidirectional"].contains(direction)
    else { return nil }
    let directions = direction == "bidirectional" ? 2 : 1
    let sizes = try RecurrentSizes(
      kind: kind, data: x.shape, weight: w.shape, recurrence: r.shape, directions: directions)
    let state = [directions, sizes.batch, sizes.hidden]
    let wanted: [(index: Int, shape: [Int])] = [
      (3, [directions, 2 * sizes.gates * sizes.hidden]), (5, state), (6, state), (7, [directions, 3 * sizes.hidden]),
    ]
    guard wanted.allSatisfy({ question.input($0.index) == nil || question.input($0.index)?.shape == $0.shape }),
      question.inputs.count <= (kind == .lstm ? 8 : 6)
    else { return nil }
    let facts =
      [Fact(.float32, [sizes.steps, directions, sizes.batch, sizes.hidden])]
      + [Fact](repeating: Fact(.float32, state), count: kind == .lstm ? 2 : 1)
    return question.node.outputs.count <= facts.count ? Array(facts.prefix(question.node.outputs.count)) : nil
  }
}
