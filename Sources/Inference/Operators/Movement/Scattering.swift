import Ground

/// ScatterElements (once called Scatter) and ScatterND, plain or accumulating.
enum ScatteringOperators {
  static let definitions: [OperatorDefinition] = [
    elements("Scatter"), elements("ScatterElements"),
    .tensor("ScatterND") { attributes in
      let reduction = try Reduction(attributes)
      return { x in
        let (data, indices, updates) = (try x.tensor(0), try x.tensor(1), try x.tensor(2))
        let blocks = try BlockWalk(data.shape, indices)
        try require(
          updates.shape == Array(indices.shape.dropLast()) + blocks.blockShape,
          "updates of shape \(updates.shape) for indices of shape \(indices.shape)")
        let offsets = blocks.offsets.flatMap { start in (0..<blocks.blockCount).map { start + $0 } }
        return try scatter(data, offsets, updates, reduction)
      }
    },
  ]

  private static func elements(_ name: String) -> OperatorDefinition {
    .tensor(name) { attributes in
      let axis = try attributes.int("axis", default: 0)
      let reduction = try Reduction(attributes)
      return { x in
        let (data, indices, updates) = (try x.tensor(0), try x.tensor(1), try x.tensor(2))
        try require(
          updates.shape == indices.shape, "updates of shape \(updates.shape) for indices of shape \(indices.shape)")
        let walk = try ElementWalk(data.shape, indices, axis: try normalizedAxis(axis, rank: data.rank))
        if reduction == .none, data.type == updates.type, data.type.byteCount == 4 {
          return try put(data, walk, updates)
        }
        var offsets = [Int](repeating: 0, count: updates.count)
        walk.forEach { offsets[$0] = $1 }
        return try scatter(data, offsets, updates, reduction)
      }
    }
  }

  /// The commonest case in one pass: elements of four bytes, the last update of a place stays.
  private static func put(_ data: Tensor, _ walk: ElementWalk, _ updates: Tensor) throws -> Tensor {
    let result = try data.copied()
    let target = result.base.assumingMemoryBound(to: UInt32.self)
    let source = updates.base.assumingMemoryBound(to: UInt32.self)
    withExtendedLifetime((updates, result)) { walk.forEach { target[$1] = source[$0] } }
    return result
  }

  enum Reduction: String {
    case none, add, mul, max, min

    init(_ attributes: NodeAttributes) throws {
      let name = try attributes.string("reduction", default: "none")
      guard let reduction = Reduction(rawValue: name) else {
        throw InferenceError(.badAttribute, "unknown reduction '\(name)'")
      }
      self = reduction
    }
  }

  /// A copy of `data` with each update put, or accumulated, at its offset.
  private static func scatter(
    _ data: Tensor, _ offsets: [Int], _ updates: Tensor, _ reduction: Reduction
  ) throws -> Tensor {
    guard data.type == updates.type else {
      throw InferenceError(.badType, "updates are \(updates.type.name), the data \(data.type.name)")
    }
    if var strings = data.strings, let news = updates.strings {
      for (offset, new) in zip(offsets, news) { strings[offset] = new }
      return Tensor(data.shape, strings: strings)
    }
    if reduction != .none {
      return try data.type.compute(
        Accumulation(data: data, offsets: offsets, updates: updates, reduction: reduction))
    }
    let result = try data.copied()
    let width = data.type.byteCount
    withExtendedLifetime(updates) {
      for (number, offset) in offsets.enumerated() {
        copyElement(result.base + offset * width, updates.base + number * width, width)
      }
    }
    return result
  }

  private struct Accumulation: ComputeVisitor {
    let data: Tensor
    let offsets: [Int]
    let updates: Tensor
    let reduction: Reduction

    func visit<Element: ComputeElement>(_: Element.Type) throws -> Tensor {
      let result = try data.copied().converted(to: Element.type)
      let news = try updates.converted(to: Element.type)
      let (target, source) = (result.mutablePointer(to: Element.self), news.pointer(to: Element.self))
      withExtendedLifetime(news) {
        for (number, offset) in offsets.enumerated() {
          let (old, new) = (target[offset], source[number])
          target[offset] =
            switch reduction {
            case .none: new
            case .add: Element.plus(old, new)
            case .mul: Element.times(old, new)
            case .max: Element.larger(old, new)
            case .min: Element.smaller(old, new)
            }
        }
      }
      return try result.converted(to: data.type)
    }
  }
}

extension Tensor {
  /// The same elements in memory of their own, free to be written.
  func copied() throws -> Tensor {
    let copy = try Tensor(uninitialized: type, shape)
    copy.base.copyMemory(from: base, byteCount: byteCount)
    return copy
  }
}
