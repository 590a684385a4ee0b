import Ground

/// Gather, GatherElements, GatherND; and what scattering shares with them: indices checked before use.
enum GatheringOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("Gather") { attributes in
      let axis = try attributes.int("axis", default: 0)
      return { x in
        let data = try x.tensor(0)
        return try gather(data, try x.tensor(1), axis: try normalizedAxis(axis, rank: data.rank))
      }
    }
    .shapes(gatherShape).kernel(MovementKernels.gather).movesElements(),
    .tensor("GatherElements") { attributes in
      let axis = try attributes.int("axis", default: 0)
      return { x in
        let data = try x.tensor(0)
        return try gatherElements(data, try x.tensor(1), axis: try normalizedAxis(axis, rank: data.rank))
      }
    },
    .tensor("GatherND") { attributes in
      let batchAxes = try attributes.int("batch_dims", default: 0)
      return { x in try gatherBlocks(try x.tensor(0), try x.tensor(1), batchAxes: batchAxes) }
    },
  ]

  /// Indices counted from the front, every one inside `extent`.
  static func checkedIndices(_ indices: Tensor, extent: Int) throws -> [Int] {
    var places = try indices.integers()
    for index in places.indices {
      if places[index] < 0 { places[index] += extent }
      guard places[index] >= 0 && places[index] < extent else {
        throw InferenceError(.badInput, "index \(places[index]) is outside an axis of \(extent) elements")
      }
    }
    return places
  }

  static func gather(_ x: Tensor, _ indices: Tensor, axis: Int) throws -> Tensor {
    let axis = try normalizedAxis(axis, rank: x.rank)
    return try x.relocated { x in
      let places = try checkedIndices(indices, extent: x.shape[axis])
      let shape = Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...])
      let result = try Tensor(uninitialized: x.type, shape)
      if result.count == 0 { return result }
      let outer = x.shape[..<axis].reduce(1, *)
      let block = x.shape[(axis + 1)...].reduce(1, *) * x.type.byteCount
      let extent = x.shape[axis]
      var target = result.base
      withExtendedLifetime(x) {
        for row in 0..<outer {
          let source = x.base + row * extent * block
          for place in places {
            copyElement(target, source + place * block, block)
            target += block
          }
        }
      }
      return result
    }
  }

  private static func gatherElements(_ x: Tensor, _ indices: Tensor, axis: Int) throws -> Tensor {
    try x.relocated { x in
      let walk = try ElementWalk(x.shape, indices, axis: axis)
      let result = try Tensor(uninitialized: x.type, indices.shape)
      let width = x.type.byteCount
      withExtendedLifetime(x) {
        walk.forEach { number, offset in
          copyElement(result.base + number * width, x.base + offset * width, width)
        }
      }
      return result
    }
  }

  private static func gatherBlocks(_ x: Tensor, _ indices: Tensor, batchAxes: Int) throws -> Tensor {
    try x.relocated { x in
      let blocks = try BlockWalk(x.shape, indices, batchAxes: batchAxes)
      let result = try Tensor(uninitialized: x.type, Array(indices.shape.dropLast()) + blocks.blockShape)
      let bytes = blocks.blockCount * x.type.byteCount
      withExtendedLifetime(x) {
        for (number, offset) in blocks.offsets.enumerated() {
          (result.base + number * bytes).copyMemory(from: x.base + offset * x.type.byteCount, byteCount: bytes)
        }
      }
      return result
    }
  }
}

/// The element of a data tensor that each index of GatherElements or ScatterElements stands for.
struct ElementWalk {
  private let shape: [Int]
  private let strides: [Int]
  private let axis: Int
  /// int64, counted from the front.
  private let places: Tensor

  init(_ data: [Int], _ indices: Tensor, axis: Int) throws {
    try require(indices.rank == data.count, "indices of shape \(indices.shape) for data of shape \(data)")
    for other in data.indices where other != axis {
      try require(indices.shape[other] <= data[other], "indices of shape \(indices.shape) for data of shape \(data)")
    }
    shape = indices.shape
    strides = denseStrides(data)
    places = try ElementWalk.places(indices, extent: data[axis])
    self.axis = axis
  }

  /// The indices as they are where nothing needs to change: index tensors are as large as what they move.
  private static func places(_ indices: Tensor, extent: Int) throws -> Tensor {
    if indices.type == .int64 {
      let values = indices.elements(as: Int64.self)
      var (least, greatest) = (Int64.max, Int64(-1))
      for value in values {
        least = min(least, value)
        greatest = max(greatest, value)
      }
      if least >= 0 && greatest < extent { return indices }
    }
    return Tensor(int64s: try GatheringOperators.checkedIndices(indices, extent: extent), indices.shape)
  }

  /// Calls `body` with every index's number and the offset of its element.
  @inline(__always)
  func forEach(_ body: (_ number: Int, _ offset: Int) -> Void) {
    let places = places.elements(as: Int64.self)
    guard let last = shape.last, !places.isEmpty else {
      if let place = places.first { body(0, Int(place)) }
      return
    }
    // Within a row of the last axis only the place changes, and the element's own column.
    let step = axis == shape.count - 1 ? 0 : strides[shape.count - 1]
    let scale = strides[axis]
    var counter = [Int](repeating: 0, count: shape.count)
    // The offset of the row's own coordinates, the axis left out.
    var around = 0
    for row in 0..<(places.count / last) {
      let start = row * last
      for column in 0..<last { body(start + column, around + column * step + Int(places[start + column]) * scale) }
      var level = shape.count - 2
      while level >= 0 {
        counter[level] += 1
        if level != axis { around += strides[level] }
        if counter[level] < shape[level] { break }
        if level != axis { around -= strides[level] * shape[level] }
        counter[level] = 0
        level -= 1
      }
    }
  }
}

/// The blocks of a data tensor that the index tuples of GatherND or ScatterND stand for.
struct BlockWalk {
  /// The first element of each tuple's block.
  let offsets: [Int]
  let blockShape: [Int]
  let blockCount: Int

  init(_ data: [Int], _ indices: Tensor, batchAxes: Int = 0) throws {
    guard let depth = indices.shape.last, batchAxes >= 0, batchAxes < indices.rank, depth >= 1,
      batchAxes + depth <= data.count, data[..<batchAxes] == indices.shape[..<batchAxes]
    else {
      throw InferenceError(
        .badShape, "indices of shape \(indices.shape) do not address data of shape \(data)")
    }
    let strides = denseStrides(data)
    blockShape = Array(data[(batchAxes + depth)...])
    blockCount = blockShape.reduce(1, *)
    let tuples = indices.shape.dropLast().reduce(1, *)
    let batches = data[..<batchAxes].reduce(1, *)
    let tuplesPerBatch = batches == 0 ? 0 : tuples / batches
    let batchStride = data[batchAxes...].reduce(1, *)
    let numbers = try indices.integers()
    offsets = try (0..<tuples).map { tuple in
      var offset = tuple / max(1, tuplesPerBatch) * batchStride
      for level in 0..<depth {
        let extent = data[batchAxes + level]
        let index = numbers[tuple * depth + level]
        let place = index < 0 ? index + extent : index
        guard place >= 0 && place < extent else {
          throw InferenceError(.badInput, "index \(index) is outside an axis of \(extent) elements")
        }
        offset += place * strides[batchAxes + level]
      }
      return offset
    }
  }
}

// MARK: shapes

extension GatheringOperators {
  @Sendable
  static func gatherShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), let indices = question.input(1),
      let axis = question.axis(try question.attributes.int("axis", default: 0), rank: x.shape.count)
    else { return nil }
    return [Fact(x.type, Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...]))]
  }
}
