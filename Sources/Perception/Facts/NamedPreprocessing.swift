import Vision

/// Families whose pictures are prepared unlike ImageNet's usual way, told by the file's name: a network over patches looks
/// like any other from outside.
enum NamedPreprocessing {
  private struct Family {
    /// Words of which a name must hold one.
    var words: [String]
    /// Words that make it another family.
    var others: [String] = []
    var normalization: Normalization
    var rule: ResizeRule
    var text: String
  }

  private static let half = Normalization(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], pad: 127)

  private static let families: [Family] = [
    Family(
      words: ["siglip", "beit", "vit-base", "vit_base", "vit-large", "vit_large", "vit-huge"],
      others: ["dino", "deit", "mobilevit", "clip-vit", "clip_vit", "timm"], normalization: half, rule: .stretch,
      text: "(pixel / 255 - 0.5) / 0.5, stretched, as this family by its name"),
    Family(
      words: ["mobilevit"], normalization: Normalization(order: .bgr, pad: 0), rule: .centerCrop(shorterSide: 288),
      text: "BGR in 0...1, as MobileViT by its name"),
    Family(
      words: ["arcface", "w600k", "glint", "buffalo", "insightface", "mobilefacenet", "adaface"],
      normalization: Normalization(scale: 1, mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5], pad: 127),
      rule: .stretch, text: "(pixel - 127.5) / 127.5, as ArcFace's networks by its name"),
    Family(
      words: ["inception", "xception", "nasnet"], normalization: half, rule: .centerCrop(shorterSide: 342),
      text: "(pixel / 255 - 0.5) / 0.5, as this family by its name"),
  ]

  /// `recipe` with what the family of that name wants; nil when the name says nothing.
  static func recipe(_ recipe: InputRecipe, _ facts: NetworkFacts) -> (recipe: InputRecipe, reason: String)? {
    let name = facts.name.lowercased()
    guard !recipe.layout.isInterleaved, recipe.normalization.order != .gray,
      let family = families.first(where: { family in
        family.words.contains { name.contains($0) } && !family.others.contains { name.contains($0) }
      })
    else { return nil }
    var copy = recipe
    copy.normalization = family.normalization
    copy.rule = family.rule
    return (copy, "assumed: " + family.text)
  }
}
