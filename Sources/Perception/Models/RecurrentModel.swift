import Glibc
import Ground
import Inference

/// A sequence network from a file: input [1, steps, features], output [1, classes].
///
/// Used by one thread at a time; Sendable because it may move between threads.
final class RecurrentModel: SequenceModel, @unchecked Sendable {
  let description: ModelDescription
  let length: Int
  let featureCount: Int
  private let batch: Int
  private let activation: ClassifierDecoder.Activation
  private let network: any PreparedNetwork
  private let wanted: [SequenceFeature]
  private var order: [Int32] = []

  /// The step count and the features a step of a network over sequences; nil if it is none.
  static func shape(_ facts: NetworkFacts) -> (length: Int?, features: Int, batch: Int)? {
    guard facts.picture == nil, facts.inputs.count == 1, let shape = facts.inputs[0].shape, shape.count == 3,
      facts.inputs[0].type == .float32, let features = shape[2], case let batch = shape[0] ?? 1,
      (1...4096).contains(batch),
      let output = facts.outputs.first?.shape, ClassifierDecoder.classCount(output) != nil
    else { return nil }
    return (shape[1], features, batch)
  }

  /// What is known of a network over sequences before it runs.
  struct Description {
    var description: ModelDescription
    /// Steps.
    var length: Int
    var features: [SequenceFeature]
    /// Numbers a step.
    var featureCount: Int
    /// How many sequences the network takes at once, where its file fixes it; else 1.
    var batch: Int
    /// What the numbers of its output are; nil where the engine cannot tell.
    var activation: OutputActivation?
  }

  /// What the file and the manifest say about it.
  static func describe(
    _ facts: NetworkFacts, path: String, fileBytes: Int, manifest: Manifest?
  ) throws -> Description {
    guard let shape = shape(facts) else { throw Recognizer.notUnderstood(facts, path: path) }
    guard let length = shape.length ?? manifest?.sequence?.length else {
      throw PerceptionError(
        .notUnderstood, "the network leaves the number of steps open", place: path,
        remedy: "write 'length = 16' under [sequence] in \(Recognizer.manifestPath(path))")
    }
    if let fixed = shape.length, let said = manifest?.sequence?.length, fixed != said {
      throw PerceptionError(
        .badManifest, "field 'sequence.length' is \(said), but the network takes \(fixed) steps",
        place: manifest?.path ?? path)
    }
    let names = manifest?.sequence?.features
    // Without a manifest: the usual five numbers of a box, or else the crop's feature vector.
    let usual = shape.features == SequenceFeature.usual.count ? SequenceFeature.usual : [.embedding]
    let features = names?.compactMap(SequenceFeature.init(rawValue:)) ?? usual
    let singles = features.count { $0 != .embedding }
    let vectors = features.count - singles
    guard vectors == 0 ? shape.features == singles : vectors == 1 && shape.features > singles else {
      throw PerceptionError(
        .notUnderstood, "the network takes \(shape.features) numbers a step, but \(features.count) are named",
        place: path, remedy: "list them as 'features' under [sequence] in \(Recognizer.manifestPath(path))")
    }
    let input = facts.inputs[0].name
    var description = ModelDescription(
      name: facts.name, task: .sequence, path: path, fileBytes: fileBytes, inputWidth: 0, inputHeight: 0,
      labels: LabelSets.shown(manifest?.labels ?? []), decoder: "sequence", license: manifest?.license ?? "",
      reasons: [
        "input '\(input)' of \(length) steps with \(shape.features) numbers: a network over sequences",
        "a step is \(features.map(\.rawValue).joined(separator: ", "))",
      ])
    description.add(LabelSets.warnings(manifest?.labels ?? []) + facts.problems)
    return Description(
      description: description, length: length, features: features, featureCount: shape.features,
      batch: shape.batch, activation: facts.outputs.first?.activation)
  }

  init(network: any PreparedNetwork, _ known: Description) {
    self.network = network
    description = known.description.prepared(by: network)
    length = known.length
    featureCount = known.featureCount
    batch = known.batch
    activation = .init(of: known.activation)
    wanted = known.features
  }

  func features(of detection: Detection, frameWidth: Int, frameHeight: Int) -> [Float] {
    var step: [Float] = []
    step.reserveCapacity(featureCount)
    for feature in wanted {
      guard feature.append(of: detection, frameWidth: frameWidth, frameHeight: frameHeight, to: &step) else {
        return []
      }
    }
    return step
  }

  func classify(_ steps: [[Float]]) throws -> [Classification] {
    guard steps.count == length, steps.allSatisfy({ $0.count == featureCount }) else {
      throw PerceptionError(
        .badInput, "\(steps.count) steps given, \(length) of \(featureCount) numbers wanted", place: description.path)
    }
    // All sequences of a fixed batch are this one; the first answer counts.
    let sequence = steps.flatMap { $0 }
    let values = [[Float]](repeating: sequence, count: batch).flatMap { $0 }
    let outputs = try network.run([Tensor([batch, length, featureCount], values)])
    guard let first = outputs.first, first.count >= batch else {
      throw PerceptionError(.badOutput, "no output", place: description.path)
    }
    let all = try FloatConversion.float32(first).array(of: Float.self)
    var scores = try all.prefix(all.count / batch).map { try Activations.score($0) }
    Activations.apply(activation, to: &scores)
    return ClassifierDecoder.best(scores, count: scores.count, minimum: 0, scratch: &order) { index in
      description.labels.indices.contains(index) ? description.labels[index] : "class \(index)"
    }
  }
}
