import Capture

/// Attaches the health of the picture to each frame, and reports when a complaint starts or clears. Capture thread only.
struct HealthWatch {
  private var monitor: PictureHealthMonitor
  private var complaints: [PictureComplaint] = []

  init(_ monitor: PictureHealthMonitor) { self.monitor = monitor }

  /// - Returns: an event for each complaint that starts or clears; as a rule none.
  mutating func inspect(_ frame: inout Frame) -> [SessionEvent] {
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
