import Foundation
public import Inference

extension ModelStore {
  /// Everything wrong with a network, a line each; empty when it works: reads its manifest and file, compares its hash,
  /// runs it once on a grey picture and decodes what comes out.
  public func check(_ name: String, options: Network.Options = .init()) -> [String] {
    do {
      let model = try load(name, options: options)
      switch model {
      case .vision(let vision): return try check(vision)
      case .sequence(let sequence):
        let step = [Float](repeating: 0, count: sequence.featureCount)
        let classes = try sequence.classify([[Float]](repeating: step, count: sequence.length))
        return labelProblem(sequence.description, classes: classes.count)
      }
    } catch {
      return ["\(error)"]
    }
  }

  /// What would make a network that works more useful, a line each.
  public func advice(_ name: String) -> [String] {
    guard let description = try? describe(name), description.labels.isEmpty,
      ![.embedding, .depth].contains(description.task)
    else { return [] }
    return [
      "class names are not known, so classes are numbered: write 'labels' into "
        + Recognizer.manifestPath(description.path)
    ]
  }

  private func check(_ model: any VisionModel) throws -> [String] {
    guard let grey = Image.grey(640, 480) else { return [] }
    let (findings, _) = try model.perceive(grey, region: nil, minimumConfidence: nil)
    var problems: [String] = []
    let unknown = findings.classes.filter { !model.description.labels.indices.contains($0.classID) }
    if let first = unknown.first, !model.description.labels.isEmpty {
      problems.append(
        "\(model.description.path): class \(first.classID) has no name: \(model.description.labels.count) names are given"
      )
    }
    return problems
  }

  private func labelProblem(_ description: ModelDescription, classes: Int) -> [String] {
    guard !description.labels.isEmpty, description.labels.count != classes else { return [] }
    return ["\(description.path): \(classes) classes, but \(description.labels.count) names"]
  }
}
