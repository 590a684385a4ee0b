import Ground

/// Pad and CenterCropPad; and the copying by axis maps that nearest-neighbour Resize uses too.
enum PaddingOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("Pad", since: 1) { attributes in
      let pads = try attributes.ints("pads") ?? attributes.ints("paddings") ?? []
      let value = try attributes.float("value", default: 0)
      let mode = try Mode(attributes)
      return { x in
        let data = try x.tensor(0)
        return try pad(data, pads, nil, mode, try Tensor(scalar: value).converted(to: data.type))
      }
    }
    .shapedBy(1, 3).kernel(PaddingKernels.compile),
    .tensor("Pad", since: 11) { attributes in
      let mode = try Mode(attributes)
      return { x in
        try pad(
          try x.tensor(0), try x.tensor(1).integers(), try x.optionalTensor(3)?.integers(), mode,
          try x.optionalTensor(2))
      }
    }
    .shapedBy(1, 3).kernel(PaddingKernels.compile),
    .tensor("CenterCropPad") { attributes in
      let axes = try attributes.ints("axes")
      return { x in
        let data = try x.tensor(0)
        let wanted = try x.tensor(1).integers()
        let axes = try normalizedAxes(axes ?? Array(0..<data.rank), rank: data.rank)
        try require(wanted.count == axes.count, "\(wanted.count) extents for \(axes.count) axes")
        var pads = [Int](repeating: 0, count: 2 * data.rank)
        for (axis, extent) in zip(axes, wanted) {
          _ = try Tensor.checkedByteCount(.bool, [extent])
          // Both round toward the front: half of what is missing is added, or half of what is too much is cut.
          let missing = extent - data.shape[axis]
          pads[axis] = missing >= 0 ? missing / 2 : -(-missing / 2)
          pads[axis + data.rank] = missing - pads[axis]
        }
        return try pad(data, pads, nil, .constant, nil)
      }
    }
    .shapedBy(1),
  ]

  enum Mode: String {
    case constant, reflect, edge, wrap

    init(_ attributes: NodeAttributes) throws {
      let name = try attributes.string("mode", default: "constant")
      guard let mode = Mode(rawValue: name) else {
        throw InferenceError(.badAttribute, "unknown padding mode '\(name)'")
      }
      self = mode
    }

    /// The element that stands at `place` of an axis of `extent` elements, `place` any integer; nil for the constant.
    func source(_ place: Int, _ extent: Int) -> Int? {
      if place >= 0 && place < extent { return place }
      switch self {
      case .constant: return nil
      case .edge: return min(max(place, 0), extent - 1)
      case .wrap: return (place % extent + extent) % extent
      case .reflect:
        if extent == 1 { return 0 }
        let period = 2 * (extent - 1)
        let phase = (place % period + period) % period
        return phase < extent ? phase : period - phase
      }
    }
  }

  /// - Parameters:
  ///   - pads: the elements added at the front of each of `axes`, then those added at the back; negative ones cut.
  ///   - value: a scalar of `x`'s type; nil for zero.
  static func pad(_ x: Tensor, _ pads: [Int], _ axes: [Int]?, _ mode: Mode, _ value: Tensor?) throws -> Tensor {
    let axes = try normalizedAxes(axes ?? Array(0..<x.rank), rank: x.rank)
    try require(pads.count == 2 * axes.count, "\(pads.count) pads for \(axes.count) axes")
    if let value, value.type != x.type || value.count != 1 {
      throw InferenceError(.badType, "the padding value must be one \(x.type.name)")
    }
    var shape = x.shape
    var fronts = [Int](repeating: 0, count: x.rank)
    for (index, axis) in axes.enumerated() {
      let (front, back) = (pads[index], pads[index + axes.count])
      try require(
        abs(front.clampedMagnitude) <= Tensor.byteLimit && abs(back.clampedMagnitude) <= Tensor.byteLimit,
        "a pad of \(front), \(back) elements")
      shape[axis] += front + back
      fronts[axis] = front
      try require(shape[axis] >= 0, "pads \(pads) cut more than shape \(x.shape) has")
      try require(
        x.shape[axis] > 0 || shape[axis] == 0 || mode == .constant, "nothing to repeat on an axis of extent 0")
    }
    let count = try Tensor.checkedByteCount(x.type, shape)
    try require(shape.allSatisfy { $0 <= 1 << 26 } || count == 0, "a padded shape of \(shape)")
    if count == 0 && x.type != .string { return try Tensor(uninitialized: x.type, shape) }
    let maps = x.shape.indices.map { axis in
      (0..<shape[axis]).map { mode.source($0 - fronts[axis], x.shape[axis]) ?? -1 }
    }
    return try x.mapped(maps, filler: value)
  }
}

extension Int {
  /// The number itself, but -Int.max for Int.min, so that `abs` does not trap.
  var clampedMagnitude: Int { Swift.max(self, -Int.max) }
}

extension Tensor {
  /// A tensor whose element at (i, j, …) is this one's at (maps[0][i], maps[1][j], …), or `filler` (zero if nil) where
  /// any map says -1.
  ///
  /// - Precondition: every other entry of a map is an index of its axis.
  func mapped(_ maps: [[Int]], filler: Tensor? = nil) throws -> Tensor {
    if type == .string {
      // Index -1 marks the filler.
      let text = (strings ?? []) + [filler?.strings?.first ?? ""]
      let places = try Tensor(int64s: Array(0..<count), shape)
        .mapped(maps, filler: Tensor(scalar: Int64(count)))
      return try .choosing(from: text, places)
    }
    let result = try Tensor(uninitialized: type, maps.map(\.count))
    if result.count == 0 { return result }
    guard let row = maps.last else {
      result.base.copyMemory(from: base, byteCount: byteCount)
      return result
    }
    let blank = try filler ?? Tensor(zeros: type, [])
    let copier = RowCopier(map: row, width: type.byteCount, filler: blank)
    let strides = denseStrides(shape)
    let levels = maps.count - 1
    var counter = [Int](repeating: 0, count: levels)
    var target = result.base
    withExtendedLifetime((self, blank)) {
      while true {
        var offset = 0
        var isBlank = false
        for level in 0..<levels {
          let place = maps[level][counter[level]]
          isBlank = isBlank || place < 0
          offset += place * strides[level]
        }
        copier.copy(target, isBlank ? nil : UnsafeRawPointer(base + offset * type.byteCount))
        target += row.count * type.byteCount
        var level = levels - 1
        while level >= 0 {
          counter[level] += 1
          if counter[level] < maps[level].count { break }
          counter[level] = 0
          level -= 1
        }
        if level < 0 { return }
      }
    }
    return result
  }
}

/// Copies rows by one map, its longest straight run in one go.
private struct RowCopier {
  let map: [Int]
  let width: Int
  let filler: Tensor
  /// The places of the row whose sources lie side by side.
  private let run: Range<Int>

  init(map: [Int], width: Int, filler: Tensor) {
    self.map = map
    self.width = width
    self.filler = filler
    var best = 0..<0
    var start = 0
    for index in map.indices {
      if index > 0 && !(map[index - 1] >= 0 && map[index] == map[index - 1] + 1) { start = index }
      if map[index] >= 0 && index + 1 - start > best.count { best = start..<(index + 1) }
    }
    run = best.count >= 4 ? best : 0..<0
  }

  func copy(_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer?) {
    guard let source else {
      for index in map.indices { copyElement(target + index * width, filler.base, width) }
      return
    }
    func single(_ index: Int) {
      let place = map[index]
      copyElement(target + index * width, place < 0 ? UnsafeRawPointer(filler.base) : source + place * width, width)
    }
    for index in 0..<run.lowerBound { single(index) }
    if !run.isEmpty {
      (target + run.lowerBound * width)
        .copyMemory(from: source + map[run.lowerBound] * width, byteCount: run.count * width)
    }
    for index in run.upperBound..<map.count { single(index) }
  }
}
