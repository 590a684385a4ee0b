import Capture
import Ground
import Perception

/// The picture of a source that delivers no other: a photo. It is looked at again once something else can be seen in it.
/// Pipeline thread only.
struct RestingPicture {
  /// With what a picture was looked at.
  struct View: Equatable {
    /// Of the stages.
    var generation: Int
    var minimumConfidence: Float
    var prompts: [Prompt]
    /// ``SessionState/looks``.
    var looks: Int
  }

  private var kept: (frame: Frame, view: View)?

  mutating func keep(_ frame: Frame, seenIn view: View) { kept = (frame, view) }

  /// The picture as a frame of this moment, that nothing remembered is about; nil where it would look the same, or where
  /// there is none.
  func again(in view: View) -> (frame: Frame, arrived: MonotonicTime)? {
    guard let kept, kept.view != view else { return nil }
    var frame = kept.frame
    frame.timestamp = .now
    frame.captured = frame.timestamp
    frame.timeline &+= 1
    frame.captureNanoseconds = 0
    frame.decodeNanoseconds = 0
    return (frame, frame.captured)
  }
}
