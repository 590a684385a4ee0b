import Ground
import Glibc

/// ReduceSum and its kin: axes as an attribute or (later opsets) as an input, all numeric types, empty sets too.
enum ReductionOperators {
  enum Kind: String, CaseIterable {
    case sum = "ReduceSum"
    case mean = "ReduceMean"
    case maximum = "ReduceMax"
    case minimum = "ReduceMin"
    case product = "ReduceProd"
    case l1 = "ReduceL1"
    case l2 = "ReduceL2"
    case logSum = "ReduceLogSum"
    case logSumExp = "ReduceLogSumExp"
    case sumSquare = "ReduceSumSquare"
  }

  static let definitions: [OperatorDefinition] = Kind.allCases.map { kind in
    .tensor(kind.rawValue) { attributes in
      let fixedAxes = try attributes.ints("axes")
      let keeps = try attributes.flag("keepdims", default: true)
      let emptyIsNothing = try attributes.flag("noop_with_empty_axes")
      return { x in
        let data = try x.tensor(0)
        let axes = try fixedAxes ?? x.optionalTensor(1)?.integers() ?? []
        if axes.isEmpty && emptyIsNothing { return try untouched(kind, data) }
        return try reduce(kind, data, axes: axes, keepsAxes: keeps)
      }
    }
    .shapes(reducedShape).shapedBy(1).kernel { try ReductionKernels.compile(kind, $0) }
  }

  /// With no axes to reduce each element is its own set.
  private static func untouched(_ kind: Kind, _ x: Tensor) throws -> Tensor {
    switch kind {
    case .sum, .mean, .maximum, .minimum, .product, .logSumExp: return x
    case .l1, .l2: return try mapNumbers(Magnitude.self, x)
    case .sumSquare: return try arithmetic(Multiplication.self, x, x)
    case .logSum: return try mapReals(x, Glibc.logf, Glibc.log)
    }
  }

  /// Reduces `axes`, or all of them when there are none.
  static func reduce(_ kind: Kind, _ x: Tensor, axes: [Int], keepsAxes: Bool) throws -> Tensor {
    let reduced = axes.isEmpty ? Array(0..<x.rank) : try normalizedAxes(axes, rank: x.rank).sorted()
    let kept = (0..<x.rank).filter { !reduced.contains($0) }
    let order = kept + reduced
    let lined = order == Array(0..<x.rank) ? x : try x.transposed(order)
    let rows = kept.reduce(1) { $0 * x.shape[$1] }
    let length = reduced.reduce(1) { $0 * x.shape[$1] }
    let result = try x.type.compute(Visitor(kind: kind, x: lined, rows: rows, length: length))
    let shape =
      keepsAxes ? x.shape.indices.map { reduced.contains($0) ? 1 : x.shape[$0] } : kept.map { x.shape[$0] }
    return try result.reshaped(shape)
  }

  private struct Visitor: ComputeVisitor {
    let kind: Kind
    let x: Tensor
    let rows: Int
    let length: Int

    func visit<Element: ComputeElement>(_: Element.Type) throws -> Tensor {
      let wide = try x.converted(to: Element.type)
      let result = try Tensor(uninitialized: Element.type, [rows])
      if length == 0 { return try emptySets(result) }
      let (source, target) = (wide.pointer(to: Element.self), result.mutablePointer(to: Element.self))
      withExtendedLifetime(wide) {
        for row in 0..<rows { target[row] = reduceRow(kind, source + row * length, length) }
      }
      return try result.converted(to: x.type)
    }

    /// The identity of each reduction, in the tensor's own type.
    private func emptySets(_ result: Tensor) throws -> Tensor {
      let identity: Double =
        switch kind {
        case .sum, .l1, .l2, .sumSquare: 0
        case .product: 1
        case .mean: .nan
        case .maximum: x.type.isFloat ? -.infinity : x.type.integerRange.lowerBound
        case .minimum: x.type.isFloat ? .infinity : x.type.integerRange.upperBound
        case .logSum, .logSumExp: -.infinity
        }
      let one = try saturated(Tensor(scalar: identity), to: x.type)
      return try one.view([rows], strides: [0])
    }
  }
}

/// Reduces `length` (at least one) neighbouring elements.
private func reduceRow<Element: ComputeElement>(
  _ kind: ReductionOperators.Kind, _ row: UnsafePointer<Element>, _ length: Int
) -> Element {
  switch kind {
  case .sum: return sum(row, length) { $0 }
  case .mean: return Element.over(sum(row, length) { $0 }, Element(counted: length))
  case .l1: return sum(row, length) { Magnitude.apply($0) }
  case .sumSquare: return sum(row, length) { Element.times($0, $0) }
  case .l2: return sum(row, length) { Element.times($0, $0) }.root
  case .logSum: return Element(saturating: log(sum(row, length) { $0 }.asDouble))
  case .product:
    var result = row[0]
    for index in 1..<length { result = Element.times(result, row[index]) }
    return result
  case .maximum:
    var result = row[0]
    for index in 1..<length { result = Element.larger(result, row[index]) }
    return result
  case .minimum:
    var result = row[0]
    for index in 1..<length { result = Element.smaller(result, row[index]) }
    return result
  case .logSumExp:
    var top = row[0]
    for index in 1..<length { top = Element.larger(top, row[index]) }
    if !top.asDouble.isFinite { return top }
    var total = 0.0
    for index in 0..<length { total += exp(-top.distance(above: row[index])) }
    return top.adding(log(total))
  }
}

/// Eight running sums: vector registers, and less rounding than one sum over a long row.
@inline(__always)
private func sum<Element: ComputeElement>(
  _ row: UnsafePointer<Element>, _ length: Int, _ map: (Element) -> Element
) -> Element {
  var lanes = (
    Element.zero, Element.zero, Element.zero, Element.zero, Element.zero, Element.zero, Element.zero, Element.zero
  )
  var index = 0
  while index + 8 <= length {
    lanes.0 = Element.plus(lanes.0, map(row[index]))
    lanes.1 = Element.plus(lanes.1, map(row[index + 1]))
    lanes.2 = Element.plus(lanes.2, map(row[index + 2]))
    lanes.3 = Element.plus(lanes.3, map(row[index + 3]))
    lanes.4 = Element.plus(lanes.4, map(row[index + 4]))
    lanes.5 = Element.plus(lanes.5, map(row[index + 5]))
    lanes.6 = Element.plus(lanes.6, map(row[index + 6]))
    lanes.7 = Element.plus(lanes.7, map(row[index + 7]))
    index += 8
  }
  var total = Element.plus(
    Element.plus(Element.plus(lanes.0, lanes.4), Element.plus(lanes.1, lanes.5)),
    Element.plus(Element.plus(lanes.2, lanes.6), Element.plus(lanes.3, lanes.7)))
  while index < length {
    total = Element.plus(total, map(row[index]))
    index += 1
  }
  return total
}

extension ElementType {
  /// The least and greatest value of an integer type (as doubles; booleans are 0 and 1).
  var integerRange: ClosedRange<Double> {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    case .int32: Double(Int32.min)...Double(Int32.max)
    case .uint32: 0...Double(UInt32.max)
    case .uint64: 0...Double(UInt64.max)
    case .bool: 0...1
    default: Double(Int64.min)...Double(Int64.max)
    }
  }
}

/// Doubles as another type, clamped to an integer type's range instead of wrapping.
func saturated(_ x: Tensor, to type: ElementType) throws -> Tensor {
  if type.isFloat { return try x.converted(to: type) }
  let range = type.integerRange
  if type == .int64 || type == .uint64 { return try x.converted(to: type) }
  return try mapReals(x, { $0 }, { $0.isNaN ? 0 : min(max($0, range.lowerBound), range.upperBound) })
    .converted(to: type)
}

// MARK: shapes

extension ReductionOperators {
  @Sendable
  static func reducedShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), question.outputCount == 1 else { return nil }
    let keeps = try question.attributes.flag("keepdims", default: true)
    let hasAxes = question.input(1) != nil || question.attributes.has("axes")
    let given = try question.integers(1, orAttribute: "axes")
    guard !hasAxes || given != nil else { return nil }
    if given?.isEmpty ?? true, try question.attributes.flag("noop_with_empty_axes") { return [x] }
    let axes = given.map { $0.compactMap { question.axis($0, rank: x.shape.count) } }
    guard axes?.count == given?.count else { return nil }
    let dropped = Set(given?.isEmpty ?? true ? Array(x.shape.indices) : axes ?? [])
    let shape = x.shape.indices.compactMap { dropped.contains($0) ? (keeps ? 1 : nil) : x.shape[$0] }
    return [Fact(x.type, shape)]
  }
}
