import Glibc

/// Softmax, LogSoftmax and Hardmax, along one axis or (before opset 13) over everything from an axis on.
enum SoftmaxOperators {
  static let definitions: [OperatorDefinition] = ["Softmax", "LogSoftmax", "Hardmax"].flatMap { name in
    rows(name, kinds[name] ?? .softmax).map { row in
      switch name {
      case "Softmax": row.shapes(ShapeRules.same).kernel(NormalizationKernels.softmax).late(.follows)
      case "LogSoftmax": row.shapes(ShapeRules.same)
      default: row
      }
    }
  }

  private static func rows(_ name: String, _ kind: Kind) -> [OperatorDefinition] {
    [
      .tensor(name, since: 1) { attributes in
        let axis = try attributes.int("axis", default: 1)
        return { x in
          let a = try x.tensor(0)
          let first = try normalizedAxis(axis, rank: a.rank, inclusive: true)
          let rows = a.shape[..<first].reduce(1, *)
          let flat = try a.reshaped([rows, a.shape[first...].reduce(1, *)])
          return try apply(kind, flat, axis: 1).reshaped(a.shape)
        }
      },
      OperatorDefinition.tensor(name, since: 13) { attributes in
        let axis = try attributes.int("axis", default: -1)
        return { x in
          let a = try x.tensor(0)
          // A scalar is its own only row.
          if a.rank == 0 { return try apply(kind, try a.reshaped([1]), axis: 0).reshaped([]) }
          return try apply(kind, a, axis: try normalizedAxis(axis, rank: a.rank))
        }
      },
    ]
  }

  enum Kind { case softmax, logSoftmax, hardmax }
  private static let kinds: [String: Kind] = ["Softmax": .softmax, "LogSoftmax": .logSoftmax, "Hardmax": .hardmax]

  static func apply(_ kind: Kind, _ x: Tensor, axis: Int) throws -> Tensor {
    try x.type.computeFloat(Visitor(kind: kind, x: x, axis: axis))
  }

  private struct Visitor: FloatVisitor {
    let kind: Kind
    let x: Tensor
    let axis: Int

    func visit<Element: ComputeElement & BinaryFloatingPoint>(_: Element.Type) throws -> Tensor {
      let wide = try x.converted(to: Element.type)
      let result = try Tensor(uninitialized: Element.type, x.shape)
      let outer = x.shape[..<axis].reduce(1, *)
      let length = x.shape[axis]
      let inner = x.shape[(axis + 1)...].reduce(1, *)
      let (source, target) = (wide.pointer(to: Element.self), result.mutablePointer(to: Element.self))
      if x.count == 0 { return try result.converted(to: x.type) }
      withExtendedLifetime(wide) {
        for block in 0..<outer {
          for column in 0..<inner {
            let start = block * length * inner + column
            softmaxLine(kind, source + start, target + start, length, inner)
          }
        }
      }
      return try result.converted(to: x.type)
    }
  }
}

/// One line of `length` elements, `step` apart. The maximum is subtracted first, so that no exponential overflows.
@inline(__always)
private func softmaxLine<Element: ComputeElement & BinaryFloatingPoint>(
  _ kind: SoftmaxOperators.Kind, _ source: UnsafePointer<Element>, _ target: UnsafeMutablePointer<Element>,
  _ length: Int, _ step: Int
) {
  var top = source[0]
  var place = 0
  for index in 1..<max(1, length) where source[index * step] > top {
    top = source[index * step]
    place = index
  }
  switch kind {
  case .hardmax: for index in 0..<length { target[index * step] = index == place ? 1 : 0 }
  case .softmax:
    var sum: Element = 0
    for index in 0..<length {
      let value = exponential(source[index * step] - top)
      target[index * step] = value
      sum += value
    }
    let scale = 1 / sum
    for index in 0..<length { target[index * step] *= scale }
  case .logSoftmax:
    var sum: Element = 0
    for index in 0..<length { sum += exponential(source[index * step] - top) }
    let shift = top + Element(log(Double(sum)))
    for index in 0..<length { target[index * step] = source[index * step] - shift }
  }
}

@inline(__always)
private func exponential<Element: BinaryFloatingPoint>(_ x: Element) -> Element {
  // Exact casts: `Element` is Float or Double, and the branch is decided when the function is specialised.
  Element.self == Float.self ? Element(expf(Float(x))) : Element(exp(Double(x)))
}
