import Ground

/// Operators that change a tensor's shape, or tell it.
enum ReshapingOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("Reshape", since: 1) { attributes in
      let shape = try attributes.ints("shape") ?? []
      return { x in try reshape(try x.tensor(0), shape, zeroCopies: true) }
    }
    .shapes(reshapeShape).shapedBy(1).kernel(ViewKernels.whole).movesElements(),
    .tensor("Reshape", since: 5) { attributes in
      let allowsZero = try attributes.flag("allowzero")
      return { x in try reshape(try x.tensor(0), try x.tensor(1).integers(), zeroCopies: !allowsZero) }
    }
    .shapes(reshapeShape).shapedBy(1).kernel(ViewKernels.whole).movesElements(),
    .tensor("Flatten") { attributes in
      let axis = try attributes.int("axis", default: 1)
      return { x in
        let data = try x.tensor(0)
        let axis = try normalizedAxis(axis, rank: data.rank, inclusive: true)
        return try data.reshaped([data.shape[..<axis].reduce(1, *), data.shape[axis...].reduce(1, *)])
      }
    }
    .shapes(flattenShape).kernel(ViewKernels.whole).movesElements().late(.follows),
    .tensor("Squeeze") { attributes in
      let fixed = try attributes.ints("axes")
      return { x in
        let data = try x.tensor(0)
        let listed = try fixed ?? x.optionalTensor(1)?.integers()
        let axes = try listed.map { try normalizedAxes($0, rank: data.rank) }
        for axis in axes ?? [] {
          try require(data.shape[axis] == 1, "axis \(axis) of shape \(data.shape) has more than one element")
        }
        let removed = Set(axes ?? data.shape.indices.filter { data.shape[$0] == 1 })
        return try data.reshaped(data.shape.indices.filter { !removed.contains($0) }.map { data.shape[$0] })
      }
    }
    .shapes(squeezeShape).shapedBy(1).kernel(ViewKernels.whole).movesElements(),
    .tensor("Unsqueeze") { attributes in
      let fixed = try attributes.ints("axes")
      return { x in
        let data = try x.tensor(0)
        return try unsqueeze(data, try fixed ?? x.tensor(1).integers())
      }
    }
    .shapes(unsqueezeShape).shapedBy(1).kernel(ViewKernels.whole).movesElements(),
    .tensor("Shape") { attributes in
      let start = try attributes.int("start", default: 0)
      let end = try attributes.int("end")
      return { x in
        let shape = try x.tensor(0).shape
        let first = clampedAxis(start, shape.count)
        let last = end.map { clampedAxis($0, shape.count) } ?? shape.count
        return Tensor(int64s: first < last ? Array(shape[first..<last]) : [])
      }
    },
    .tensor("Size") { _ in { x in Tensor(scalar: Int64(try x.tensor(0).count)) } },
    .tensor("Transpose") { attributes in
      let order = try attributes.ints("perm")
      return { x in
        let data = try x.tensor(0)
        let order = order ?? Array((0..<data.rank).reversed())
        try require(
          order.sorted() == Array(0..<data.rank), "perm \(order) is not an order of the axes of \(data.shape)")
        return try data.transposed(order)
      }
    }
    .shapes(transposeShape).kernel(TransposeKernels.compile).movesElements(),
    .tensor("Expand") { _ in
      { x in
        let data = try x.tensor(0)
        let wanted = try x.tensor(1).integers()
        _ = try Tensor.checkedByteCount(.bool, wanted)
        return try expand(data, to: try Broadcasting.shape([data.shape, wanted]))
      }
    }
    .shapedBy(1).kernel(MovementKernels.expand).movesElements(),
    .tensor("Tile", since: 1) { _ in
      { x in
        let data = try x.tensor(0)
        let axis = try normalizedAxis(try x.tensor(2).scalarInteger(), rank: data.rank)
        var repeats = [Int](repeating: 1, count: data.rank)
        repeats[axis] = try x.tensor(1).scalarInteger()
        return try tile(data, repeats)
      }
    }
    .shapedBy(1).movesElements(),
    .tensor("Tile", since: 6) { _ in { x in try tile(try x.tensor(0), try x.tensor(1).integers()) } }
      .shapedBy(1).movesElements(),
    OperatorDefinition("Identity") { _ in Identity() }
      .shapes(ShapeRules.same).kernel(ViewKernels.whole).elementwise().movesElements(),
  ]

  /// Shape's `start` and `end`: counted from the back when negative, then clamped, never an error.
  private static func clampedAxis(_ axis: Int, _ rank: Int) -> Int {
    min(max(axis < 0 ? axis + rank : axis, 0), rank)
  }

  /// - Parameter zeroCopies: a 0 stands for the input's extent at that place.
  static func reshape(_ x: Tensor, _ wanted: [Int], zeroCopies: Bool) throws -> Tensor {
    var shape = wanted
    for (index, extent) in wanted.enumerated() where extent == 0 && zeroCopies {
      try require(index < x.rank, "shape \(wanted) copies an extent that \(x.shape) does not have")
      shape[index] = x.shape[index]
    }
    let unknown = shape.indices.filter { shape[$0] == -1 }
    try require(unknown.count <= 1, "shape \(wanted) leaves two extents open")
    if let open = unknown.first {
      shape[open] = 1
      _ = try Tensor.checkedByteCount(.bool, shape)
      let known = shape.reduce(1, *)
      try require(known > 0 ? x.count % known == 0 : x.count == 0, "cannot reshape \(x.shape) to \(wanted)")
      shape[open] = known > 0 ? x.count / known : 0
    }
    return try x.reshaped(shape)
  }

  static func unsqueeze(_ x: Tensor, _ axes: [Int]) throws -> Tensor {
    let rank = x.rank + axes.count
    let places = Set(try normalizedAxes(axes, rank: rank))
    var extents = x.shape.makeIterator()
    return try x.reshaped((0..<rank).map { places.contains($0) ? 1 : extents.next() ?? 1 })
  }

  static func expand(_ x: Tensor, to shape: [Int]) throws -> Tensor {
    if shape == x.shape { return x }
    let dense = denseStrides(x.shape)
    let lead = shape.count - x.rank
    let strides = shape.indices.map { $0 < lead || x.shape[$0 - lead] == 1 ? 0 : dense[$0 - lead] }
    return try x.view(shape, strides: strides)
  }

  private static func tile(_ x: Tensor, _ repeats: [Int]) throws -> Tensor {
    try require(repeats.count == x.rank, "\(repeats.count) repeats for \(x.rank) axes")
    let doubled = zip(repeats, x.shape).flatMap { [$0.0, $0.1] }
    _ = try Tensor.checkedByteCount(x.type, doubled)
    let strides = denseStrides(x.shape).flatMap { [0, $0] }
    return try x.view(doubled, strides: strides).reshaped(zip(repeats, x.shape).map { $0.0 * $0.1 })
  }
}

// MARK: shapes

extension ReshapingOperators {
  @Sendable
  static func transposeShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0) else { return nil }
    let order = try question.attributes.ints("perm") ?? x.shape.indices.reversed()
    guard order.sorted() == Array(x.shape.indices) else { return nil }
    return [Fact(x.type, order.map { x.shape[$0] })]
  }

  @Sendable
  static func reshapeShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), var shape = try question.integers(1, orAttribute: "shape") else { return nil }
    let keepsZero = try question.attributes.flag("allowzero")
    if !keepsZero {
      for axis in shape.indices where shape[axis] == 0 {
        guard axis < x.shape.count else { return nil }
        shape[axis] = x.shape[axis]
      }
    }
    guard shape.allSatisfy({ $0 >= -1 }), shape.filter({ $0 == -1 }).count <= 1 else { return nil }
    if let free = shape.firstIndex(of: -1) {
      let rest = try Tensor.checkedCount(shape.map { $0 == -1 ? 1 : $0 })
      guard rest > 0 else { return nil }
      shape[free] = x.count / rest
    }
    guard try Tensor.checkedCount(shape) == x.count else { return nil }
    return [Fact(x.type, shape)]
  }

  @Sendable
  static func flattenShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0) else { return nil }
    let axis = try question.attributes.int("axis", default: 1)
    let cut = axis < 0 ? axis + x.shape.count : axis
    guard (0...x.shape.count).contains(cut) else { return nil }
    return [Fact(x.type, [x.shape[..<cut].reduce(1, *), x.shape[cut...].reduce(1, *)])]
  }

  @Sendable
  static func unsqueezeShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), let axes = try question.integers(1, orAttribute: "axes") else { return nil }
    let rank = x.shape.count + axes.count
    let places = Set(axes.compactMap { question.axis($0, rank: rank) })
    guard places.count == axes.count else { return nil }
    var rest = x.shape[...]
    return [Fact(x.type, (0..<rank).map { places.contains($0) ? 1 : rest.removeFirst() })]
  }

  @Sendable
  static func squeezeShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0) else { return nil }
    let hasAxes = question.input(1) != nil || question.attributes.has("axes")
    let given = try question.integers(1, orAttribute: "axes")
    guard !hasAxes || given != nil else { return nil }
    let axes = given.map { $0.compactMap { question.axis($0, rank: x.shape.count) } }
    guard axes?.count == given?.count, axes?.allSatisfy({ x.shape[$0] == 1 }) ?? true else { return nil }
    let dropped = Set(axes ?? x.shape.indices.filter { x.shape[$0] == 1 })
    return [Fact(x.type, x.shape.indices.filter { !dropped.contains($0) }.map { x.shape[$0] })]
  }
}

/// Hands its input on.
struct Identity: Operator {
  func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    guard let input = inputs.first ?? nil else { throw InferenceError(.badInput, "an input is missing") }
    return [input]
  }
}
