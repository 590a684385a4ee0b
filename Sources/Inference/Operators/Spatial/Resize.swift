import Ground

/// Resize in every mode and coordinate transform, and Upsample, its ancestor.
enum ResizeOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("Upsample", since: 7) { attributes in
      let settings = ResizeSettings.asymmetric(try attributes.string("mode", default: "nearest"))
      let scales = try attributes.floats("scales") ?? []
      return { x in try resize(try x.tensor(0), settings, scales: scales) }
    }
    .shapedBy(1).kernel(ResizeKernels.compile),
    .tensor("Upsample", since: 9) { attributes in
      let settings = ResizeSettings.asymmetric(try attributes.string("mode", default: "nearest"))
      return { x in try resize(try x.tensor(0), settings, scales: try x.tensor(1).floats()) }
    }
    .shapedBy(1).kernel(ResizeKernels.compile),
    .tensor("Resize", since: 10) { attributes in
      let settings = ResizeSettings.asymmetric(try attributes.string("mode", default: "nearest"))
      return { x in try resize(try x.tensor(0), settings, scales: try x.tensor(1).floats()) }
    }
    .shapes(resizedShape).shapedBy(1, 2, 3).kernel(ResizeKernels.compile),
    .tensor("Resize", since: 11) { attributes in
      let settings = try ResizeSettings(attributes)
      return { x in
        let data = try x.tensor(0)
        let axes = try normalizedAxes(settings.axes ?? Array(0..<data.rank), rank: data.rank)
        let region = settings.transform == .cropAndResize ? try x.optionalTensor(1)?.doubles() : nil
        if let sizes = try x.optionalTensor(3)?.integers(), !sizes.isEmpty {
          let target = try ResizeTarget(data.shape, axes, sizes: sizes, policy: settings.policy)
          return try resize(data, settings, target, region: region)
        }
        let scales = try x.optionalTensor(2)?.floats() ?? []
        return try resize(data, settings, try ResizeTarget(data.shape, axes, scales: scales), region: region)
      }
    }
    .shapes(resizedShape).shapedBy(1, 2, 3).kernel(ResizeKernels.compile),
  ]

  private static func resize(_ x: Tensor, _ settings: ResizeSettings, scales: [Float]) throws -> Tensor {
    try resize(x, settings, try ResizeTarget(x.shape, Array(0..<x.rank), scales: scales), region: nil)
  }

  private static func resize(
    _ x: Tensor, _ settings: ResizeSettings, _ target: ResizeTarget, region: [Double]?
  ) throws -> Tensor {
    let starts = region ?? target.axes.map { _ in 0 } + target.axes.map { _ in 1 }
    try require(starts.count == 2 * target.axes.count, "a region of \(starts.count) numbers")
    _ = try Tensor.checkedByteCount(x.type, target.shape)
    try require(target.shape.allSatisfy { $0 <= 1 << 24 }, "an output of shape \(target.shape)")
    if target.shape.contains(0) { return try Tensor(zeros: x.type, target.shape) }
    try require(!x.shape.contains(0), "cannot resize the empty shape \(x.shape) to \(target.shape)")
    var samplers = x.shape.map { AxisSampler(identity: $0) }
    for (index, axis) in target.axes.enumerated() {
      samplers[axis] = AxisSampler(
        settings, input: x.shape[axis], output: target.shape[axis], scale: target.scales[index],
        start: starts[index], end: starts[index + target.axes.count])
    }
    if settings.mode == .nearest {
      let filler = try saturated(Tensor(scalar: Double(settings.extrapolation)), to: x.type)
      return try x.mapped(samplers.map(\.nearest), filler: filler)
    }
    let compute: ElementType = x.type == .float64 ? .float64 : .float32
    let blended = try compute.computeFloat(
      Interpolation(x: try x.converted(to: compute), samplers: samplers, outside: Double(settings.extrapolation)))
    return try saturated(try blended.converted(to: x.type.isFloat ? x.type : .float64), to: x.type)
  }
}

/// The extents and factors that a Resize asks for.
private struct ResizeTarget {
  let axes: [Int]
  var shape: [Int]
  /// One factor for each of `axes`.
  var scales: [Double]

  /// The output's extents are rounded down, in single precision, as ONNX Runtime computes them.
  init(_ input: [Int], _ axes: [Int], scales: [Float]) throws {
    try require(scales.count == axes.count, "\(scales.count) scales for \(axes.count) axes")
    self.axes = axes
    shape = input
    self.scales = scales.map(Double.init)
    for (axis, scale) in zip(axes, scales) {
      let extent = (Float(input[axis]) * scale).rounded(.down)
      try require(scale > 0 && extent < Float(1 << 40), "a scale of \(scale)")
      shape[axis] = Int(saturating: extent)
    }
  }

  init(_ input: [Int], _ axes: [Int], sizes: [Int], policy: ResizeSettings.Policy) throws {
    try require(sizes.count == axes.count, "\(sizes.count) sizes for \(axes.count) axes")
    _ = try Tensor.checkedByteCount(.bool, sizes)
    self.axes = axes
    shape = input
    scales = zip(axes, sizes).map { Double($0.1) / Double(max(1, input[$0.0])) }
    let common: Double?
    switch policy {
    case .stretch: common = nil
    case .notLarger: common = scales.min()
    case .notSmaller: common = scales.max()
    }
    if let common { scales = scales.map { _ in common } }
    for (index, axis) in axes.enumerated() {
      shape[axis] =
        common.map { Int(saturating: min(($0 * Double(input[axis]) + 0.5).rounded(.down), 1e12)) } ?? sizes[index]
    }
  }
}

/// Blends along one axis after the other.
private struct Interpolation: FloatVisitor {
  let x: Tensor
  let samplers: [AxisSampler]
  let outside: Double

  func visit<Element: ComputeElement & BinaryFloatingPoint>(_: Element.Type) throws -> Tensor {
    var current = x
    for axis in samplers.indices where !samplers[axis].isIdentity {
      current = try blend(current, axis, Element.self)
    }
    for axis in samplers.indices where samplers[axis].outside.contains(true) {
      current = try overwriteOutside(current, axis, Element.self)
    }
    return current
  }

  private func blend<Element: ComputeElement & BinaryFloatingPoint>(
    _ input: Tensor, _ axis: Int, _: Element.Type
  ) throws -> Tensor {
    let sampler = samplers[axis]
    let lines = AxisLines(input.shape, axis: axis)
    var shape = input.shape
    shape[axis] = sampler.count
    let result = try Tensor(uninitialized: Element.type, shape)
    let (source, target) = (input.pointer(to: Element.self), result.mutablePointer(to: Element.self))
    let weights = sampler.weights.map { Element($0) }
    let taps = sampler.taps
    var watch = LoopWatch()
    try withExtendedLifetime(input) {
      for block in 0..<lines.outer {
        for place in 0..<sampler.count {
          try watch.spend(taps * lines.inner)
          let row = target + (block * sampler.count + place) * lines.inner
          let start = source + block * lines.length * lines.inner
          for column in 0..<lines.inner { row[column] = 0 }
          for tap in place * taps..<(place + 1) * taps {
            let weight = weights[tap]
            if weight == 0 { continue }
            let line = start + sampler.sources[tap] * lines.inner
            for column in 0..<lines.inner { row[column] += weight * line[column] }
          }
        }
      }
    }
    return result
  }

  private func overwriteOutside<Element: ComputeElement & BinaryFloatingPoint>(
    _ input: Tensor, _ axis: Int, _: Element.Type
  ) throws -> Tensor {
    let result = try input.copied()
    let lines = AxisLines(input.shape, axis: axis)
    let target = result.mutablePointer(to: Element.self)
    lines.forEach { _, start in
      for place in 0..<lines.length where samplers[axis].outside[place] {
        target[start + place * lines.inner] = Element(outside)
      }
    }
    return result
  }
}

// MARK: shapes

extension ResizeOperators {
  /// Constant factors or extents for every axis.
  @Sendable
  static func resizedShape(_ question: ShapeQuestion) throws -> [Fact]? {
    let attributes = question.attributes
    guard attributes.opset >= 10, question.outputCount == 1, let x = question.input(0), x.count > 0 else {
      return nil
    }
    var settings = ResizeSettings.asymmetric("nearest")
    if attributes.opset >= 11 { settings = try ResizeSettings(attributes) }
    let mode = try attributes.string("mode", default: "nearest")
    guard mode == "nearest" || (mode == "linear" && x.type == .float32), settings.axes == nil,
      settings.policy == .stretch, settings.transform != .cropAndResize
    else { return nil }
    let scales = attributes.opset >= 11 ? 2 : 1
    var shape: [Int]
    if question.input(3) != nil {
      guard let sizes = question.integers(3), sizes.count == x.shape.count else { return nil }
      shape = sizes
    } else {
      guard scales < question.constants.count, let factors = question.constants[scales], factors.type == .float32,
        factors.count == x.shape.count
      else { return nil }
      let extents = zip(x.shape, factors.array(of: Float.self)).map { (Float($0) * $1).rounded(.down) }
      guard extents.allSatisfy({ $0 >= 1 && $0 <= Float(1 << 24) }) else { return nil }
      shape = extents.map { Int(saturating: $0) }
    }
    guard shape.allSatisfy({ $0 >= 1 && $0 <= 1 << 24 }) else { return nil }
    _ = try Tensor.checkedByteCount(x.type, shape)
    return [Fact(x.type, shape)]
  }
}
