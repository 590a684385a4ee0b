import Ground
public import Vision

/// How an input tensor's axes are ordered.
public enum TensorLayout: String, Sendable, CaseIterable {
  case nchw = "NCHW"
  case nhwc = "NHWC"
  case chw = "CHW"
  case hwc = "HWC"

  var isInterleaved: Bool { self == .nhwc || self == .hwc }

  func shape(channels: Int, width: Int, height: Int) -> [Int] {
    switch self {
    case .nchw: [1, channels, height, width]
    case .nhwc: [1, height, width, channels]
    case .chw: [channels, height, width]
    case .hwc: [height, width, channels]
    }
  }
}

/// How a frame becomes a network's input.
public struct InputRecipe: Sendable, Hashable {
  /// Where a network that takes pictures of any size gets it from.
  public enum Size: Sendable, Hashable {
    case fixed(width: Int, height: Int)
    /// The frame's aspect: the shorter side as given unless the longer would pass its limit; the input is padded right
    /// and below to a multiple.
    case fitting(shorter: Int, longer: Int, multiple: Int)
  }

  public var layout: TensorLayout
  public var size: Size
  public var rule: ResizeRule
  public var filter: ResizeFilter
  public var normalization: Normalization

  public init(
    layout: TensorLayout = .nchw, size: Size, rule: ResizeRule = .letterbox(centered: true),
    filter: ResizeFilter = .antialias, normalization: Normalization = Normalization()
  ) {
    self.layout = layout
    self.size = size
    self.rule = rule
    self.filter = filter
    self.normalization = normalization
  }

  /// The input's size in pixels for a frame (or region) of the given size.
  func inputSize(frameWidth: Float, frameHeight: Float) -> (width: Int, height: Int) {
    switch size {
    case .fixed(let width, let height): return (width, height)
    case .fitting(let shorter, let longer, let multiple):
      let small = max(1, min(frameWidth, frameHeight))
      let large = max(small, max(frameWidth, frameHeight))
      let scale = min(Float(shorter) / small, Float(longer) / large)
      func padded(_ side: Float) -> Int {
        (max(1, Int(saturating: (side * scale).rounded())) + multiple - 1) / multiple * multiple
      }
      return (padded(max(1, frameWidth)), padded(max(1, frameHeight)))
    }
  }

  /// A typical input size: for descriptions and trial runs.
  var nominalSize: (width: Int, height: Int) { inputSize(frameWidth: 640, frameHeight: 480) }

  /// The recipe with what a manifest says put over it.
  func overridden(by manifest: InputOverrides) -> InputRecipe {
    var copy = self
    copy.layout = manifest.layout ?? layout
    if let width = manifest.width, let height = manifest.height { copy.size = .fixed(width: width, height: height) }
    copy.filter = manifest.filter ?? filter
    copy.normalization.order = manifest.order ?? normalization.order
    // Scale, mean and deviation belong together: one without the others must not be mixed with a family's.
    let usual =
      manifest.scale == nil && manifest.mean == nil && manifest.deviation == nil
      ? normalization : Normalization(order: copy.normalization.order)
    copy.normalization.scale = manifest.scale ?? usual.scale
    let channels = copy.normalization.order.channels
    func spread(_ values: [Float]) -> [Float] {
      values.count == 1 ? [Float](repeating: values[0], count: channels) : values
    }
    copy.normalization.mean = spread(manifest.mean ?? usual.mean)
    copy.normalization.deviation = spread(manifest.deviation ?? usual.deviation)
    copy.normalization.pad = manifest.pad ?? normalization.pad
    switch manifest.resize {
    case .letterbox: copy.rule = .letterbox(centered: true)
    case .letterboxTopLeft: copy.rule = .letterbox(centered: false)
    case .stretch: copy.rule = .stretch
    case .centerCrop: copy.rule = .centerCrop(shorterSide: manifest.shorterSide ?? copy.defaultShorterSide)
    case nil:
      if let side = manifest.shorterSide { copy.rule = .centerCrop(shorterSide: side) }
    }
    return copy
  }

  private var defaultShorterSide: Int {
    if case .centerCrop(let side) = rule { return side }
    let (width, height) = nominalSize
    return min(width, height) * 8 / 7
  }

  /// One sentence for `models show`.
  var summary: String {
    let (width, height) = nominalSize
    let sizeText: String
    switch size {
    case .fixed: sizeText = "\(width)x\(height)"
    case .fitting(let shorter, let longer, let multiple):
      sizeText = "shorter side \(shorter), longer at most \(longer), padded to multiples of \(multiple)"
    }
    let ruleText: String
    switch rule {
    case .letterbox(true): ruleText = "letterbox, padded evenly"
    case .letterbox(false): ruleText = "letterbox, padded right and below"
    case .stretch: ruleText = "stretched"
    case .centerCrop(let side): ruleText = "shorter side to \(side), centre cut out"
    case .stretchCrop(let width, let height): ruleText = "stretched to \(width)x\(height), centre cut out"
    }
    let n = normalization
    let mean = n.mean.contains { $0 != 0 } ? ", minus \(n.mean)" : ""
    let deviation = n.deviation.contains { $0 != 1 } ? ", divided by \(n.deviation)" : ""
    return "input \(layout.rawValue) \(n.order.rawValue) \(sizeText), \(ruleText), times \(n.scale)\(mean)\(deviation)"
  }
}

extension Normalization {
  /// Means and deviations of ImageNet's training pictures, as torchvision and most others use them.
  static let imageNet = Normalization(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225], pad: 124)
}
