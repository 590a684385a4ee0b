import Ground
public import Configuration
public import Perception

/// Which detections of different stages may be one object.
public enum MergeRule: String, CaseIterable, Sendable, Hashable, Codable {
  /// Those of the same label.
  case sameClass = "class"
  /// Those of any label.
  case any
  /// None: every stage's objects stay, and are followed on their own.
  case apart = "none"
}

/// A pipeline as a file describes it: `[[stage]]` tables (`[[chain]]` in older files), and `merge`, which says how the objects
/// of several detectors go together.
public struct PipelineSpec: Sendable, Hashable {
  public var stages: [StageSpec]
  public var merge: MergeRule

  public init(stages: [StageSpec] = [], merge: MergeRule = .sameClass) {
    self.stages = stages
    self.merge = merge
  }

  /// Reads a file that describes a pipeline and nothing else: an unknown field is an error.
  ///
  /// - Throws: `ConfigurationError` that names the field and the line.
  public init(file document: ConfigDocument) throws {
    let reader = ConfigReader(document)
    try self.init(reader)
    try reader.finish()
  }

  /// Reads `[[stage]]`, `[[chain]]` and `merge`; other sections of the file are left to their readers.
  ///
  /// - Throws: `ConfigurationError` that names the field and the line.
  public init(_ reader: ConfigReader) throws {
    stages = try StageSpec.stages(in: reader)
    merge = try reader.choice("merge", MergeRule.allCases.map { ($0.rawValue, $0) }) ?? .sameClass
    let merges = stages.filter { $0.kind == "merge" }
    if merges.count > 1 { throw PipelineSpec.secondMerge(merges[1]) }
    let ids = stages.compactMap(\.id)
    for (index, stage) in stages.enumerated() {
      if let id = stage.id, stages[..<index].contains(where: { $0.id == id }) {
        throw ConfigurationError(
          .badField, "two stages have the id '\(id)'", place: stage.place, remedy: "an id names one stage")
      }
      // Of stages without an id, only the loader knows the names.
      guard let unknown = stage.of.first(where: { !ids.contains($0) && $0 != PipelineSpec.usualID }), !ids.isEmpty
      else { continue }
      let near = Spelling.nearest(to: unknown.name, among: ids.map(\.name)).map { "did you mean '\($0)'? " } ?? ""
      throw ConfigurationError(
        .badField, "'of' names '\(unknown)', which no stage has for its id", place: stage.place,
        remedy: "\(near)ids here: \(ids.map(\.name).joined(separator: ", "))")
    }
  }

  /// Objects are merged once, before they are followed: why a second stage that merges is refused.
  static func secondMerge(_ spec: StageSpec) -> ConfigurationError {
    ConfigurationError(
      .badField, "a second stage is of the kind 'merge'", place: spec.place,
      remedy: "a pipeline merges once: put 'rule' and 'iou' into the first")
  }

  /// The id of the usual detector, which is there without a table.
  private static let usualID: StageID = "detector"
}
