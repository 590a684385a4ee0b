/// The panes, numbered by their keys.
package enum PaneID: Int, CaseIterable, Sendable {
  case picture = 1
  case detections, classes, latency, rates, models, recording, events

  /// Whether it shows what was found in the frame, which is old when the picture is.
  var showsTheFrame: Bool {
    switch self {
    case .detections, .classes, .latency: true
    case .picture, .rates, .models, .recording, .events: false
    }
  }

  package var title: String {
    switch self {
    case .picture: "picture"
    case .detections: "detections"
    case .classes: "classifier"
    case .latency: "latency"
    case .rates: "rates"
    case .models: "models"
    case .recording: "recording"
    case .events: "events"
    }
  }

  var box: ThemeColor {
    switch self {
    case .picture: .pictureBox
    case .detections: .detectionsBox
    case .classes: .classesBox
    case .latency: .latencyBox
    case .rates: .ratesBox
    case .models: .modelsBox
    case .recording: .recordingBox
    case .events: .eventsBox
    }
  }
}
