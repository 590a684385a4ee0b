import Ground

/// Copies one element of `width` bytes.
@inline(__always)
func copyElement(_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ width: Int) {
  switch width {
  case 4: target.storeBytes(of: source.loadUnaligned(as: UInt32.self), as: UInt32.self)
  case 8: target.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
  case 1: target.storeBytes(of: source.loadUnaligned(as: UInt8.self), as: UInt8.self)
  case 2: target.storeBytes(of: source.loadUnaligned(as: UInt16.self), as: UInt16.self)
  default: target.copyMemory(from: source, byteCount: width)
  }
}

/// How many elements lie between neighbours of each axis of a dense tensor.
func denseStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in stride(from: shape.count - 2, through: 0, by: -1) {
    strides[axis] = strides[axis + 1] * max(1, shape[axis + 1])
  }
  return strides
}

extension Tensor {
  /// Lets a data movement that is written for bytes also move strings: it moves their indices.
  func relocated(_ move: (Tensor) throws -> Tensor) throws -> Tensor {
    guard type == .string, let strings else { return try move(self) }
    let moved = try move(Tensor(int64s: Array(0..<count), shape))
    return try Tensor.choosing(from: strings, moved)
  }

  /// The strings at `places`, int64 indices into them.
  static func choosing(from strings: [String], _ places: Tensor) throws -> Tensor {
    var chosen = StringCollector()
    for place in places.array(of: Int64.self) { try chosen.append(strings[Int(place)]) }
    return Tensor(places.shape, strings: chosen.strings)
  }

  /// A dense copy of a strided view of this tensor: transposes, slices, reversals, repetitions.
  ///
  /// - Parameters:
  ///   - extents: the shape of the view, and of the result.
  ///   - strides: elements from one index to the next along each axis; 0 repeats, negative walks backwards.
  ///   - offset: the element at the view's origin.
  /// - Precondition: every element of the view lies in this tensor.
  func view(_ extents: [Int], strides: [Int], offset: Int = 0) throws -> Tensor {
    try relocated { source in
      let result = try Tensor(uninitialized: source.type, extents)
      if result.count > 0 {
        let loops = mergedLoops(extents, strides)
        copyView(
          result.base, source.base + offset * source.type.byteCount, loops.extents, loops.strides,
          source.type.byteCount)
      }
      return result
    }
  }

  /// The axes in another order.
  func transposed(_ order: [Int]) throws -> Tensor {
    let strides = denseStrides(shape)
    return try view(order.map { shape[$0] }, strides: order.map { strides[$0] })
  }

  /// The part from `starts` with `extents`, contiguous along every axis.
  func cropped(_ starts: [Int], _ extents: [Int]) throws -> Tensor {
    let strides = denseStrides(shape)
    return try view(extents, strides: strides, offset: zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 })
  }
}

/// Drops axes of extent 1 and joins those that a single loop can walk.
private func mergedLoops(_ shape: [Int], _ steps: [Int]) -> (extents: [Int], strides: [Int]) {
  var extents: [Int] = []
  var strides: [Int] = []
  for (extent, step) in zip(shape, steps) where extent != 1 {
    if let last = strides.last, last == step * extent {
      extents[extents.count - 1] *= extent
      strides[strides.count - 1] = step
    } else {
      extents.append(extent)
      strides.append(step)
    }
  }
  return extents.isEmpty ? ([1], [1]) : (extents, strides)
}

/// Copies a view, row by row; the two innermost loops in square tiles where they are a transpose, so that both sides'
/// cache lines are used whole.
private func copyView(
  _ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ extents: [Int], _ strides: [Int], _ width: Int
) {
  let last = extents.count - 1
  let isTranspose = last > 0 && strides[last - 1] == 1 && strides[last] != 1 && (width == 4 || width == 1)
  let outerLevels = isTranspose ? last - 1 : last
  let block = isTranspose ? extents[last] * extents[last - 1] : extents[last]
  var counter = [Int](repeating: 0, count: outerLevels)
  var (from, to) = (0, 0)
  while true {
    let (row, input) = (target + to * width, source + from * width)
    if isTranspose && width == 4 {
      copyTransposed(row, input, rows: extents[last - 1], columns: extents[last], strides[last], UInt32.self)
    } else if isTranspose {
      copyTransposed(row, input, rows: extents[last - 1], columns: extents[last], strides[last], UInt8.self)
    } else if strides[last] == 1 {
      row.copyMemory(from: input, byteCount: block * width)
    } else if strides[last] == 0 {
      repeatElement(row, input, block, width)
    } else {
      let step = strides[last] * width
      for index in 0..<block { copyElement(row + index * width, input + index * step, width) }
    }
    to += block
    var level = outerLevels - 1
    while level >= 0 {
      counter[level] += 1
      from += strides[level]
      if counter[level] < extents[level] { break }
      from -= strides[level] * extents[level]
      counter[level] = 0
      level -= 1
    }
    if level < 0 { return }
  }
}

/// Fills `count` elements with one.
private func repeatElement(
  _ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ count: Int, _ width: Int
) {
  switch width {
  case 1: target.initializeMemory(as: UInt8.self, repeating: source.load(as: UInt8.self), count: count)
  case 4: target.initializeMemory(as: UInt32.self, repeating: source.load(as: UInt32.self), count: count)
  case 8: target.initializeMemory(as: UInt64.self, repeating: source.load(as: UInt64.self), count: count)
  default: for index in 0..<count { copyElement(target + index * width, source, width) }
  }
}

private func copyTransposed<Word>(
  _ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, rows: Int, columns: Int, _ step: Int, _: Word.Type
) {
  let target = target.assumingMemoryBound(to: Word.self)
  let source = source.assumingMemoryBound(to: Word.self)
  let tile = 16
  for firstRow in stride(from: 0, to: rows, by: tile) {
    let endRow = min(firstRow + tile, rows)
    for firstColumn in stride(from: 0, to: columns, by: tile) {
      let endColumn = min(firstColumn + tile, columns)
      for row in firstRow..<endRow {
        for column in firstColumn..<endColumn { target[row * columns + column] = source[column * step + row] }
      }
    }
  }
}
