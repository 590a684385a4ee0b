import Ground
import Perception
import Vision

/// A network on the crops of a frame's objects: a classifier, an embedder or a pose network, at its own rate.
///
/// An answer stays with its track until the next one, so that what is shown does not flicker where the stage runs on every
/// n-th frame or once for each new track.
final class CropStage: Stage {
  static let definition = StageDefinition(
    kind: "crops", summary: "a network on the crops of objects", isPrimary: false, prepare: prepare)

  private static func prepare(_ spec: StageSpec, _ id: StageID, _ loader: StageLoader) throws -> PreparedStage {
    let (model, embeds) = try loader.vision(spec)
    let task = model.description.task
    guard [.classification, .embedding, .pose].contains(task) else {
      throw PerceptionError(
        .badInput, "a \(task.rawValue) network has no place on crops", place: model.description.path,
        remedy: "a stage runs a classifier, an embedder, a pose network or a sequence network")
    }
    return PreparedStage(
      id: id, kind: definition.kind, spec: spec, model: model.description, embedder: embeds ? model : nil
    ) { CropStage(id, spec, model: model) }
  }

  /// Enlargement of a crop on each side where neither stage nor network wishes one, as a share of the box.
  private static let usualMargin: Float = 0.1

  private let id: StageID
  private let spec: StageSpec
  private let model: any VisionModel
  private let name: String
  private let margin: Float
  private var answers = TrackMemory<[Layer]>()
  private var lastRun: MonotonicTime?
  // Kept between frames for their memory.
  private var chosen: [Int] = []
  private var regions: [Box] = []

  init(_ id: StageID, _ spec: StageSpec, model: any VisionModel) {
    self.id = id
    self.spec = spec
    self.model = model
    name = model.description.name
    margin = spec.margin ?? model.description.cropMargin ?? CropStage.usualMargin
  }

  /// Attaches the network's answers to the objects that the stage wants, those of earlier frames included.
  ///
  /// Detections are best first: the cap keeps the most confident.
  func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes? {
    chosen.removeAll(keepingCapacity: true)
    regions.removeAll(keepingCapacity: true)
    if spec.isDue(frame: frame.number, secondsSinceLastRun: frame.seconds(since: lastRun)) {
      choose(from: findings.detections, width: frame.image.width, height: frame.image.height)
    }
    defer { recall(for: &findings.detections, number: frame.number) }
    guard !chosen.isEmpty else { return nil }
    lastRun = frame.time
    var (answers, times) = try model.perceive(frame.image, regions: regions, minimumConfidence: nil)
    for (place, index) in chosen.enumerated() where answers.indices.contains(place) {
      // In place: the answer's memory becomes the object's.
      answers[place].sign(by: id, model: name)
      let layers = layers(of: answers[place])
      // A recording may bring what this stage said then.
      findings.detections[index].attributes.removeAll { $0.stage == id }
      findings.detections[index].attributes.add(layers)
      if let track = findings.detections[index].track {
        self.answers.remember(layers, of: track, frame: frame.number)
      }
    }
    return times
  }

  func reset() {
    answers.forgetAll()
    lastRun = nil
  }

  /// What an answer says of its object: its layers, and the most confident pose in the crop.
  private func layers(of answer: Findings) -> [Layer] {
    var layers = answer.layers
    if layers.contains(where: Self.isEmpty) { layers.removeAll(where: Self.isEmpty) }
    if let found = answer.detections.first, !found.keypoints.isEmpty {
      layers.append(Layer(Pose(found.keypoints, skeleton: found.skeleton), by: id))
    }
    return layers
  }

  private static func isEmpty(_ layer: Layer) -> Bool { (layer.content as? Classes)?.list.isEmpty == true }

  private func choose(from detections: [Detection], width: Int, height: Int) {
    for (index, detection) in detections.enumerated() where spec.wants(detection) {
      if chosen.count == spec.maximumCrops { return }
      if spec.newTracksOnly, let track = detection.track, answers.has(track) { continue }
      guard let region = crop(detection.box, width: width, height: height) else { continue }
      chosen.append(index)
      regions.append(region)
    }
  }

  /// Gives the objects that were not looked at the last answer for their track.
  private func recall(for detections: inout [Detection], number: UInt64) {
    for index in detections.indices {
      guard let track = detections[index].track, let layers = answers.recall(track, frame: number),
        !detections[index].attributes.contains(where: { $0.stage == id })
      else { continue }
      detections[index].attributes.add(layers)
    }
    answers.sweep(frame: number)
  }

  /// The enlarged box inside the frame, or nil when less than four pixels a side are left.
  private func crop(_ box: Box, width: Int, height: Int) -> Box? {
    let dx = box.width * margin
    let dy = box.height * margin
    let enlarged = Box(left: box.x - dx, top: box.y - dy, right: box.right + dx, bottom: box.bottom + dy)
      .clipped(width: width, height: height)
    return enlarged.width >= 4 && enlarged.height >= 4 ? enlarged : nil
  }
}
