import Foundation
import Ground
public import Inference
import Vision

/// The result of trying a network out.
public struct ModelReport: Sendable {
  /// Everything wrong with the network, one line each; empty when it works.
  public var problems: [String] = []
  /// Why it runs slower than it could, one line each: no plan, or operators without a kernel.
  public var slowPaths: [String] = []
  /// Whether its file is in order but the network neither finds nor names things in pictures.
  public var isForeign = false
  /// ``ModelDescription/assumesPreprocessing``.
  public var assumesPreprocessing = false
}

extension ModelStore {
  /// Tries a network out: reads its manifest and file, compares its hash, runs it once on a grey picture and decodes the
  /// outputs.
  public func inspect(_ name: String, options: NetworkOptions = .init()) -> ModelReport {
    var report = ModelReport()
    do {
      let found = try locate(name)
      let network = try verified(found, options: options)
      switch try model(network, found) {
      case .vision(let vision):
        report.assumesPreprocessing = vision.description.assumesPreprocessing
        report.problems = try check(vision)
      case .sequence(let sequence):
        let step = [Float](repeating: 0, count: sequence.featureCount)
        let classes = try sequence.classify([[Float]](repeating: step, count: sequence.length))
        report.problems = labelProblem(sequence.description, classes: classes.count)
      }
      report.slowPaths = network.execution.summary
    } catch {
      report.problems = ["\(error)"]
      report.isForeign = (error as? PerceptionError)?.kind == .notUnderstood
    }
    return report
  }

  /// The manifest to begin with for a network that is not understood, where one could settle it: its path and its lines.
  public func manifestProposal(_ name: String) -> (path: String, text: String)? {
    // Why it cannot be read is said by `describe`.
    guard let found = try? locate(name), let header = try? NetworkHeader(path: found.path) else { return nil }
    let facts = NetworkFacts(
      name: found.name, inputs: header.inputs, outputs: header.outputs, metadata: header.metadata,
      producer: header.producer)
    guard Recognizer.foreignness(of: facts) == nil else { return nil }
    return (Recognizer.manifestPath(found.path), Recognizer.exampleManifest(facts))
  }

  /// The problems of ``inspect(_:options:)`` alone.
  public func check(_ name: String, options: NetworkOptions = .init()) -> [String] {
    inspect(name, options: options).problems
  }

  /// What would make a network that works more useful, one line each.
  public func advice(_ name: String) -> [String] {
    // Why it cannot be read is said by `describe`.
    guard let description = try? describe(name) else { return [] }
    var lines: [String] = []
    if description.labels.isEmpty, ![.embedding, .depth].contains(description.task) {
      lines.append(
        "class names are not known, so classes are numbered: write 'labels' into "
          + Recognizer.manifestPath(description.path))
    }
    if description.assumesPreprocessing {
      lines.append(
        "how pictures are prepared for it is assumed: [input] in \(Recognizer.manifestPath(description.path)) settles it"
      )
    }
    return lines
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
