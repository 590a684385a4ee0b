import Configuration

/// What a decoder takes a network to be when no manifest says otherwise.
struct ModelDefaults: Sendable {
  var task: ModelTask
  var recipe: InputRecipe
  /// Class names; empty when nothing tells them: then classes are numbered.
  var labels: [String] = []
  /// How many classes the network's outputs have; nil where they do not tell.
  var classes: Int?
  /// Parameters for the decoder, as a manifest would write them.
  var parameters: [String: ConfigValue] = [:]
  /// The confidence below which findings are not reported.
  var confidence: Float = 0.25
  var iou: Float = 0.45
  /// Whether the recipe is a guess: networks of this kind are trained with different ones, and nothing in the file tells.
  var assumesRecipe = false
  /// How the defaults came about, a sentence each.
  var reasons: [String] = []
}
