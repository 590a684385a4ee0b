import Capture

/// Attaches the health of the picture to each frame, and reports when a complaint starts or clears. Capture thread only.
struct HealthWatch {
  private var monitor: PictureHealthMonitor
  /// For photos that stand alone: no next frame will tell whether it lasts.
  private var photos: PictureHealthMonitor
  private var complaints: [PictureComplaint] = []

  /// - Parameter isStill: a picture that repeats itself is not frozen.
  init(_ thresholds: PictureHealthThresholds, isStill: Bool) {
    monitor = PictureHealthMonitor(thresholds: thresholds, isStill: isStill)
    var atOnce = thresholds
    atOnce.holdSeconds = 0
    photos = PictureHealthMonitor(thresholds: atOnce, isStill: true)
  }

  /// - Returns: an event for each complaint that starts or clears; as a rule none.
  mutating func inspect(_ frame: inout Frame) -> [SessionEvent] {
    let health =
      frame.photo?.isAlone == true
      ? photos.observe(frame.image, at: frame.timestamp) : monitor.observe(frame.image, at: frame.timestamp)
    frame.health = health
    guard health.complaints != complaints else { return [] }
    let before = complaints
    complaints = health.complaints
    return complaints.filter { !before.contains($0) }.map {
      SessionEvent(severity: .warning, message: "the picture is \($0.words)")
    }
      + before.filter { !complaints.contains($0) }.map {
        SessionEvent(severity: .info, message: "the picture is no longer \($0.words)")
      }
  }
}
