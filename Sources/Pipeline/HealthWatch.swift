import Capture

/// Puts the health of the picture into each frame, and tells what begins and ends to be wrong with it. Capture thread only.
struct HealthWatch {
  private var monitor: PictureHealthMonitor
  private var complaints: [PictureComplaint] = []

  init(_ monitor: PictureHealthMonitor) { self.monitor = monitor }

  /// - Returns: events for what has changed; none, as a rule.
  mutating func look(at frame: inout Frame) -> [SessionEvent] {
    let health = monitor.observe(frame.image, at: frame.timestamp)
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
