import Ground

/// Tensors from nothing, or nearly: Constant, ConstantOfShape, Range, EyeLike, Trilu.
enum GeneratorOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("Constant") { attributes in
      let value = try constant(attributes)
      return { _ in value }
    },
    .tensor("ConstantOfShape") { attributes in
      let value = try attributes.tensor("value") ?? Tensor(scalar: Float(0))
      try require(value.count == 1, "the value must be one element, its shape is \(value.shape)")
      return { x in
        let shape = try x.tensor(0).integers()
        return try value.reshaped([]).view(shape, strides: shape.map { _ in 0 })
      }
    }
    .shapedBy(0),
    .tensor("Range") { _ in
      { x in
        let (start, limit, delta) = (try x.tensor(0), try x.tensor(1), try x.tensor(2))
        guard start.type == limit.type, start.type == delta.type, start.count == 1 else {
          throw InferenceError(.badType, "start, limit and delta must be scalars of one type")
        }
        guard limit.count == 1, delta.count == 1 else { throw InferenceError(.badShape, "a range of several numbers") }
        return try start.type.compute(Progression(start: start, limit: limit, delta: delta))
      }
    }
    .shapedBy(0, 1, 2),
    .tensor("EyeLike") { attributes in
      let diagonal = try attributes.int("k", default: 0)
      let named = attributes.has("dtype") ? try CastOperators.elementType(attributes, "dtype", default: nil) : nil
      return { x in
        let like = try x.tensor(0)
        try require(like.rank == 2, "EyeLike needs a matrix, the shape is \(like.shape)")
        let type = named ?? like.type
        let flags = try Tensor(zeros: .int64, like.shape)
        let target = flags.elements(as: Int64.self)
        for row in 0..<(like.count == 0 ? 0 : like.shape[0]) {
          let (column, overflow) = row.addingReportingOverflow(diagonal)
          if !overflow && column >= 0 && column < like.shape[1] { target[row * like.shape[1] + column] = 1 }
        }
        return try flags.converted(to: type)
      }
    },
    .tensor("Trilu") { attributes in
      let keepsUpper = try attributes.flag("upper", default: true)
      return { x in
        let diagonal = try x.optionalTensor(1)?.scalarInteger() ?? 0
        return try triangle(try x.tensor(0), diagonal: diagonal, keepsUpper: keepsUpper)
      }
    },
  ]

  private static func constant(_ attributes: NodeAttributes) throws -> Tensor {
    if let tensor = try attributes.tensor("value") { return tensor }
    if let float = try attributes.float("value_float") { return Tensor(scalar: float) }
    if let floats = try attributes.floats("value_floats") { return Tensor([floats.count], floats) }
    if let int = try attributes.int("value_int") { return Tensor(scalar: Int64(int)) }
    if let ints = try attributes.ints("value_ints") { return Tensor(int64s: ints) }
    if let string = try attributes.string("value_string") { return Tensor([], strings: [string]) }
    if let strings = try attributes.strings("value_strings") { return Tensor([strings.count], strings: strings) }
    throw InferenceError(
      .badAttribute, "the constant has no value", remedy: "sparse constants are not supported")
  }

  private static func triangle(_ x: Tensor, diagonal: Int, keepsUpper: Bool) throws -> Tensor {
    try require(x.rank >= 2, "Trilu needs matrices, the shape is \(x.shape)")
    guard x.type != .string else { throw InferenceError(.badType, "Trilu of strings") }
    let result = try x.copied()
    let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    let width = x.type.byteCount
    // Beyond the matrix every diagonal is alike.
    let shift = min(max(diagonal, -rows - 1), columns + 1)
    for matrix in 0..<(x.count == 0 ? 0 : x.shape.dropLast(2).reduce(1, *)) {
      for row in 0..<rows {
        let edge = min(max(keepsUpper ? row + shift : row + shift + 1, 0), columns)
        let cleared = keepsUpper ? 0..<edge : edge..<columns
        let start = result.base + ((matrix * rows + row) * columns + cleared.lowerBound) * width
        start.initializeMemory(as: UInt8.self, repeating: 0, count: cleared.count * width)
      }
    }
    return result
  }
}

private struct Progression: ComputeVisitor {
  let start: Tensor
  let limit: Tensor
  let delta: Tensor

  func visit<Element: ComputeElement>(_: Element.Type) throws -> Tensor {
    func number(_ x: Tensor) throws -> Element { try x.converted(to: Element.type).array(of: Element.self)[0] }
    let (begin, increment) = (try number(start), try number(delta))
    guard let count = Element.steps(from: begin, to: try number(limit), by: increment), count < Tensor.byteLimit else {
      throw InferenceError(.badInput, "a range that never ends")
    }
    let result = try Tensor(uninitialized: Element.type, [count])
    let target = result.elements(as: Element.self)
    for index in 0..<count {
      target[index] = Element.plus(begin, Element.times(Element(counted: index), increment))
    }
    return try result.converted(to: start.type)
  }
}
