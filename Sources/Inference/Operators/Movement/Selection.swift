import Ground

/// NonZero, Compress, Unique, OneHot: what the data itself decides the shape of.
enum SelectionOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("NonZero") { _ in { x in try nonZero(try x.tensor(0)) } }.shapedByRun(),
    .tensor("Compress") { attributes in
      let axis = try attributes.int("axis")
      return { x in
        let condition = try x.tensor(1)
        let data = axis == nil ? try x.tensor(0).reshaped([x.tensor(0).count]) : try x.tensor(0)
        let axis = try normalizedAxis(axis ?? 0, rank: data.rank)
        guard condition.type == .bool, condition.rank == 1 else {
          throw InferenceError(.badType, "the condition must be a list of booleans")
        }
        let flags = try condition.integers()
        try require(flags.count <= data.shape[axis], "\(flags.count) conditions for \(data.shape[axis]) elements")
        let places = flags.indices.filter { flags[$0] != 0 }
        return try GatheringOperators.gather(data, Tensor(int64s: places), axis: axis)
      }
    }
    .shapedBy(1),
    .tensors("Unique") { attributes in
      let axis = try attributes.int("axis")
      let sorts = try attributes.flag("sorted", default: true)
      return { x in
        let data = axis == nil ? try x.tensor(0).reshaped([x.tensor(0).count]) : try x.tensor(0)
        return try unique(data, axis: try normalizedAxis(axis ?? 0, rank: data.rank), sorts: sorts)
      }
    }
    .shapedByRun(),
    .tensor("OneHot") { attributes in
      let axis = try attributes.int("axis", default: -1)
      return { x in
        let depth = try x.tensor(1).converted(to: .int64).scalarInteger()
        return try oneHot(try x.tensor(0), depth: depth, values: try x.tensor(2), axis: axis)
      }
    }
    .shapedBy(1),
  ]

  private static func nonZero(_ x: Tensor) throws -> Tensor {
    let flags = try x.converted(to: .bool)
    let rank = x.rank
    var places: [Int] = []
    let truths = flags.elements(as: Bool.self)
    withExtendedLifetime(flags) {
      for index in truths.indices where truths[index] { places.append(index) }
    }
    let strides = denseStrides(x.shape)
    let result = try Tensor(uninitialized: .int64, [rank, places.count])
    let target = result.elements(as: Int64.self)
    for (column, place) in places.enumerated() {
      for axis in 0..<rank {
        target[axis * places.count + column] = Int64(place / strides[axis] % x.shape[axis])
      }
    }
    return result
  }

  private static func oneHot(_ indices: Tensor, depth: Int, values: Tensor, axis: Int) throws -> Tensor {
    try require(values.count == 2, "values must be the off and the on value")
    let axis = try normalizedAxis(axis, rank: indices.rank + 1)
    var shape = indices.shape
    shape.insert(depth, at: axis)
    _ = try Tensor.checkedByteCount(values.type, shape)
    // Places in the pair of values: 0 is off, 1 is on.
    let choice = try Tensor(zeros: .int64, shape)
    let hot = choice.elements(as: Int64.self)
    let inner = indices.shape[axis...].reduce(1, *)
    for (number, index) in try indices.converted(to: .int64).integers().enumerated() {
      let place = index < 0 ? index + depth : index
      if place >= 0 && place < depth { hot[(number / inner * depth + place) * inner + number % inner] = 1 }
    }
    return try GatheringOperators.gather(try values.reshaped([2]), choice, axis: 0)
  }

  /// The distinct slices along an axis; where each first stands; which one each slice is; how often each occurs.
  private static func unique(_ x: Tensor, axis: Int, sorts: Bool) throws -> [Tensor] {
    try require(x.shape[axis] <= 1 << 26, "\(x.shape[axis]) slices")
    let front = [axis] + (0..<x.rank).filter { $0 != axis }
    let slices = try SliceKeys(try x.transposed(front))
    var order = Array(0..<slices.count)
    order.sort { a, b in
      let comparison = slices.compare(a, b)
      return comparison == 0 ? a < b : comparison < 0
    }
    // Groups of equal slices, each led by its first occurrence.
    var leaders: [Int] = []
    var group = [Int](repeating: 0, count: slices.count)
    var counts: [Int] = []
    for (rank, slice) in order.enumerated() {
      if rank == 0 || slices.compare(order[rank - 1], slice) != 0 {
        leaders.append(slice)
        counts.append(0)
      }
      group[slice] = leaders.count - 1
      counts[leaders.count - 1] += 1
    }
    if !sorts {
      let appearance = leaders.indices.sorted { leaders[$0] < leaders[$1] }
      var renumbered = [Int](repeating: 0, count: leaders.count)
      for (new, old) in appearance.enumerated() { renumbered[old] = new }
      group = group.map { renumbered[$0] }
      (leaders, counts) = (appearance.map { leaders[$0] }, appearance.map { counts[$0] })
    }
    return [
      try GatheringOperators.gather(x, Tensor(int64s: leaders), axis: axis), Tensor(int64s: leaders),
      Tensor(int64s: group), Tensor(int64s: counts),
    ]
  }
}

/// The slices of a tensor along its first axis, compared element by element.
private struct SliceKeys {
  let count: Int
  private let length: Int
  private let integers: [Int64]
  private let numbers: [Double]
  private let strings: [String]

  init(_ x: Tensor) throws {
    count = x.shape[0]
    length = x.shape[1...].reduce(1, *)
    strings = x.strings ?? []
    let isFloat = x.type.isFloat
    numbers = isFloat ? try x.doubles() : []
    integers = isFloat || x.strings != nil ? [] : try x.converted(to: .int64).array(of: Int64.self)
  }

  /// Negative where slice `a` comes before `b`, 0 where they are equal.
  func compare(_ a: Int, _ b: Int) -> Int {
    for index in 0..<length {
      let (left, right) = (a * length + index, b * length + index)
      let order =
        !numbers.isEmpty
        ? sign(numbers[left], numbers[right])
        : !integers.isEmpty ? sign(integers[left], integers[right]) : sign(strings[left], strings[right])
      if order != 0 { return order }
    }
    return 0
  }

  private func sign<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : (a == b ? 0 : 1) }
}
