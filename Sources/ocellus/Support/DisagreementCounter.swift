import Capture
import Ground
import Perception
import Pipeline
import Synchronization

/// A second detector on every frame of a session without a front, and how far the two agree.
///
/// It runs on the pipeline's thread: a count over a recording is to cover every frame, and nobody is waiting.
final class DisagreementCounter: ResultConsumer {
  private struct State {
    var agreement = DetectionAgreement()
    var failure: String?
  }

  private let model: any VisionModel
  private let minimumConfidence: Float
  private let state = Mutex(State())

  init(_ model: any VisionModel, minimumConfidence: Float) {
    self.model = model
    self.minimumConfidence = minimumConfidence
  }

  func receive(_ result: FrameResult) {
    do {
      let (findings, _) = try model.perceive(result.frame.image, region: nil, minimumConfidence: minimumConfidence)
      state.withLock { $0.agreement.add(result.findings.detections, findings.detections) }
    } catch {
      let reason = "\(error)"
      state.withLock { $0.failure = reason }
    }
  }

  func receive(_ event: SessionEvent) {}

  /// What came of it, in a line.
  var summary: String {
    let (count, failure) = state.withLock { ($0.agreement, $0.failure) }
    if let failure { return "the comparison with \(model.description.name) failed: \(failure)" }
    return "compared with \(model.description.name) on \(count.frames) frames, \(count.differingFrames) differ: "
      + "\(count.agreed) objects found by both, \(count.onlyFirst) only by the first, "
      + "\(count.onlySecond) only by \(model.description.name)"
  }
}
