import Configuration

/// A family of networks: how to tell it, what it wants as input, how to read its outputs.
///
/// To add one: a file with a `static let definition`, and a line in ``DecoderRegistry``.
struct DecoderDefinition: Sendable {
  /// What a manifest calls it.
  let name: String
  var aliases: [String] = []
  /// The outputs it reads, for documentation: "[1, 4 + classes, anchors]".
  let outputs: String
  /// The reason to take a network for one of this family, or nil. Asked in the registry's order.
  let claims: @Sendable (NetworkFacts) -> String?
  /// What the family usually is. Must answer for any network, since a manifest may name any decoder.
  let defaults: @Sendable (NetworkFacts) -> ModelDefaults
  /// Makes the decoder, reading its parameters.
  let make: @Sendable (DecoderSetting) throws -> any OutputDecoder
}

/// What a decoder is made from.
struct DecoderSetting {
  var facts: NetworkFacts
  var task: ModelTask
  var recipe: InputRecipe
  var labels: [String]
  var parameters: ConfigReader
}

/// Every output decoder, in the order in which recognition asks them: the more particular first.
enum DecoderRegistry {
  static let all: [DecoderDefinition] = [
    YuNetDecoder.definition,
    SCRFDDecoder.definition,
    RetinaFaceDecoder.definition,
    SimCCDecoder.definition,
    MoveNetDecoder.definition,
    RetinaNetDecoder.definition,
    NanoDetDecoder.definition,
    SelectedBoxesDecoder.definition,
    ReadyDetectionsDecoder.definition,
    EndToEndDecoder.definition,
    YOLOv8Decoder.definition,
    RTDETRDecoder.definition,
    YOLOXDecoder.definition,
    YOLOv5Decoder.definition,
    AnchorGridDecoder.definition,
    FastestDetDecoder.definition,
    CenterNetDecoder.definition,
    DETRDecoder.definition,
    ScoredBoxesDecoder.definition,
    PriorBoxesDecoder.definition,
    DepthDecoder.definition,
    PoseHeatmapDecoder.definition,
    TextRegionsDecoder.definition,
    SegmentationDecoder.definition,
    ClassifierDecoder.definition,
    EmbeddingDecoder.definition,
  ]

  static func definition(named name: String) -> DecoderDefinition? {
    let name = name.lowercased()
    return all.first { $0.name == name || $0.aliases.contains(name) }
  }

  /// Every name and alias that a manifest may use.
  static var names: [String] { all.flatMap { [$0.name] + $0.aliases } }
}
