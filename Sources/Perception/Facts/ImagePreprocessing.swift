import Ground
import Vision

/// How pictures become input, in the fields of Hugging Face's image processors and of timm's `pretrained_cfg`.
///
/// Which fields count depends on the processor: each is a class of the transformers library with a `resize` of its own.
struct ImagePreprocessing: Sendable {
  /// Why the fields cannot be used.
  struct Misfit: Error {
    var what: String
  }

  /// Processors whose work differs from the usual one's.
  private enum Family: CaseIterable {
    case convNeXT
    case leViT
    case poolFormer
    case efficientNet
    case mobileViT
    case perceiver
    /// A side alone is the shorter one (`default_to_square = False`); usually it is a square's.
    case keepingShape
    case timm
    case other

    init(processor: String, modelType: String, isTimm: Bool) {
      let name = (processor.isEmpty ? modelType : processor).lowercased().filter { $0.isLetter || $0.isNumber }
      let named = Family.allCases.first { family in family.names.contains { name.hasPrefix($0) } }
      self = isTimm ? .timm : named ?? .other
    }

    /// How the names of its processors begin, and of the networks that transformers uses them for.
    private var names: [String] {
      switch self {
      case .convNeXT: ["convnext", "resnet", "regnet", "cvt", "van"]
      case .leViT: ["levit"]
      case .poolFormer: ["poolformer"]
      case .efficientNet: ["efficientnet"]
      case .mobileViT: ["mobilevit"]
      case .perceiver: ["perceiver"]
      case .keepingShape:
        [
          "clip", "chineseclip", "altclip", "groupvit", "bit", "dinov2", "focalnet", "hiera", "mobilenet", "videomae",
          "vivit", "timesformer", "vilt", "bridgetower", "siglip", "detr", "conditionaldetr", "deformabledetr",
          "rtdetr",
          "tabletransformer", "yolos", "groundingdino", "maskformer", "mask2former", "oneformer",
        ]
      case .timm, .other: []
      }
    }

    /// Whether a side alone is the shorter one of a picture that keeps its shape.
    var keepsShape: Bool {
      switch self {
      case .convNeXT, .leViT, .poolFormer, .mobileViT, .keepingShape: true
      case .efficientNet, .perceiver, .timm, .other: false
      }
    }
  }

  /// Sides in pixels as they are told.
  private struct Sides {
    var width: Int?
    var height: Int?
    var shorter: Int?

    init?(_ value: JSONValue?) {
      func side(_ value: JSONValue?) -> Int? { value?.integer.flatMap { (1...8192).contains($0) ? $0 : nil } }
      if let list = value?.items, list.count == 2 {
        (height, width) = (side(list[0]), side(list[1]))
      } else if value?.fields != nil {
        (width, height) = (side(value?["width"]), side(value?["height"]))
        shorter = side(value?["shortest_edge"])
      } else {
        shorter = side(value)
      }
      if shorter == nil, width == nil || height == nil { return nil }
    }

    /// A side alone as that of a square.
    func square(_ value: JSONValue?) -> Sides {
      guard let shorter, value?.fields == nil else { return self }
      var copy = self
      (copy.width, copy.height, copy.shorter) = (shorter, shorter, nil)
      return copy
    }

    /// The side of a square, or the shorter one.
    var one: Int? { shorter ?? (width == height ? width : nil) }
  }

  private let value: JSONValue
  private let isTimm: Bool
  private let size: Sides?
  private let crop: Sides?
  /// Which of the fields that count are in no form that is known; the others count.
  let problem: String?

  /// nil where the value holds none of the fields.
  init?(_ value: JSONValue) {
    let fields = [
      "size", "crop_size", "image_mean", "image_std", "do_normalize", "rescale_factor", "do_rescale", "input_size",
    ]
    guard fields.contains(where: { value[$0] != nil }) else { return nil }
    self.value = value
    let shape = value["input_size"]?.items
    isTimm = shape != nil
    size = shape.map { Sides(.array(Array($0.suffix(2)))) } ?? Sides(value["size"])
    crop = Sides(value["crop_size"])
    // Only those that are used: a crop that is switched off may hold anything.
    let sides = [("input_size", shape != nil, size), ("size", shape == nil && value["do_resize"]?.bool != false, size)]
    let cuts = [("crop_size", value["do_center_crop"]?.bool == true, crop)]
    let unread = (sides + cuts).filter { name, counts, read in
      guard counts, read == nil, let told = value[name] else { return false }
      if case .null = told { return false }
      return true
    }.map { "'\($0.0)'" }
    problem =
      unread.isEmpty
      ? nil : "\(unread.joined(separator: " and ")) cannot be used: wanted are sides of 1 to 8192 pixels"
  }

  /// A family's recipe with what the fields say put over it.
  func overriding(
    _ recipe: InputRecipe, _ facts: NetworkFacts, modelType: String
  ) throws(Misfit) -> InputRecipe {
    let processor = value["image_processor_type"]?.string ?? value["feature_extractor_type"]?.string ?? ""
    let family = Family(processor: processor, modelType: modelType, isTimm: isTimm)
    var copy = recipe
    copy.normalization = try normalization(recipe.normalization, family)
    guard value["do_resize"]?.bool != false, let (rule, width, height) = resize(family) else { return copy }
    copy.rule = rule
    // Where a crop is larger than what it is cut from, transformers puts zeros.
    copy.normalization.pad = 0
    if facts.picture?.width == nil { copy.size = .fixed(width: width, height: height) }
    return copy
  }

  /// The rule and the input's size; nil where the fields leave it to the family.
  private func resize(_ family: Family) -> (rule: ResizeRule, width: Int, height: Int)? {
    guard let told = size else { return nil }
    let size = family.keepsShape ? told : told.square(value["size"])
    let share = value["crop_pct"]?.number.flatMap { $0 > 0.05 && $0 <= 1 ? $0 : nil }
    func square(_ rule: ResizeRule, _ side: Int) -> (rule: ResizeRule, width: Int, height: Int) { (rule, side, side) }
    func before(_ side: Int, _ share: Double) -> Int { Int(saturating: Double(side) / share) }
    switch family {
    case .convNeXT:
      guard let side = size.one else { return nil }
      return side >= 384
        ? square(.stretch, side) : square(.centerCrop(shorterSide: before(side, share ?? 224 / 256)), side)
    case .leViT:
      guard let side = size.one, value["do_center_crop"]?.bool != false else { return nil }
      let shorter = size.shorter.map { Int(saturating: 256.0 / 224 * Double($0)) } ?? side
      return square(.centerCrop(shorterSide: shorter), crop?.one ?? side)
    case .poolFormer:
      guard let side = size.one else { return nil }
      return square(.centerCrop(shorterSide: before(side, share ?? 0.9)), crop?.one ?? side)
    case .timm:
      guard let width = size.width, let height = size.height else { return nil }
      let crop = share ?? 0.875
      let (wide, high) = (before(width, crop), before(height, crop))
      let isSquashed = value["crop_mode"]?.string == "squash" || width != height
      return (isSquashed ? .stretchCrop(width: wide, height: high) : .centerCrop(shorterSide: wide), width, height)
    case .perceiver:
      // Cut first, to the share of the crop that the size is.
      guard let side = size.one, let whole = crop?.one, value["do_center_crop"]?.bool != false, whole >= side else {
        return usualResize(size, share)
      }
      return square(.centerCrop(shorterSide: whole), side)
    case .efficientNet, .mobileViT, .keepingShape, .other: return usualResize(size, share)
    }
  }

  private func usualResize(_ size: Sides, _ share: Double?) -> (rule: ResizeRule, width: Int, height: Int)? {
    if value["do_center_crop"]?.bool == true {
      guard let width = crop?.width ?? crop?.shorter ?? size.width ?? size.shorter,
        let height = crop?.height ?? crop?.shorter ?? size.height ?? size.shorter
      else { return nil }
      if let shorter = size.shorter { return (.centerCrop(shorterSide: shorter), width, height) }
      guard let wide = size.width, let high = size.height else { return nil }
      return (wide == width && high == height ? .stretch : .stretchCrop(width: wide, height: high), width, height)
    }
    if let share, share < 1, let side = size.one {
      return (.centerCrop(shorterSide: Int(saturating: Double(side) / share)), side, side)
    }
    guard let width = size.width, let height = size.height else { return nil }
    return (.stretch, width, height)
  }

  private func normalization(_ usual: Normalization, _ family: Family) throws(Misfit) -> Normalization {
    var copy = usual
    let channels = usual.order.channels
    if value["do_flip_channel_order"]?.bool ?? (family == .mobileViT), channels == 3 { copy.order = .bgr }
    let factor = value["rescale_factor"]?.number.map { Float($0) }
    copy.scale = value["do_rescale"]?.bool == false ? 1 : factor ?? 1 / 255
    copy.mean = [Float](repeating: 0, count: channels)
    copy.deviation = [Float](repeating: 1, count: channels)
    let told = (mean: value["image_mean"] ?? value["mean"], deviation: value["image_std"] ?? value["std"])
    // MobileViT's processor does not, whatever means its file holds.
    if value["do_normalize"]?.bool ?? (told.mean != nil && family != .mobileViT) {
      copy.mean = try numbers(told.mean, "image_mean", channels)
      copy.deviation = try numbers(told.deviation, "image_std", channels)
      // EfficientNet's processor divides by the deviation a second time where the classifier is included.
      if family == .efficientNet, value["include_top"]?.bool != false {
        copy.deviation = copy.deviation.map { $0 * $0 }
      }
    }
    // pixel * factor - 1 before the means.
    if value["rescale_offset"]?.bool == true { copy.mean = copy.mean.map { $0 + 1 } }
    guard copy.scale.isFinite, copy.scale != 0 else { throw Misfit(what: "rescale_factor is \(copy.scale)") }
    return copy
  }

  private func numbers(_ value: JSONValue?, _ name: String, _ channels: Int) throws(Misfit) -> [Float] {
    let list = value?.items?.compactMap(\.number) ?? value?.number.map { [$0] } ?? []
    let numbers = (list.count == 1 ? [Double](repeating: list[0], count: channels) : list).map { Float($0) }
    guard numbers.count == channels, value?.items.map({ $0.count == list.count }) ?? true else {
      throw Misfit(what: "\(name) must hold \(channels) numbers")
    }
    guard numbers.allSatisfy(\.isFinite), name == "image_mean" || !numbers.contains(0) else {
      throw Misfit(what: "\(name) holds a number that cannot be used")
    }
    return numbers
  }
}
