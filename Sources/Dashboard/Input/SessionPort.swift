import Perception
package import Pipeline

/// Something that the dashboard asks of the session.
enum SessionRequest {
  case selectDetector(String)
  /// nil: no classifier.
  case selectClassifier(String?)
  case setMinimumConfidence(Float)
  case setPaused(Bool)
  case setRecording(Bool)
  case savePhoto
  /// The detector to compare the active one with; nil ends the comparison.
  case compare(String?)
  case setLabels([String])
  case markReference(Detection, of: FrameResult, name: String)
  /// Seconds from the start.
  case seek(Double)
  /// Frames; negative ones go back.
  case step(Int)
  case setPlaying(Bool)
  /// Times real time.
  case setSpeed(Double)
}

/// The one place where the dashboard meets the session: reads its snapshot and sends it requests.
package struct SessionPort: Sendable {
  /// Something that not every session can do.
  enum Ability {
    case recording, photos, comparison, labels, references, replay

    /// Tells the user why a key has no effect.
    var refusal: String {
      switch self {
      case .recording: "this session cannot record"
      case .photos: "this session cannot save photos"
      case .comparison: "this session cannot compare models"
      case .labels: "this session cannot classify by typed labels"
      case .references: "this session cannot remember detections"
      case .replay: "a live source cannot be stepped or sought through"
      }
    }
  }

  private let session: any SessionControl

  package init(_ session: any SessionControl) { self.session = session }

  func snapshot() -> SessionSnapshot { session.snapshot() }

  /// Calls `body` on any thread whenever the session has another picture; nil ends that.
  func whenPictureChanges(_ body: (@Sendable () -> Void)?) { session.whenPictureChanges(body) }

  func can(_ ability: Ability) -> Bool {
    switch ability {
    case .recording: session.recorder != nil
    case .photos: session.photographer != nil
    case .comparison: session.comparison != nil
    case .labels: session.labeller != nil
    case .references: session.memory != nil
    case .replay: session.replay != nil
    }
  }

  /// Sends a request; returns the ability that the session lacks for it, or nil when it was sent.
  func send(_ request: SessionRequest) -> Ability? {
    switch request {
    case .selectDetector(let name): session.selectDetector(name)
    case .selectClassifier(let name): session.selectClassifier(name)
    case .setMinimumConfidence(let value): session.setMinimumConfidence(value)
    case .setPaused(let isPaused): session.setPaused(isPaused)
    case .setRecording(let isOn): return ask(session.recorder, for: .recording) { $0.setRecording(isOn) }
    case .savePhoto: return ask(session.photographer, for: .photos) { $0.savePhoto() }
    case .compare(let name): return ask(session.comparison, for: .comparison) { $0.compare(with: name) }
    case .setLabels(let labels): return ask(session.labeller, for: .labels) { $0.setLabels(labels) }
    case .markReference(let detection, let result, let name):
      return ask(session.memory, for: .references) { $0.markReference(detection, of: result, name: name) }
    case .seek(let seconds): return ask(session.replay, for: .replay) { $0.seek(to: seconds) }
    case .step(let frames): return ask(session.replay, for: .replay) { $0.step(by: frames) }
    case .setPlaying(let isPlaying): return ask(session.replay, for: .replay) { $0.setPlaying(isPlaying) }
    case .setSpeed(let speed): return ask(session.replay, for: .replay) { $0.setSpeed(speed) }
    }
    return nil
  }

  private func ask<Control>(_ control: Control?, for ability: Ability, _ body: (Control) -> Void) -> Ability? {
    guard let control else { return ability }
    body(control)
    return nil
  }
}
