/// Layer, instance, group, RMS, Lp and mean-variance normalisation, and local response normalisation.
enum NormalizationOperators {
  static let definitions: [OperatorDefinition] = [
    .tensors("LayerNormalization", layerNormalization)
      .shapes(ShapeRules.oneTyped(ShapeRules.same)).kernel(NormalizationKernels.layerNormalization),
    .tensors("LayerNormalization", domain: "com.microsoft", layerNormalization),
    .tensors("SimplifiedLayerNormalization", rootMeanSquare),
    .tensors("RMSNormalization", rootMeanSquare),
    .tensor("InstanceNormalization") { attributes in
      let epsilon = Double(try attributes.float("epsilon", default: 1e-5))
      return { x in
        let data = try x.tensor(0)
        try require(data.rank >= 2, "instances need channels, the shape is \(data.shape)")
        return try grouped(
          data, groups: data.shape[1], epsilon: epsilon, scale: try x.tensor(1), bias: try x.tensor(2))
      }
    }
    .shapes(ShapeRules.oneTyped(ShapeRules.same))
    .kernel(NormalizationKernels.instanceNormalization),
    .tensor("GroupNormalization") { attributes in
      let epsilon = Double(try attributes.float("epsilon", default: 1e-5))
      let groups = try attributes.int("num_groups", default: 1)
      return { x in
        try grouped(
          try x.tensor(0), groups: groups, epsilon: epsilon, scale: try x.tensor(1), bias: try x.tensor(2))
      }
    }
    .shapes(ShapeRules.same),
    .tensor("MeanVarianceNormalization") { attributes in
      let axes = try attributes.ints("axes") ?? [0, 2, 3]
      return { x in
        let data = try x.tensor(0)
        let mean = try ReductionOperators.reduce(.mean, data, axes: axes, keepsAxes: true)
        let centered = try arithmetic(Subtraction.self, data, mean)
        let square = try arithmetic(Multiplication.self, centered, centered)
        let variance = try ReductionOperators.reduce(.mean, square, axes: axes, keepsAxes: true)
        let deviation = try mapReals(variance, { $0.squareRoot() + 1e-9 }, { $0.squareRoot() + 1e-9 })
        return try arithmetic(Division.self, centered, deviation)
      }
    },
    .tensor("LpNormalization") { attributes in
      let axis = try attributes.int("axis", default: -1)
      let order = try attributes.int("p", default: 2)
      return { x in
        let data = try x.tensor(0)
        let norm = try ReductionOperators.reduce(order == 1 ? .l1 : .l2, data, axes: [axis], keepsAxes: true)
        // A vector of zeros stays as it is.
        let divisor = try mapReals(norm, { $0 == 0 ? 1 : $0 }, { $0 == 0 ? 1 : $0 })
        return try arithmetic(Division.self, data, divisor)
      }
    },
    .tensor("LRN") { attributes in
      let settings = LocalResponse(
        size: try attributes.int("size", default: 1), alpha: Double(try attributes.float("alpha", default: 0.0001)),
        beta: Double(try attributes.float("beta", default: 0.75)),
        bias: Double(try attributes.float("bias", default: 1))
      )
      return { x in try settings.apply(try x.tensor(0)) }
    }
    .shapes(ShapeRules.same),
  ]

  @Sendable private static func layerNormalization(_ attributes: NodeAttributes) throws -> TensorOperator.Body {
    let axis = try attributes.int("axis", default: -1)
    let epsilon = Double(try attributes.float("epsilon", default: 1e-5))
    return { x in
      let data = try x.tensor(0)
      let rows = RowNormalization(
        axis: try normalizedAxis(axis, rank: data.rank), epsilon: epsilon, centers: true,
        wantsStatistics: x.outputCount > 1)
      return try rows.apply(data, scale: try x.optionalTensor(1), bias: try x.optionalTensor(2))
    }
  }

  @Sendable private static func rootMeanSquare(_ attributes: NodeAttributes) throws -> TensorOperator.Body {
    let axis = try attributes.int("axis", default: -1)
    let epsilon = Double(try attributes.float("epsilon", default: 1e-5))
    return { x in
      let data = try x.tensor(0)
      let rows = RowNormalization(
        axis: try normalizedAxis(axis, rank: data.rank), epsilon: epsilon, centers: false)
      return try rows.apply(data, scale: try x.optionalTensor(1), bias: nil)
    }
  }

  /// Normalises over groups of channels; `scale` and `bias` are a number a channel, or (opset 18) a number a group.
  static func grouped(
    _ x: Tensor, groups: Int, epsilon: Double, scale: Tensor, bias: Tensor
  ) throws -> Tensor {
    try require(
      x.rank >= 2 && groups > 0 && x.shape[1] % groups == 0, "\(groups) groups in a tensor of shape \(x.shape)")
    let rows = RowNormalization(axis: 2, epsilon: epsilon, centers: true)
    let normalized = try rows.apply(
      try x.reshaped([x.shape[0], groups, x.shape[1] / groups * x.shape[2...].reduce(1, *)]), scale: nil, bias: nil)
    let isPerChannel = scale.count == x.shape[1]
    let spread = isPerChannel ? [1, x.shape[1], 1] : [1, groups, 1]
    let lined = try normalized[0].reshaped([
      x.shape[0], spread[1], spread[1] == 0 ? 0 : x.shape[1...].reduce(1, *) / spread[1],
    ])
    let scaled = try arithmetic(Multiplication.self, lined, try scale.reshaped(spread))
    return try arithmetic(Addition.self, scaled, try bias.reshaped(spread)).reshaped(x.shape)
  }
}

/// Brings every row (all axes from `axis` on) to mean 0 and variance 1, or (not centred) to root mean square 1.
struct RowNormalization {
  let axis: Int
  let epsilon: Double
  let centers: Bool
  var wantsStatistics = false

  /// The result; with statistics, also each row's mean and inverse deviation in float32.
  func apply(_ x: Tensor, scale: Tensor?, bias: Tensor?) throws -> [Tensor] {
    try x.type.computeFloat(Visitor(rows: self, x: x, scale: scale, bias: bias))
  }

  private struct Visitor: FloatVisitor {
    let rows: RowNormalization
    let x: Tensor
    let scale: Tensor?
    let bias: Tensor?

    func visit<Element: ComputeElement & BinaryFloatingPoint>(_: Element.Type) throws -> [Tensor] {
      let data = try x.converted(to: Element.type)
      let count = x.shape[..<rows.axis].reduce(1, *)
      let length = x.shape[rows.axis...].reduce(1, *)
      let factors = try parameter(scale, length, Element.self)
      let shifts = try parameter(bias, length, Element.self)
      let result = try Tensor(uninitialized: Element.type, x.shape)
      let statisticsShape = x.shape[..<rows.axis] + x.shape[rows.axis...].map { _ in 1 }
      let means = try Tensor(zeros: .float32, Array(statisticsShape))
      let inverses = try Tensor(zeros: .float32, Array(statisticsShape))
      let (source, target) = (data.pointer(to: Element.self), result.mutablePointer(to: Element.self))
      let (meanOf, inverseOf) = (means.elements(as: Float.self), inverses.elements(as: Float.self))
      withExtendedLifetime(data) {
        for row in 0..<count where length > 0 {
          let (from, to) = (source + row * length, target + row * length)
          let mean = rows.centers ? Element.over(rowSum(from, length, minus: 0, squares: false), Element(length)) : 0
          let variance = rowSum(from, length, minus: mean, squares: true) / Element(length)
          let inverse = 1 / (variance + Element(rows.epsilon)).squareRoot()
          normalize(from, to, length, mean, inverse, factors, shifts)
          meanOf[row] = Float(mean)
          inverseOf[row] = Float(inverse)
        }
      }
      let y = try result.converted(to: x.type)
      return rows.wantsStatistics ? [y, means, inverses] : [y]
    }

    /// Scale or bias spread over a row; nil if absent.
    private func parameter<Element: ComputeElement>(
      _ tensor: Tensor?, _ length: Int, _: Element.Type
    ) throws -> [Element]? {
      guard let tensor else { return nil }
      let spread = try ReshapingOperators.expand(
        tensor, to: try Broadcasting.shape([tensor.shape, Array(x.shape[rows.axis...])]))
      try require(spread.count == length, "a scale or bias of shape \(tensor.shape) for rows of shape \(x.shape)")
      return try spread.converted(to: Element.type).array(of: Element.self)
    }
  }
}

@inline(__always)
private func normalize<Element: BinaryFloatingPoint>(
  _ from: UnsafePointer<Element>, _ to: UnsafeMutablePointer<Element>, _ length: Int, _ mean: Element,
  _ inverse: Element, _ factors: [Element]?, _ shifts: [Element]?
) {
  if let factors, let shifts {
    factors.withUnsafeBufferPointer { factors in
      shifts.withUnsafeBufferPointer { shifts in
        for index in 0..<length { to[index] = (from[index] - mean) * inverse * factors[index] + shifts[index] }
      }
    }
    return
  }
  for index in 0..<length {
    to[index] = (from[index] - mean) * inverse * (factors?[index] ?? 1) + (shifts?[index] ?? 0)
  }
}

/// The sum of a row's elements, or of the squares of their distances from `centre`, in eight lanes.
@inline(__always)
private func rowSum<Element: BinaryFloatingPoint>(
  _ row: UnsafePointer<Element>, _ length: Int, minus centre: Element, squares: Bool
) -> Element {
  var (a, b, c, d): (Element, Element, Element, Element) = (0, 0, 0, 0)
  var index = 0
  while index + 4 <= length {
    let (w, x, y, z) = (row[index] - centre, row[index + 1] - centre, row[index + 2] - centre, row[index + 3] - centre)
    a += squares ? w * w : w
    b += squares ? x * x : x
    c += squares ? y * y : y
    d += squares ? z * z : z
    index += 4
  }
  while index < length {
    let w = row[index] - centre
    a += squares ? w * w : w
    index += 1
  }
  return (a + b) + (c + d)
}

/// LRN: each element over a power of the squares around it, across channels (Krizhevsky et al., 2012).
private struct LocalResponse: Sendable {
  let size: Int
  let alpha: Double
  let beta: Double
  let bias: Double

  func apply(_ x: Tensor) throws -> Tensor {
    try require(size > 0 && x.rank >= 2, "a window of \(size) channels in shape \(x.shape)")
    return try x.type.computeFloat(Visitor(settings: self, x: x))
  }

  private struct Visitor: FloatVisitor {
    let settings: LocalResponse
    let x: Tensor

    func visit<Element: ComputeElement & BinaryFloatingPoint>(_: Element.Type) throws -> Tensor {
      let data = try x.converted(to: Element.type)
      let result = try Tensor(uninitialized: Element.type, x.shape)
      let (channels, plane) = (x.shape[1], x.shape[2...].reduce(1, *))
      let (source, target) = (data.pointer(to: Element.self), result.mutablePointer(to: Element.self))
      let before = min((settings.size - 1) / 2, channels)
      let after = min(settings.size - 1 - (settings.size - 1) / 2, channels)
      var sums = [Double](repeating: 0, count: plane)
      var watch = LoopWatch()
      try withExtendedLifetime(data) {
        for batch in 0..<x.shape[0] {
          for channel in 0..<channels {
            for place in 0..<plane { sums[place] = 0 }
            for other in max(0, channel - before)...min(channels - 1, channel + after) {
              try watch.spend(plane)
              let line = source + (batch * channels + other) * plane
              for place in 0..<plane { sums[place] += Double(line[place]) * Double(line[place]) }
            }
            let start = (batch * channels + channel) * plane
            for place in 0..<plane {
              let base = settings.bias + settings.alpha / Double(settings.size) * sums[place]
              target[start + place] = Element(Double(source[start + place]) / Double.power(base, settings.beta))
            }
          }
        }
      }
      return try result.converted(to: x.type)
    }
  }
}
