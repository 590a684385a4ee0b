import Ground
import Configuration
import Perception

/// Names what a pair of image and text networks saw, out of the labels that the user typed.
final class LabelStage: Stage {
  static let definition = StageDefinition(
    kind: "labels", summary: "typed labels, by a pair of image and text networks", isPrimary: false,
    parameters: ["labels"], prepare: prepare)

  private static func prepare(_ spec: StageSpec, _ id: StageID, _ loader: StageLoader) throws -> PreparedStage {
    let reader = ConfigReader(spec.parameters)
    guard let model = spec.model else {
      throw ConfigurationError(
        .badField, "field 'model' is missing", place: spec.place, remedy: "name the image network of the pair")
    }
    guard let names = try reader.strings("labels"), !names.isEmpty else {
      throw ConfigurationError(
        .badField, "field 'labels' is missing", place: spec.place, remedy: "labels = [\"a cat\", \"a dog\"]")
    }
    try reader.finish()
    return prepared(spec, id, try loader.labels(names, for: try loader.describe(model)))
  }

  static func prepared(_ spec: StageSpec, _ id: StageID, _ labels: ZeroShotLabels) -> PreparedStage {
    PreparedStage(id: id, kind: definition.kind, spec: spec) { LabelStage(id, labels) }
  }

  private let id: StageID
  private let labels: ZeroShotLabels

  init(_ id: StageID, _ labels: ZeroShotLabels) {
    self.id = id
    self.labels = labels
  }

  func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes? {
    let began = MonotonicTime.now
    labels.write(to: &findings, by: id)
    return StageTimes(postprocess: MonotonicTime.now.nanoseconds(since: began))
  }
}
