import Capture
import Ground
import Pipeline

/// Why the picture on the screen must not be taken for what the camera sees now.
struct PictureTrouble {
  /// What it is and for how long: "NO SIGNAL 12.0 s".
  var title: String
  /// Its cause, and what is done about it.
  var cause: String

  /// nil while the picture is live.
  init?(_ context: PaneContext) {
    let snapshot = context.snapshot
    switch snapshot.sourceState {
    case .noSignal(let reason, let since):
      let seconds = context.now.milliseconds(since: since) / 1000
      title = "NO SIGNAL " + Text.duration(seconds: seconds)
      cause = reason
      return
    case .failed(let reason):
      title = "SOURCE FAILED"
      cause = reason
      return
    case .starting, .streaming, .ended: break
    }
    guard let age = Self.age(context), snapshot.sourceState != .ended, !snapshot.paused,
      snapshot.replay?.isPlaying ?? true, !snapshot.source.rests, age > Self.staleAge(context)
    else { return nil }
    title = "STALE " + Text.duration(seconds: age / 1000)
    cause = snapshot.stall.map { "the \($0.stage) does not respond" } ?? "no newer picture has arrived"
  }

  /// Milliseconds from when the picture came to be to now, plus half the round trip to the terminal where that
  /// is known; nil without a picture.
  static func age(_ context: PaneContext) -> Double? {
    context.result.map {
      max(0, context.now.milliseconds(since: $0.frame.captured)) + (context.own.roundTrip ?? 0) / 2
    }
  }

  /// Older pictures, in milliseconds, are stale whatever the source reports; slow cameras get three periods.
  private static func staleAge(_ context: PaneContext) -> Double {
    let rate = context.snapshot.source.framesPerSecond
    return max(1500, rate > 0 ? 3000 / rate : 0)
  }
}
