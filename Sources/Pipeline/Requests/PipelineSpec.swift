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

  /// Reads `[[stage]]`, `[[chain]]` and `merge`; other sections of the file are left to their readers.
  ///
  /// - Throws: `ConfigurationError` that names the field and the line.
  public init(_ reader: ConfigReader) throws {
    stages = try StageSpec.stages(in: reader)
    merge = try reader.choice("merge", MergeRule.allCases.map { ($0.rawValue, $0) }) ?? .sameClass
    let ids = stages.compactMap(\.id)
    if let twice = ids.first(where: { id in ids.count { $0 == id } > 1 }) {
      throw reader.error("stage", "two stages have the id '\(twice)'", remedy: "an id names one stage")
    }
    let unknown = stages.flatMap(\.of).first { !ids.contains($0) }
    if let unknown, !ids.isEmpty, !PipelineSpec.usualIDs.contains(unknown) {
      let near = Spelling.nearest(to: unknown.name, among: ids.map(\.name)).map { "did you mean '\($0)'? " } ?? ""
      throw reader.error(
        "stage", "'of' names '\(unknown)', which no stage has for its id",
        remedy: "\(near)known are \((ids + PipelineSpec.usualIDs).map(\.name).joined(separator: ", "))")
    }
  }

  /// Ids of stages that are there without a table: the first detector's.
  private static let usualIDs: [StageID] = ["detector"]
}
