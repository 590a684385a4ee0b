import Ground

/// The attributes of Resize.
struct ResizeSettings: Sendable {
  enum Mode: String { case nearest, linear, cubic }
  enum Transform: String {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
    case cropAndResize = "tf_crop_and_resize"
    case tfHalfPixelForNearest = "tf_half_pixel_for_nn"
  }
  enum Rounding: String {
    case preferFloor = "round_prefer_floor"
    case preferCeiling = "round_prefer_ceil"
    case floor
    case ceil
    /// Opset 10: down when enlarging, up when shrinking.
    case towardSource
  }
  enum Policy: String {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  var mode: Mode
  var transform = Transform.halfPixel
  var rounding = Rounding.preferFloor
  var policy = Policy.stretch
  var axes: [Int]?
  var cubicA = -0.75
  var excludesOutside = false
  var antialiases = false
  var extrapolation: Float = 0

  init(_ attributes: NodeAttributes) throws {
    func choice<Value: RawRepresentable<String>>(_ name: String, _ fallback: Value) throws -> Value {
      let text = try attributes.string(name, default: fallback.rawValue)
      guard let value = Value(rawValue: text) else {
        throw InferenceError(.badAttribute, "attribute '\(name)' cannot be '\(text)'")
      }
      return value
    }
    mode = try choice("mode", Mode.nearest)
    transform = try choice("coordinate_transformation_mode", Transform.halfPixel)
    rounding = try choice("nearest_mode", Rounding.preferFloor)
    policy = try choice("keep_aspect_ratio_policy", Policy.stretch)
    axes = try attributes.ints("axes")
    cubicA = Double(try attributes.float("cubic_coeff_a", default: -0.75))
    excludesOutside = try attributes.flag("exclude_outside")
    antialiases = try attributes.flag("antialias")
    extrapolation = try attributes.float("extrapolation_value", default: 0)
  }

  private init(mode: Mode) { self.mode = mode }

  /// Upsample and opset 10's Resize: output x reads input x / scale.
  static func asymmetric(_ mode: String) -> ResizeSettings {
    // "bilinear" was Upsample's first name for linear.
    var settings = ResizeSettings(mode: mode == "nearest" ? .nearest : .linear)
    settings.transform = .asymmetric
    settings.rounding = .towardSource
    return settings
  }
}

/// For one axis of a Resize: which input elements each output element is made of, and how much of each.
struct AxisSampler {
  let count: Int
  /// Sources and weights for each output element.
  let taps: Int
  let sources: [Int]
  let weights: [Double]
  /// For nearest: the one source, -1 where the extrapolation value stands.
  let nearest: [Int]
  /// Outputs that show the extrapolation value; empty if none does.
  let outside: [Bool]
  let isIdentity: Bool

  init(identity extent: Int) {
    count = extent
    taps = 0
    sources = []
    weights = []
    nearest = Array(0..<extent)
    outside = []
    isIdentity = true
  }

  /// - Parameter start: the region of interest, `start`...`end` as parts of the input (`tf_crop_and_resize` only).
  init(_ settings: ResizeSettings, input: Int, output: Int, scale: Double, start: Double, end: Double) {
    let positions = (0..<output).map {
      AxisSampler.position(settings.transform, $0, Double(input), Double(output), scale, start, end)
    }
    let isIdentity = input == output && positions.enumerated().allSatisfy { $0.element == Double($0.offset) }
    count = output
    self.isIdentity = isIdentity && !(settings.antialiases && scale < 1)
    if self.isIdentity {
      (taps, sources, weights) = (0, [], [])
      (nearest, outside) = (Array(0..<input), [])
      return
    }
    let leaves = settings.transform == .cropAndResize
    outside = leaves ? positions.map { $0 < 0 || $0 > Double(input - 1) } : []
    if settings.mode == .nearest {
      (taps, sources, weights) = (0, [], [])
      nearest = positions.map { position in
        if leaves && (position < 0 || position > Double(input - 1)) { return -1 }
        return AxisSampler.clamp(AxisSampler.round(position, settings.rounding, scale), input)
      }
      return
    }
    nearest = []
    let kernel = AxisKernel(settings, scale: scale)
    taps = kernel.taps
    var sources: [Int] = []
    var weights: [Double] = []
    for position in positions {
      let floor = position.rounded(.down)
      let first = Double(input) + 8 > abs(floor) ? Int(saturating: floor) + kernel.first : 0
      var row = kernel.weights(position - floor)
      for tap in row.indices where settings.excludesOutside && !(0..<input).contains(first + tap) { row[tap] = 0 }
      let total = settings.excludesOutside ? row.reduce(0, +) : 1
      weights += row.map { total == 0 ? 0 : $0 / total }
      sources += row.indices.map { AxisSampler.clamp(first + $0, input) }
    }
    self.sources = sources
    self.weights = weights
  }

  private static func clamp(_ place: Int, _ extent: Int) -> Int { min(max(place, 0), extent - 1) }

  /// Where output element `index` lies on the input's axis.
  private static func position(
    _ transform: ResizeSettings.Transform, _ index: Int, _ input: Double, _ output: Double, _ scale: Double,
    _ start: Double, _ end: Double
  ) -> Double {
    let x = Double(index)
    // The unrounded length, which the specification's formulas use.
    let length = scale * input
    let place: Double
    switch transform {
    case .halfPixel: place = (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      place = input / 2 * (1 - output / length) + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: place = output == 1 ? -0.5 : (x + 0.5) / scale - 0.5
    case .alignCorners: place = length == 1 ? 0 : x * (input - 1) / (length - 1)
    case .asymmetric: place = x / scale
    case .tfHalfPixelForNearest: place = (x + 0.5) / scale
    case .cropAndResize:
      let span = (end - start) * (input - 1)
      place = start * (input - 1) + (length == 1 ? span / 2 : x * span / (length - 1))
    }
    // Hostile scales and regions: far outside is outside.
    return place.isNaN ? 0 : min(max(place, -1e15), 1e15)
  }

  private static func round(_ position: Double, _ rounding: ResizeSettings.Rounding, _ scale: Double) -> Int {
    switch rounding {
    case .preferFloor: Int(saturating: (position - 0.5).rounded(.up))
    case .preferCeiling: Int(saturating: (position + 0.5).rounded(.down))
    case .floor: Int(saturating: position.rounded(.down))
    case .ceil: Int(saturating: position.rounded(.up))
    case .towardSource: Int(saturating: position.rounded(scale < 1 ? .up : .down))
    }
  }
}

/// The weights of linear or cubic interpolation, widened to cover all input elements when antialiasing a reduction.
private struct AxisKernel {
  /// The first tap, relative to the element at or below the position.
  let first: Int
  let taps: Int
  private let isCubic: Bool
  private let a: Double
  /// How much the kernel is stretched: 1, or the scale of an antialiased reduction.
  private let stretch: Double

  init(_ settings: ResizeSettings, scale: Double) {
    isCubic = settings.mode == .cubic
    a = settings.cubicA
    // A kernel of more than a million taps would be hostile.
    stretch = settings.antialiases ? min(1, max(scale, 1e-6)) : 1
    let radius = isCubic ? 2.0 : 1.0
    first = Int(saturating: (-radius / stretch).rounded(.down)) + 1
    taps = 2 - 2 * first
  }

  /// The weights for a position `fraction` (0 to 1) beyond its lower neighbour; they add up to 1.
  func weights(_ fraction: Double) -> [Double] {
    let raw = (0..<taps).map { value((Double(first + $0) - fraction) * stretch) }
    let total = raw.reduce(0, +)
    return stretch == 1 || total == 0 ? raw : raw.map { $0 / total }
  }

  private func value(_ distance: Double) -> Double {
    let x = abs(distance)
    if !isCubic { return max(0, 1 - x) }
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}
