import Ground
import Kernels

/// ArgMax, ArgMin, TopK, CumSum, CumProd: operators along one axis that depend on its order.
enum OrderingOperators {
  static let definitions: [OperatorDefinition] = [
    extremum("ArgMax", takesLargest: true),
    extremum("ArgMin", takesLargest: false),
    .tensors("TopK", since: 1) { attributes in
      let k = try attributes.int("k", default: 1)
      let axis = try attributes.int("axis", default: -1)
      return { x in try topK(try x.tensor(0), k, axis: axis, takesLargest: true) }
    }
    .shapedBy(1),
    .tensors("TopK", since: 10) { attributes in
      let axis = try attributes.int("axis", default: -1)
      let takesLargest = try attributes.flag("largest", default: true)
      return { x in try topK(try x.tensor(0), try x.tensor(1).scalarInteger(), axis: axis, takesLargest: takesLargest) }
    }
    .shapedBy(1),
    cumulative("CumSum", Addition.self, identity: 0).shapes(ShapeRules.same),
    cumulative("CumProd", Multiplication.self, identity: 1),
  ]

  private static func cumulative(
    _ name: String, _ rule: (some BinaryRule).Type, identity: Double
  ) -> OperatorDefinition {
    .tensor(name) { attributes in
      let excludes = try attributes.flag("exclusive")
      let reverses = try attributes.flag("reverse")
      return { x in
        let data = try x.tensor(0)
        let axis = try normalizedAxis(try x.tensor(1).scalarInteger(), rank: data.rank)
        return try cumulate(rule, data, axis: axis, identity: identity, excludes: excludes, reverses: reverses)
      }
    }
  }

  private static func cumulate<Rule: BinaryRule>(
    _: Rule.Type, _ x: Tensor, axis: Int, identity: Double, excludes: Bool, reverses: Bool
  ) throws -> Tensor {
    try x.type.compute(
      Cumulation<Rule>(x: x, axis: axis, identity: identity, excludes: excludes, reverses: reverses))
  }

  private static func extremum(_ name: String, takesLargest: Bool) -> OperatorDefinition {
    .tensor(name) { attributes in
      let axis = try attributes.int("axis", default: 0)
      let keeps = try attributes.flag("keepdims", default: true)
      let takesLast = try attributes.flag("select_last_index")
      return { x in
        let data = try x.tensor(0)
        let axis = try normalizedAxis(axis, rank: data.rank)
        let places = try data.type.compute(
          Extremum(x: data, axis: axis, takesLargest: takesLargest, takesLast: takesLast))
        var shape = data.shape
        if keeps { shape[axis] = 1 } else { shape.remove(at: axis) }
        return try places.reshaped(shape)
      }
    }
  }

  private static func topK(_ x: Tensor, _ k: Int, axis: Int, takesLargest: Bool) throws -> [Tensor] {
    let axis = try normalizedAxis(axis, rank: x.rank)
    try require(k >= 0 && k <= x.shape[axis], "k is \(k), the axis has \(x.shape[axis]) elements")
    if x.count == 0 {
      var shape = x.shape
      shape[axis] = k
      return [try Tensor(zeros: x.type, shape), try Tensor(zeros: .int64, shape)]
    }
    return try x.type.compute(TopK(x: x, k: k, axis: axis, takesLargest: takesLargest))
  }
}

/// A tensor seen as outer blocks of lines along one axis, `inner` elements apart.
struct AxisLines {
  let outer: Int
  let length: Int
  let inner: Int

  init(_ shape: [Int], axis: Int) {
    // A tensor without elements has no lines to walk, however many its other extents promise.
    outer = shape.contains(0) ? 0 : shape[..<axis].reduce(1, *)
    length = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
  }

  /// Calls `body` with each line's number and its first element.
  @inline(__always)
  func forEach(_ body: (_ line: Int, _ start: Int) -> Void) {
    for block in 0..<outer {
      for column in 0..<inner { body(block * inner + column, block * length * inner + column) }
    }
  }
}

private struct Extremum: ComputeVisitor {
  let x: Tensor
  let axis: Int
  let takesLargest: Bool
  let takesLast: Bool

  func visit<Element: ComputeElement>(_: Element.Type) throws -> Tensor {
    let lines = AxisLines(x.shape, axis: axis)
    try require(lines.length > 0, "no largest element on an axis of extent 0")
    let wide = try x.converted(to: Element.type)
    let result = try Tensor(uninitialized: .int64, [x.shape[..<axis].reduce(1, *) * lines.inner])
    let (source, target) = (wide.pointer(to: Element.self), result.mutablePointer(to: Int64.self))
    withExtendedLifetime(wide) {
      lines.forEach { line, start in
        var best = source[start]
        var place = 0
        for index in 1..<max(1, lines.length) {
          let value = source[start + index * lines.inner]
          let wins = takesLargest ? value > best : value < best
          if wins || (takesLast && value == best) {
            best = value
            place = index
          }
        }
        target[line] = Int64(place)
      }
    }
    return result
  }
}

private struct TopK: ComputeVisitor {
  let x: Tensor
  let k: Int
  let axis: Int
  let takesLargest: Bool

  /// Values and places of the k first in order; equal values keep their order along the axis.
  func visit<Element: ComputeElement>(_: Element.Type) throws -> [Tensor] {
    let lines = AxisLines(x.shape, axis: axis)
    var shape = x.shape
    shape[axis] = k
    let wide = try x.converted(to: Element.type)
    let values = try Tensor(uninitialized: Element.type, shape)
    let places = try Tensor(uninitialized: .int64, shape)
    let source = wide.pointer(to: Element.self)
    let (topValues, topPlaces) = (values.mutablePointer(to: Element.self), places.mutablePointer(to: Int64.self))
    var order = [ock_ranked](repeating: ock_ranked(), count: 2 * lines.length)
    withExtendedLifetime(wide) {
      lines.forEach { line, start in
        rank(source + start, lines, &order)
        let target = line / max(1, lines.inner) * k * lines.inner + line % max(1, lines.inner)
        for rank in 0..<k {
          let place = Int(order[rank].place)
          topValues[target + rank * lines.inner] = source[start + place * lines.inner]
          topPlaces[target + rank * lines.inner] = Int64(place)
        }
      }
    }
    return [try values.converted(to: x.type), places]
  }
}

extension TopK {
  /// Puts the places of the first k of a line at the start of `order`.
  private func rank<Element: ComputeElement>(
    _ line: UnsafePointer<Element>, _ lines: AxisLines, _ order: inout [ock_ranked]
  ) {
    if Element.self == Float.self {
      // Safe: the elements are floats.
      let floats = UnsafeRawPointer(line).assumingMemoryBound(to: Float.self)
      ock_rank(floats, lines.inner, Int32(lines.length), takesLargest, Int32(k), &order)
      return
    }
    let places = (0..<lines.length).sorted { a, b in
      let (left, right) = (line[a * lines.inner], line[b * lines.inner])
      return left == right ? a < b : (takesLargest ? left > right : left < right)
    }
    for rank in 0..<k { order[rank].place = Int32(truncatingIfNeeded: places[rank]) }
  }
}

private struct Cumulation<Rule: BinaryRule>: ComputeVisitor {
  let x: Tensor
  let axis: Int
  let identity: Double
  let excludes: Bool
  let reverses: Bool

  func visit<Element: ComputeElement>(_: Element.Type) throws -> Tensor {
    let lines = AxisLines(x.shape, axis: axis)
    let wide = try x.converted(to: Element.type)
    let result = try Tensor(uninitialized: Element.type, x.shape)
    let (source, target) = (wide.pointer(to: Element.self), result.mutablePointer(to: Element.self))
    withExtendedLifetime(wide) {
      lines.forEach { _, start in
        var total = Element(saturating: identity)
        for step in 0..<lines.length {
          let place = start + (reverses ? lines.length - 1 - step : step) * lines.inner
          let before = total
          total = Rule.apply(total, source[place])
          target[place] = excludes ? before : total
        }
      }
    }
    return try result.converted(to: x.type)
  }
}
