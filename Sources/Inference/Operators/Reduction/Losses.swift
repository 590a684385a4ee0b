import Glibc
import Ground

/// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: exported training graphs carry them, evaluation uses them.
enum LossOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("NegativeLogLikelihoodLoss") { attributes in
      let settings = try LossSettings(attributes)
      return { x in try settings.loss(try x.tensor(0), try x.tensor(1), weight: try x.optionalTensor(2)) }
    },
    .tensors("SoftmaxCrossEntropyLoss") { attributes in
      let settings = try LossSettings(attributes)
      return { x in
        let scores = try x.tensor(0)
        try require(scores.rank >= 2, "scores need a class axis, the shape is \(scores.shape)")
        let logarithms = try SoftmaxOperators.apply(.logSoftmax, scores, axis: 1)
        let loss = try settings.loss(logarithms, try x.tensor(1), weight: try x.optionalTensor(2))
        return [loss, logarithms]
      }
    },
  ]
}

private struct LossSettings: Sendable {
  enum Reduction: String { case none, mean, sum }
  let reduction: Reduction
  let ignored: Int?

  init(_ attributes: NodeAttributes) throws {
    let name = try attributes.string("reduction", default: "mean")
    guard let reduction = Reduction(rawValue: name) else {
      throw InferenceError(.badAttribute, "unknown reduction '\(name)'")
    }
    self.reduction = reduction
    ignored = try attributes.int("ignore_index")
  }

  /// Log-probabilities (batch, classes, places…) against labels (batch, places…).
  func loss(_ x: Tensor, _ labels: Tensor, weight: Tensor?) throws -> Tensor {
    try require(
      x.rank >= 2 && labels.shape == [x.shape[0]] + x.shape[2...], "labels of shape \(labels.shape) for \(x.shape)")
    let (classes, places) = (x.shape[1], x.shape[2...].reduce(1, *))
    let weights = try weight?.doubles()
    try require(weights == nil || weights?.count == classes, "a weight for each of \(classes) classes is needed")
    let numbers = try x.doubles()
    let targets = try labels.integers()
    var losses = [Double](repeating: 0, count: targets.count)
    var total = 0.0
    for (index, label) in targets.enumerated() where label != ignored {
      guard label >= 0 && label < classes else {
        throw InferenceError(.badInput, "label \(label) among \(classes) classes")
      }
      let weight = weights?[label] ?? 1
      let place = (index / places * classes + label) * places + index % places
      losses[index] = -numbers[place] * weight
      total += weight
    }
    switch reduction {
    case .none: return try Tensor(labels.shape, losses).converted(to: x.type)
    case .sum: return try Tensor(scalar: losses.reduce(0, +)).converted(to: x.type)
    case .mean: return try Tensor(scalar: losses.reduce(0, +) / total).converted(to: x.type)
    }
  }
}
