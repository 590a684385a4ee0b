import Configuration
import Pipeline

/// Choosing models, and comparing two detectors.
extension Controller {
  mutating func perform(_ action: ModelAction) {
    switch action {
    case .nextDetector: selectDetector(after: 1)
    case .previousDetector: selectDetector(after: -1)
    case .nextClassifier: selectClassifier(after: 1)
    case .previousClassifier: selectClassifier(after: -1)
    case .useDetector(let name): ask(.selectModel(name: name, stage: nil))
    case .useClassifier(let name): ask(.selectClassifier(name: name))
    case .noClassifier: ask(.selectClassifier(name: nil))
    case .compare(let name): ask(.compare(with: name))
    case .compareNext: compareNext()
    case .endComparison: endComparison()
    }
  }

  private mutating func selectDetector(after step: Int) {
    guard let name = Self.neighbour(in: state.snapshot.detectors, step: step) else {
      return warn(Self.noOther("detector", "yolox-nano"))
    }
    ask(.selectModel(name: name, stage: nil))
  }

  /// - Parameter example: a small model of the catalogue.
  private static func noOther(_ kind: String, _ example: String) -> String {
    "no other \(kind): run `ocellus models pull \(example)`, or copy an .onnx file into \(UserFolders.data("models"))"
  }

  private mutating func selectClassifier(after step: Int) {
    guard let name = Self.neighbour(in: state.snapshot.classifiers, step: step) else {
      return warn(Self.noOther("classifier", "mobilenetv2-12-int8"))
    }
    ask(.selectClassifier(name: name))
  }

  private mutating func compareNext() {
    let compared = state.snapshot.comparison?.model
    let others = state.snapshot.detectors.filter { $0.state != .active && !$0.hasFailed }.map(\.name)
    let next = compared.flatMap { others.firstIndex(of: $0) }.map { ($0 + 1) % others.count } ?? 0
    guard others.indices.contains(next) else { return warn(Self.noOther("detector", "yolox-nano")) }
    ask(.compare(with: others[next]))
  }

  /// Without a comparison there is nothing to end, and nothing to say.
  private mutating func endComparison() {
    if session.can(.comparison) { ask(.compare(with: nil)) }
  }

  /// The model after or before the one that is loading or active. Models that failed are skipped, because one of them
  /// would block the way to those behind it; Enter in the list tries them again.
  private static func neighbour(in listings: [ModelListing], step: Int) -> String? {
    let present = listings.firstIndex { $0.state == .loading } ?? listings.firstIndex { $0.state == .active }
    var place = present ?? (step > 0 ? -1 : listings.count)
    for _ in listings {
      place = (place + step + listings.count) % listings.count
      if place != present, !listings[place].hasFailed { return listings[place].name }
    }
    return nil
  }
}
