import Ground
import Inference
import Vision

/// A network file with its recipe and its decoder: every vision model is one of these.
///
/// Used by one thread at a time, as ``VisionModel`` says; Sendable because it may move between threads.
final class NetworkModel: VisionModel, @unchecked Sendable {
  let description: ModelDescription
  private let network: any PreparedNetwork
  private let inputs: InputTensors
  private let decoder: any OutputDecoder
  private let suppression: Suppression
  private let confidence: Float
  private let top: Int
  private let skeleton: Skeleton?
  private var batching: Batching
  /// How many pictures the network takes at once, where its file fixes it; else 1.
  private let fixedBatch: Int
  private var converted: [Tensor] = []
  private let outputNames: [String]

  /// Whether crops run in batches.
  private enum Batching {
    case never
    /// The network's shapes leave the batch open; whether it keeps the pictures apart shows at the first batch.
    case untried
    case works
  }

  /// How many crops run at once where the network takes batches. One number, since every batch size has a plan and
  /// memory of its own; three crops run as four, fewer one by one.
  static let batchSize = 4

  init(network: any PreparedNetwork, plan: ModelPlan) throws {
    self.network = network
    description = plan.description.prepared(by: network)
    decoder = try plan.makeDecoder()
    inputs = try InputTensors(facts: plan.facts, recipe: plan.recipe, inputName: plan.inputName)
    suppression = plan.suppression
    confidence = plan.confidence
    top = plan.top
    skeleton = plan.skeleton
    fixedBatch = plan.facts.batch
    let picture = plan.facts.picture
    let port = picture.map { plan.facts.inputs[$0.index] }
    let isOpen =
      fixedBatch == 1 && port?.shape?.count == 4 && port?.shape?.first == .some(nil)
      && plan.facts.outputs.allSatisfy { ($0.shape?.count ?? 0) >= 2 && $0.shape?.first == .some(nil) }
    batching = isOpen ? .untried : .never
    outputNames = plan.facts.outputs.map(\.name)
    if fixedBatch > 1, try !TrialRun.keepsPicturesApart(network, inputs, batch: fixedBatch) {
      throw PerceptionError(
        .notUnderstood,
        "the network takes a batch of \(fixedBatch) pictures, and the answer to one depends on the others",
        place: description.path, remedy: "export it with a batch of 1")
    }
  }

  /// Whether several crops can run at once; tries it the first time.
  private func batches() -> Bool {
    if case .untried = batching {
      // The reason is dropped because the crops then run one by one, which needs no batch.
      let isApart = try? TrialRun.keepsPicturesApart(network, inputs, batch: NetworkModel.batchSize)
      batching = isApart == true ? .works : .never
    }
    if case .works = batching { return true }
    return false
  }

  func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
    let regions = [Box?](repeating: region, count: fixedBatch)
    let (findings, times) = try run(image, regions, keeping: 1, minimumConfidence)
    return (findings.first ?? Findings(), times)
  }

  func perceive(_ image: Image, regions: [Box], minimumConfidence: Float?) throws -> ([Findings], StageTimes) {
    var all: [Findings] = []
    var sum = StageTimes()
    var start = 0
    while start < regions.count {
      let left = regions.count - start
      let size = left >= NetworkModel.batchSize - 1 && batches() ? NetworkModel.batchSize : fixedBatch
      var part: [Box?] = regions[start..<min(start + size, regions.count)].map { $0 }
      let count = part.count
      while part.count < size { part.append(part[count - 1]) }
      let (findings, times) = try run(image, part, keeping: count, minimumConfidence)
      all += findings
      sum += times
      start += count
    }
    return (all, sum)
  }

  /// Runs the network on all regions at once and decodes the first `count`.
  private func run(
    _ image: Image, _ regions: [Box?], keeping count: Int, _ minimum: Float?
  ) throws -> ([Findings], StageTimes) {
    let began = MonotonicTime.now
    let (tensors, placements) = try inputs.fill(image, regions: regions)
    let prepared = MonotonicTime.now
    let outputs = try network.run(tensors)
    let inferred = MonotonicTime.now
    converted.removeAll(keepingCapacity: true)
    for output in outputs { converted.append(try FloatConversion.float32(output)) }
    var findings: [Findings] = []
    // The views below point into these tensors.
    try withExtendedLifetime(converted) {
      for (index, placement) in placements.prefix(count).enumerated() {
        let views = try converted.map { tensor in
          try regions.count == 1 ? FloatView(tensor) : FloatView(tensor, item: index, of: regions.count)
        }
        findings.append(try decode(views, placement, image, minimum))
      }
    }
    let decoded = MonotonicTime.now
    let times = StageTimes(
      preprocess: prepared.nanoseconds(since: began), inference: inferred.nanoseconds(since: prepared),
      postprocess: decoded.nanoseconds(since: inferred))
    return (findings, times)
  }

  private func decode(
    _ views: [FloatView], _ placement: Placement, _ image: Image, _ minimum: Float?
  ) throws -> Findings {
    let context = DecodingContext(
      placement: placement, frameWidth: image.width, frameHeight: image.height, labels: description.labels,
      confidence: description.task.detects ? minimum ?? confidence : confidence, suppression: suppression, top: top)
    var findings = Findings()
    do {
      try checkNumbers(views)
      try decoder.decode(views, context, into: &findings)
      if let skeleton {
        for index in findings.detections.indices where !findings.detections[index].keypoints.isEmpty {
          findings.detections[index].skeleton = skeleton
        }
      }
    } catch var error as PerceptionError {
      if error.place.isEmpty { error.place = description.path }
      throw error
    }
    return findings
  }

  /// An output without one number says that the network failed, not that there is nothing in the picture.
  private func checkNumbers(_ views: [FloatView]) throws {
    for (index, view) in views.enumerated() where view.holdsNoNumber {
      let name = outputNames.indices.contains(index) ? " '\(outputNames[index])'" : ""
      throw PerceptionError(
        .badOutput, "output\(name) holds no number, only NaN", remedy: "export the network in float32")
    }
  }
}
