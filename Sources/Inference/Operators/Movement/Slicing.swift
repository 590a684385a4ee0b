import Ground

/// Slice, Split, Concat: parts of tensors, and tensors of parts.
enum SlicingOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("Slice", since: 1) { attributes in
      let starts = try attributes.ints("starts") ?? []
      let ends = try attributes.ints("ends") ?? []
      let axes = try attributes.ints("axes")
      return { x in try slice(try x.tensor(0), starts, ends, axes, nil) }
    }
    .shapedBy(1, 2, 3, 4).kernel(MovementKernels.slice).movesElements(),
    .tensor("Slice", since: 10) { _ in
      { x in
        try slice(
          try x.tensor(0), try x.tensor(1).integers(), try x.tensor(2).integers(),
          try x.optionalTensor(3)?.integers(), try x.optionalTensor(4)?.integers())
      }
    }
    .shapedBy(1, 2, 3, 4).kernel(MovementKernels.slice).movesElements(),
    .tensors("Split") { attributes in
      let axis = try attributes.int("axis", default: 0)
      let fixed = try attributes.ints("split")
      let parts = try attributes.int("num_outputs") ?? attributes.outputCount
      return { x in
        let data = try x.tensor(0)
        let axis = try normalizedAxis(axis, rank: data.rank)
        let lengths =
          try fixed ?? x.optionalTensor(1)?.integers() ?? evenLengths(of: data.shape[axis], parts: parts)
        return try split(data, axis: axis, lengths: lengths)
      }
    }
    .shapes(splitShape).shapedBy(1).kernel(ViewKernels.split).movesElements(),
    .tensor("Concat") { attributes in
      let axis = try attributes.int("axis", default: 1)
      return { x in try concatenate(try x.allTensors(), axis: axis) }
    }
    .shapes(concatShape).kernel(ConcatKernels.compile),
  ]

  static func slice(_ x: Tensor, _ starts: [Int], _ ends: [Int], _ axes: [Int]?, _ steps: [Int]?) throws -> Tensor {
    let axes = try normalizedAxes(axes ?? Array(starts.indices), rank: x.rank)
    let steps = steps ?? Array(repeating: 1, count: starts.count)
    try require(
      starts.count == ends.count && starts.count == axes.count && starts.count == steps.count,
      "starts, ends, axes and steps differ in length")
    var extents = x.shape
    var strides = denseStrides(x.shape)
    var offset = 0
    for (index, axis) in axes.enumerated() {
      let extent = x.shape[axis]
      try require(steps[index] != 0, "a step of 0")
      // A longer step than the axis picks the same single element.
      let step = min(max(steps[index], -max(extent, 1)), max(extent, 1))
      let (low, high) = step > 0 ? (0, extent) : (-1, extent - 1)
      func clamped(_ bound: Int, _ low: Int) -> Int { min(max(bound < 0 ? bound + extent : bound, low), high) }
      let start = clamped(starts[index], step > 0 ? 0 : (extent > 0 ? 0 : -1))
      let end = clamped(ends[index], low)
      extents[axis] = step > 0 ? max(0, (end - start + step - 1) / step) : max(0, (start - end - step - 1) / -step)
      offset += start * strides[axis]
      strides[axis] *= step
    }
    if extents.contains(0) { return try Tensor(zeros: x.type, extents) }
    return extents == x.shape && offset == 0 && steps.allSatisfy { $0 > 0 }
      ? x : try x.view(extents, strides: strides, offset: offset)
  }

  /// Equal parts; the last is shorter where the axis does not divide.
  static func evenLengths(of extent: Int, parts: Int) throws -> [Int] {
    try require(parts > 0 && parts <= max(1, extent) + 4096, "cannot split \(extent) elements into \(parts) parts")
    let length = (extent + parts - 1) / parts
    return (0..<parts).map { max(0, min(length, extent - $0 * length)) }
  }

  static func split(_ x: Tensor, axis: Int, lengths: [Int]) throws -> [Tensor] {
    var total = 0
    for length in lengths {
      try require(length >= 0 && length <= x.shape[axis], "a part of \(length) out of \(x.shape[axis])")
      total += length
    }
    try require(total == x.shape[axis], "parts \(lengths) do not add up to \(x.shape[axis])")
    var start = 0
    return try lengths.map { length in
      var extents = x.shape
      var starts = x.shape.map { _ in 0 }
      extents[axis] = length
      starts[axis] = start
      start += length
      return length == 0 ? try Tensor(zeros: x.type, extents) : try x.cropped(starts, extents)
    }
  }

  static func concatenate(_ parts: [Tensor], axis: Int) throws -> Tensor {
    guard let first = parts.first else { throw InferenceError(.badInput, "nothing to concatenate") }
    let axis = try normalizedAxis(axis, rank: first.rank)
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      guard part.type == first.type else {
        throw InferenceError(.badType, "cannot concatenate \(part.type.name) to \(first.type.name)")
      }
      var fitting = part.shape
      if fitting.count == shape.count { fitting[axis] = first.shape[axis] }
      try require(fitting == first.shape, "cannot concatenate \(part.shape) to \(first.shape) along axis \(axis)")
      shape[axis] += part.shape[axis]
    }
    if first.type == .string { return try concatenateText(parts, axis: axis) }
    let result = try Tensor(uninitialized: first.type, shape)
    if result.count == 0 { return result }
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *) * first.type.byteCount
    var offset = 0
    for part in parts {
      let block = part.shape[axis] * inner
      withExtendedLifetime(part) {
        for row in 0..<outer {
          (result.base + row * shape[axis] * inner + offset).copyMemory(from: part.base + row * block, byteCount: block)
        }
      }
      offset += block
    }
    return result
  }

  /// Text is concatenated by the indices of all its strings.
  private static func concatenateText(_ parts: [Tensor], axis: Int) throws -> Tensor {
    let all = parts.flatMap { $0.strings ?? [] }
    var next = 0
    let indices = parts.map { part in
      defer { next += part.count }
      return Tensor(int64s: Array(next..<(next + part.count)), part.shape)
    }
    let places = try concatenate(indices, axis: axis)
    return try .choosing(from: all, places)
  }
}

// MARK: shapes

extension SlicingOperators {
  @Sendable
  static func concatShape(_ question: ShapeQuestion) throws -> [Fact]? {
    let inputs = question.inputs.compactMap { $0 }
    guard let first = inputs.first, inputs.count == question.inputs.count,
      let given = try question.attributes.int("axis"), let axis = question.axis(given, rank: first.shape.count)
    else { return nil }
    var shape = first.shape
    for input in inputs.dropFirst() {
      guard input.shape.count == shape.count, input.type == first.type,
        shape.indices.allSatisfy({ $0 == axis || shape[$0] == input.shape[$0] })
      else { return nil }
      shape[axis] += input.shape[axis]
    }
    return [Fact(first.type, shape)]
  }

  @Sendable
  static func splitShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0),
      let axis = question.axis(try question.attributes.int("axis", default: 0), rank: x.shape.count)
    else { return nil }
    let count = question.outputCount
    let hasSizes = question.input(1) != nil || question.attributes.has("split")
    let given = try question.integers(1, orAttribute: "split")
    guard !hasSizes || given != nil, count > 0 else { return nil }
    let part = (x.shape[axis] + count - 1) / count
    let sizes = given ?? (0..<count).map { max(0, min(part, x.shape[axis] - $0 * part)) }
    guard sizes.count == count, sizes.reduce(0, +) == x.shape[axis], sizes.allSatisfy({ $0 >= 0 }) else { return nil }
    return sizes.map { size in
      var shape = x.shape
      shape[axis] = size
      return Fact(x.type, shape)
    }
  }
}
