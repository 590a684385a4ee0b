import Ground
import Configuration
package import Perception

/// A kind of stage: how a pipeline file names it, and how one is prepared from its parameters.
package struct StageDefinition: Sendable {
  /// The word after `kind =`.
  package var kind: String
  /// What the kind does, for lists and help.
  package var summary: String
  /// The fields that it takes beyond those of every stage.
  package var parameters: [String]
  /// Whether it looks at the whole frame first, before objects are merged and followed.
  package var isPrimary: Bool
  /// Loads what the stage needs. Loader's thread; may take seconds.
  package var prepare: @Sendable (StageSpec, StageID, StageLoader) throws -> PreparedStage

  package init(
    kind: String, summary: String, isPrimary: Bool, parameters: [String] = [],
    prepare: @escaping @Sendable (StageSpec, StageID, StageLoader) throws -> PreparedStage
  ) {
    self.kind = kind
    self.summary = summary
    self.isPrimary = isPrimary
    self.parameters = parameters
    self.prepare = prepare
  }
}

/// The kinds of stages, one row each.
package struct StageRegistry: Sendable {
  package static let standard = StageRegistry([
    NetworkStage.definition,
    MotionStage.definition,
    CropStage.definition,
    SequenceStage.definition,
    MergeStage.definition,
    TrackerStage.definition,
    ReferenceStage.definition,
    LabelStage.definition,
  ])

  package let definitions: [StageDefinition]

  /// A registry of these rows. Two rows of one kind are a mistake in the program, and stop it.
  package init(_ definitions: [StageDefinition]) {
    let kinds = Set(definitions.map(\.kind))
    precondition(kinds.count == definitions.count, "two stages of one kind")
    self.definitions = definitions
  }

  /// The row of a stage: the one that its `kind` names, else by what its model is.
  ///
  /// - Throws: `ConfigurationError` that names the stage's place for an unknown kind.
  package func definition(for spec: StageSpec, _ loader: StageLoader) throws -> StageDefinition {
    let definition = try check(kind: spec.kind ?? usualKind(spec, loader), place: spec.place)
    try check(spec, against: definition)
    return definition
  }

  /// A stage as a command line asks for it: `KIND[:KEY=VALUE,…]`, with the fields of a `[[stage]]` table. Lists are joined with
  /// `+`; `motion:every=2,classes=person+cup`.
  ///
  /// - Throws: `ConfigurationError` for an unknown kind or field value.
  package func stage(parsing text: String) throws -> StageSpec {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var fields: [String: ConfigValue] = ["kind": .string(String(parts[0]))]
    for field in parts.count > 1 ? parts[1].split(separator: ",") : [] {
      let sides = field.split(separator: "=", maxSplits: 1)
      guard sides.count == 2 else {
        throw ConfigurationError(.badField, "'\(field)' is not KEY=VALUE")
      }
      guard sides[0] != "kind", fields[String(sides[0])] == nil else {
        throw ConfigurationError(.badField, "'\(sides[0])' is given twice")
      }
      fields[String(sides[0])] = StageRegistry.value(String(sides[1]), of: String(sides[0]))
    }
    let spec = try StageSpec(ConfigReader(fields))
    try check(spec, against: try check(kind: spec.kind ?? "", place: ""))
    return spec
  }

  private static func value(_ text: String, of key: String) -> ConfigValue {
    if text.contains("+") || key == "classes" || key == "of" {
      return .array(text.split(separator: "+").map { .string(String($0)) })
    }
    if let number = Int(text) { return .int(number) }
    if let number = Double(text) { return .double(number) }
    return text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
  }

  /// What a stage says must be what its kind knows.
  private func check(_ spec: StageSpec, against definition: StageDefinition) throws {
    for key in spec.parameters.keys.sorted() where !definition.parameters.contains(key) {
      let known = definition.parameters + StageSpec.commonFields
      let near = Spelling.nearest(to: key, among: known).map { "did you mean '\($0)'?" }
      throw ConfigurationError(
        .badField, "field '\(key)' is unknown to a stage of the kind '\(definition.kind)'", place: spec.place,
        remedy: near ?? "known are \(known.joined(separator: ", "))")
    }
    if definition.isPrimary, !spec.of.isEmpty {
      throw ConfigurationError(
        .badField, "a stage of the kind '\(definition.kind)' looks at the whole frame and takes no 'of'",
        place: spec.place, remedy: "kind = \"crops\" looks at objects")
    }
  }

  @discardableResult
  private func check(kind: String, place: String) throws -> StageDefinition {
    if let known = definitions.first(where: { $0.kind == kind }) { return known }
    let kinds = definitions.map(\.kind)
    let near = Spelling.nearest(to: kind, among: kinds).map { "did you mean '\($0)'? " } ?? ""
    throw ConfigurationError(
      .badField, "no stage is of the kind '\(kind)'", place: place,
      remedy: "\(near)known are \(kinds.joined(separator: ", "))")
  }

  private func usualKind(_ spec: StageSpec, _ loader: StageLoader) throws -> String {
    guard let model = spec.model else { return "" }
    if try loader.describe(model).task == .sequence { return SequenceStage.definition.kind }
    return spec.runsOnObjects ? CropStage.definition.kind : NetworkStage.definition.kind
  }
}
