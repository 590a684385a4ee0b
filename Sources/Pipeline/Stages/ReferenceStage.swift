import Ground
import Perception

/// Compares the feature vectors of objects, and of the whole picture, with the references.
final class ReferenceStage: Stage {
  static let definition = StageDefinition(
    kind: "references", summary: "how much objects look like the references", isPrimary: false
  ) { spec, id, loader in prepared(spec, id, with: loader.references) }

  static func prepared(_ spec: StageSpec, _ id: StageID, with book: ReferenceBook) -> PreparedStage {
    PreparedStage(id: id, kind: definition.kind, spec: spec) { ReferenceStage(id, book) }
  }

  private let id: StageID
  private let book: ReferenceBook

  init(_ id: StageID, _ book: ReferenceBook) {
    self.id = id
    self.book = book
  }

  func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes? {
    guard !book.isEmpty else { return nil }
    let began = MonotonicTime.now
    book.compare(&findings, by: id)
    return StageTimes(postprocess: MonotonicTime.now.nanoseconds(since: began))
  }
}
