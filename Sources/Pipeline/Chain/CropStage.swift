import Ground
import Perception
import Vision

/// A stage that looks at the crops of a frame's detections: a classifier, an embedder or a pose network, at its own rate.
///
/// An answer stays with its track until the next one, so that what is shown does not flicker where the stage runs on every
/// n-th frame or once for each new track.
final class CropStage: StageRunner {
  /// What the network said of a track.
  private struct Answer {
    var classes: [Classification]
    var embedding: [Float]?
    /// Of the surest pose in the crop.
    var keypoints: [Keypoint]
    var lastSeen: UInt64
  }

  /// A track that has not been seen for this many frames is forgotten.
  private static let patience: UInt64 = 90
  /// Enlargement of a crop on each side where neither stage nor network wishes one, as a share of the box.
  private static let usualMargin: Float = 0.1

  private let stage: ChainStage
  private let model: any VisionModel
  private let margin: Float
  private let isEmbedder: Bool
  private var answers: [Int: Answer] = [:]
  private var lastRun: MonotonicTime?
  // Kept between frames for their memory.
  private var chosen: [Int] = []
  private var regions: [Box] = []

  init(_ stage: ChainStage, model: any VisionModel) {
    self.stage = stage
    self.model = model
    isEmbedder = model.description.task == .embedding
    margin = stage.margin ?? model.description.cropMargin ?? CropStage.usualMargin
  }

  /// Writes the `classes` and `embedding` of the detections that the stage wants, those of earlier frames included.
  ///
  /// Detections are best first: the cap keeps the most confident.
  func run(on detections: inout [Detection], of frame: StageFrame, latency: inout FrameLatency) throws {
    chosen.removeAll(keepingCapacity: true)
    regions.removeAll(keepingCapacity: true)
    if stage.isDue(frame: frame.number, secondsSinceLastRun: frame.seconds(since: lastRun)) {
      choose(from: detections, width: frame.image.width, height: frame.image.height)
    }
    defer { recall(for: &detections, number: frame.number) }
    guard !chosen.isEmpty else { return }
    lastRun = frame.time
    let (findings, times) = try model.perceive(frame.image, regions: regions, minimumConfidence: nil)
    for (index, found) in zip(chosen, findings) {
      let answer = Answer(
        classes: found.classes, embedding: found.embedding, keypoints: found.detections.first?.keypoints ?? [],
        lastSeen: frame.number)
      write(answer, to: &detections[index])
      if let track = detections[index].track { answers[track] = answer }
    }
    if isEmbedder { latency.embedder += times } else { latency.classifier += times }
  }

  private func choose(from detections: [Detection], width: Int, height: Int) {
    for (index, detection) in detections.enumerated() where stage.wants(detection) {
      if chosen.count == stage.maximumCrops { return }
      if stage.newTracksOnly, let track = detection.track, answers[track] != nil { continue }
      guard let region = crop(detection.box, width: width, height: height) else { continue }
      chosen.append(index)
      regions.append(region)
    }
  }

  /// Gives the detections that were not looked at the last answer for their track.
  private func recall(for detections: inout [Detection], number: UInt64) {
    for index in detections.indices {
      guard let track = detections[index].track, let slot = answers.index(forKey: track) else { continue }
      answers.values[slot].lastSeen = number
      write(answers.values[slot], to: &detections[index])
    }
    if number % 32 == 0 {
      answers = answers.filter { number - $0.value.lastSeen < CropStage.patience }
    }
  }

  private func write(_ answer: Answer, to detection: inout Detection) {
    if !answer.classes.isEmpty { detection.classes = answer.classes }
    if !answer.keypoints.isEmpty { detection.keypoints = answer.keypoints }
    if let embedding = answer.embedding {
      detection.embedding = embedding
      detection.embeddingModel = model.description.name
    }
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
