import Ground

/// GridSample in any number of axes, and AffineGrid that makes its grids.
enum GridSamplingOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("GridSample") { attributes in
      let settings = try GridSettings(attributes)
      return { x in
        let (data, grid) = (try x.tensor(0), try x.tensor(1))
        let axes = data.rank - 2
        try require(
          axes >= 1 && grid.rank == data.rank && grid.shape[grid.rank - 1] == axes && grid.shape[0] == data.shape[0],
          "a grid of shape \(grid.shape) for data of shape \(data.shape)")
        try require(!data.shape.contains(0) || grid.count == 0, "nothing to sample in shape \(data.shape)")
        if settings.mode == .nearest && !data.type.isFloat {
          return try GridSampler(settings: settings, x: data, grid: grid).moved()
        }
        let type: ElementType = data.type == .float64 ? .float64 : .float32
        let result = try type.computeFloat(GridSampler(settings: settings, x: data, grid: grid))
        return try saturated(result.converted(to: data.type.isFloat ? data.type : .float64), to: data.type)
      }
    }
    .kernel(SamplingKernels.compile),
    .tensor("AffineGrid") { attributes in
      let aligns = try attributes.flag("align_corners")
      return { x in try affineGrid(try x.tensor(0), try x.tensor(1).integers(), aligns: aligns) }
    }
    .shapedBy(1),
  ]

  private static func affineGrid(_ theta: Tensor, _ size: [Int], aligns: Bool) throws -> Tensor {
    let axes = size.count - 2
    _ = try Tensor.checkedByteCount(.float64, size)
    try require(
      (2...3).contains(axes) && theta.shape == [size[0], axes, axes + 1],
      "transforms of shape \(theta.shape) for a size of \(size)")
    let extents = Array(size[2...])
    let transforms = try theta.doubles()
    let result = try Tensor(uninitialized: .float64, [size[0]] + extents + [axes])
    let target = result.elements(as: Double.self)
    let places = extents.reduce(1, *)
    var coordinates = [Double](repeating: 1, count: axes + 1)
    for batch in 0..<size[0] {
      for place in 0..<places {
        // The last axis is x, the first coordinate.
        var rest = place
        for axis in 0..<axes {
          let extent = extents[axes - 1 - axis]
          let index = Double(rest % extent)
          rest /= extent
          coordinates[axis] =
            aligns ? (extent == 1 ? 0 : 2 * index / Double(extent - 1) - 1) : (2 * index + 1) / Double(extent) - 1
        }
        for row in 0..<axes {
          let matrix = (batch * axes + row) * (axes + 1)
          var sum = 0.0
          for column in 0...axes { sum += transforms[matrix + column] * coordinates[column] }
          target[(batch * places + place) * axes + row] = sum
        }
      }
    }
    return try result.converted(to: theta.type)
  }
}

/// The attributes of GridSample, under the names of all its opsets.
struct GridSettings: Sendable {
  enum Mode { case nearest, linear, cubic }
  enum Padding: String { case zeros, border, reflection }
  private static let modes: [String: Mode] = [
    "nearest": .nearest, "linear": .linear, "bilinear": .linear, "cubic": .cubic, "bicubic": .cubic,
  ]

  let mode: Mode
  let padding: Padding
  let aligns: Bool

  init(_ attributes: NodeAttributes) throws {
    let modeName = try attributes.string("mode", default: "linear")
    let paddingName = try attributes.string("padding_mode", default: "zeros")
    guard let mode = Self.modes[modeName], let padding = Padding(rawValue: paddingName) else {
      throw InferenceError(.badAttribute, "cannot sample in mode '\(modeName)' with padding '\(paddingName)'")
    }
    (self.mode, self.padding) = (mode, padding)
    aligns = try attributes.flag("align_corners")
  }
}

/// Where samples lie along one axis of the data.
private struct GridAxis {
  let extent: Int
  let settings: GridSettings
  let low: Double
  let high: Double

  init(_ extent: Int, _ settings: GridSettings) {
    self.extent = extent
    self.settings = settings
    low = settings.aligns ? 0 : -0.5
    high = settings.aligns ? Double(extent - 1) : Double(extent) - 0.5
  }

  /// The position that a grid coordinate (-1 to 1) means, brought inside as the padding mode says.
  func position(_ coordinate: Double) -> Double {
    var place =
      settings.aligns
      ? (coordinate + 1) / 2 * Double(extent - 1) : ((coordinate + 1) * Double(extent) - 1) / 2
    if !place.isFinite { place = -1e9 }
    place = min(max(place, -1e9), 1e9)
    if settings.mode == .nearest { place = place.rounded(.toNearestOrEven) }
    if place >= low && place <= high { return place }
    switch settings.padding {
    case .zeros: return place
    // Cubic kernels stay where they are, only what they touch is brought inside: so PyTorch samples, and the networks
    // are its exports. (The specification's reference moves the whole kernel.)
    case .border: return settings.mode == .cubic ? place : min(max(place, 0), Double(extent - 1))
    case .reflection: return reflected(place)
    }
  }

  /// The element at an index that may lie outside; nil for zero.
  func element(_ index: Int) -> Int? {
    if index >= 0 && index < extent { return index }
    switch settings.padding {
    case .zeros: return nil
    case .border: return min(max(index, 0), extent - 1)
    case .reflection: return min(max(Int(saturating: reflected(Double(index))), 0), extent - 1)
    }
  }

  private func reflected(_ place: Double) -> Double {
    let span = high - low
    if span <= 0 { return 0 }
    let distance = place < low ? low - place : max(0, place - high)
    if distance == 0 { return place }
    let turns = (distance / span).rounded(.towardZero)
    let rest = distance - turns * span
    let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
    return (place < low) == isEven ? low + rest : high - rest
  }

  /// The taps around a position: elements (nil for zero) and weights.
  func taps(_ position: Double) -> [(element: Int?, weight: Double)] {
    let floor = position.rounded(.down)
    let base = Int(saturating: floor)
    let t = position - floor
    switch settings.mode {
    case .nearest: return [(element(base), 1)]
    case .linear: return [(element(base), 1 - t), (element(base + 1), t)]
    case .cubic:
      // Keys' kernel with a = -0.75.
      func inner(_ x: Double) -> Double { (1.25 * x - 2.25) * x * x + 1 }
      func outer(_ x: Double) -> Double { ((-0.75 * x + 3.75) * x - 6) * x + 3 }
      return [
        (element(base - 1), outer(t + 1)), (element(base), inner(t)), (element(base + 1), inner(1 - t)),
        (element(base + 2), outer(2 - t)),
      ]
    }
  }
}

private struct GridSampler: FloatVisitor {
  let settings: GridSettings
  let x: Tensor
  let grid: Tensor

  func visit<Element: ComputeElement & BinaryFloatingPoint>(_: Element.Type) throws -> Tensor {
    let data = try x.converted(to: Element.type)
    let coordinates = try grid.doubles()
    let extents = Array(x.shape[2...])
    let axes = extents.map { GridAxis($0, settings) }
    let outputExtents = Array(grid.shape[1...].dropLast())
    let result = try Tensor(uninitialized: Element.type, [x.shape[0], x.shape[1]] + outputExtents)
    if result.count == 0 { return result }
    let (channels, planes, places) = (x.shape[1], extents.reduce(1, *), outputExtents.reduce(1, *))
    let strides = denseStrides(extents)
    let (source, target) = (data.pointer(to: Element.self), result.mutablePointer(to: Element.self))
    withExtendedLifetime(data) {
      for batch in 0..<x.shape[0] {
        for place in 0..<places {
          let start = (batch * places + place) * axes.count
          let taps = combined(axes, strides, coordinates[start..<(start + axes.count)])
          for channel in 0..<channels {
            let plane = source + (batch * channels + channel) * planes
            var sum = 0.0
            for tap in taps { sum += Double(plane[tap.offset]) * tap.weight }
            target[(batch * channels + channel) * places + place] = Element(sum)
          }
        }
      }
    }
    return result
  }

  /// Nearest elements as they are, of any type: the sampler finds their places, counted from 1, and 0 means outside.
  func moved() throws -> Tensor {
    let extents = Array(x.shape[2...])
    let planes = extents.reduce(1, *)
    let numbers = Tensor([1, 1] + extents, (1...max(1, planes)).prefix(planes).map(Double.init))
    let spread = try ReshapingOperators.expand(numbers, to: [x.shape[0], 1] + extents)
    let places = try GridSampler(settings: settings, x: spread, grid: grid).visit(Double.self)
      .converted(to: .int64).integers()
    let result = try Tensor(zeros: x.type, [x.shape[0], x.shape[1]] + Array(grid.shape[1...].dropLast()))
    let samples = x.shape[0] == 0 ? 0 : places.count / x.shape[0]
    let width = x.type.byteCount
    for plane in 0..<(x.shape[0] * x.shape[1]) {
      let first = plane / x.shape[1] * samples
      for sample in 0..<samples where places[first + sample] > 0 {
        copyElement(
          result.base + (plane * samples + sample) * width,
          x.base + (plane * planes + places[first + sample] - 1) * width, width)
      }
    }
    return result
  }

  /// The offsets and weights of one sample, all axes multiplied out.
  private func combined(
    _ axes: [GridAxis], _ strides: [Int], _ coordinates: ArraySlice<Double>
  ) -> [(offset: Int, weight: Double)] {
    var taps: [(offset: Int, weight: Double)] = [(0, 1)]
    for (axis, coordinate) in zip(axes.indices, coordinates.reversed()) {
      let own = axes[axis].taps(axes[axis].position(coordinate))
      taps = taps.flatMap { tap in
        own.compactMap { other in
          other.element.map { (tap.offset + $0 * strides[axis], tap.weight * other.weight) }
        }
      }
    }
    return taps
  }
}
