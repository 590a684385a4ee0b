import Configuration
import Ground
import Inference
import Vision

/// Everything decided about a network before it serves: what its file tells, what its manifest says, what its family
/// usually is.
struct ModelPlan {
  let facts: NetworkFacts
  let description: ModelDescription
  let recipe: InputRecipe
  let inputName: String?
  let suppression: Suppression
  let confidence: Float
  let top: Int
  /// Which points of a pose are joined, where the manifest says it.
  var skeleton: Skeleton? { manifest?.skeleton }
  private let definition: DecoderDefinition
  private let parameters: [String: ConfigValue]
  private let manifest: Manifest?

  /// Tasks that one decoder alone serves.
  private static let onlyDecoder: [ModelTask: String] = [
    .embedding: "embedding", .classification: "classifier", .semanticSegmentation: "segmentation", .depth: "depth",
  ]

  /// - Parameter wishes: the user's thresholds, which override the manifest's.
  /// - Throws: ``PerceptionError`` when neither file nor manifest tells what the network is.
  init(
    facts: NetworkFacts, path: String, fileBytes: Int, manifest: Manifest?, wishes: Manifest.Thresholds = .init()
  ) throws {
    self.facts = facts
    self.manifest = manifest
    try facts.checkBatch(path)
    var reasons: [String] = []
    var warnings = facts.problems
    definition = try ModelPlan.definition(facts, path, manifest, &reasons)
    let defaults = definition.defaults(facts)
    reasons += defaults.reasons + [facts.trialFailure].compactMap(\.self)
    parameters = defaults.parameters
    var isAssumed = defaults.assumesRecipe
    recipe = try ModelPlan.recipe(
      ModelPlan.usualRecipe(defaults, facts, &reasons, &warnings, isAssumed: &isAssumed), facts, manifest)
    if manifest?.input.saysNormalization == true { isAssumed = false }
    reasons.append(isAssumed ? "assumed, not known: \(recipe.summary)" : recipe.summary)
    inputName = manifest?.input.name
    let labels = ModelPlan.labels(defaults, facts, manifest, &reasons, &warnings)
    let thresholds = (manifest?.thresholds ?? Manifest.Thresholds()).overridden(by: wishes)
    confidence = thresholds.confidence ?? defaults.confidence
    top = thresholds.top ?? 5
    suppression = Suppression(
      iou: thresholds.iou ?? defaults.iou, perClass: !(thresholds.classAgnostic ?? false),
      limit: thresholds.limit ?? 300, kind: thresholds.softSigma.map { .soft(sigma: $0) } ?? .hard)
    let (width, height) = recipe.nominalSize
    var description = ModelDescription(
      name: facts.name, task: manifest?.task ?? defaults.task, path: path, fileBytes: fileBytes, inputWidth: width,
      inputHeight: height, labels: labels, decoder: definition.name,
      license: manifest?.license ?? facts.metadata["license"] ?? "", reasons: reasons)
    description.add(warnings)
    description.source = manifest?.source ?? ""
    description.assumesPreprocessing = isAssumed
    description.cropMargin = manifest?.cropMargin
    description.stages = manifest?.stages ?? []
    if description.task == .embedding {
      description.text = manifest?.text ?? TextPairing.beside(imageNetwork: path)
      if let text = description.text { description.reasons.append("text network \(text.path), for typed labels") }
    }
    self.description = description
  }

  /// The decoder: as the manifest says, by itself or by its task, else the first that claims the network.
  private static func definition(
    _ facts: NetworkFacts, _ path: String, _ manifest: Manifest?, _ reasons: inout [String]
  ) throws -> DecoderDefinition {
    if let name = manifest?.decoder, let named = DecoderRegistry.definition(named: name) {
      reasons.append("decoder \(named.name): the manifest says so")
      return named
    }
    if let task = manifest?.task, let name = onlyDecoder[task], let named = DecoderRegistry.definition(named: name) {
      reasons.append("decoder \(name): the manifest's task says so")
      return named
    }
    guard let found = Recognizer.recognize(facts) else { throw Recognizer.notUnderstood(facts, path: path) }
    reasons.append("decoder \(found.definition.name): \(found.reason)")
    return found.definition
  }

  /// The family's recipe, corrected by the files beside the network and by the type of its input.
  private static func usualRecipe(
    _ defaults: ModelDefaults, _ facts: NetworkFacts, _ reasons: inout [String], _ warnings: inout [String],
    isAssumed: inout Bool
  ) -> InputRecipe {
    var recipe = defaults.recipe
    do throws(CompanionFiles.Misfit) {
      if let told = try facts.companion?.overriding(recipe, facts) {
        recipe = told.recipe
        reasons.append(told.reason)
        isAssumed = false
      }
    } catch { warnings.append(error.what) }
    if let whole = facts.wholeNumbers(recipe) {
      recipe = whole.recipe
      reasons.append(whole.reason)
      isAssumed = false
    }
    return recipe
  }

  /// The class names: the manifest's, else those of the files beside the network, else the family's.
  private static func labels(
    _ defaults: ModelDefaults, _ facts: NetworkFacts, _ manifest: Manifest?, _ reasons: inout [String],
    _ warnings: inout [String]
  ) -> [String] {
    var names = defaults.labels
    if manifest?.labels != nil {
      reasons.append("class names from the manifest")
    } else if let told = facts.companion?.labels, !told.isEmpty {
      names = told
      reasons.append("\(counted(told.count, "class name")) from config.json beside the network")
    }
    names = manifest?.labels ?? names
    if let classes = defaults.classes, classes > 0, !names.isEmpty, names.count != classes {
      warnings.append(
        "\(counted(names.count, "class name")), but the network has \(counted(classes, "class", "classes")): the names may be "
          + "those of another network")
    }
    warnings += LabelSets.warnings(names)
    return LabelSets.shown(names)
  }

  /// The recipe with the manifest's input put over it.
  private static func recipe(
    _ defaults: InputRecipe, _ facts: NetworkFacts, _ manifest: Manifest?
  ) throws -> InputRecipe {
    guard let manifest else { return defaults }
    let recipe = defaults.overridden(by: manifest.input)
    guard let picture = facts.picture, manifest.input.name == nil, case .fixed(let width, let height) = recipe.size
    else {
      return recipe
    }
    for (side, fixed) in [(width, picture.width), (height, picture.height)] {
      if let fixed, fixed != side {
        let size = "\(picture.width.map(String.init) ?? "?")x\(picture.height.map(String.init) ?? "?")"
        throw PerceptionError(
          .badManifest, "field 'input.size' is \(width)x\(height), but the network takes \(size)", place: manifest.path)
      }
    }
    return recipe
  }

  /// The decoder, its parameters from the manifest put over the family's.
  func makeDecoder() throws -> any OutputDecoder {
    let reader = try manifest?.decoderParameters() ?? ConfigReader([:])
    reader.fallBack(to: parameters)
    let setting = DecoderSetting(
      facts: facts, task: description.task, recipe: recipe, labels: description.labels, parameters: reader)
    let decoder = try definition.make(setting)
    try reader.finish()
    return decoder
  }
}
