/// Order of the detections.
package enum DetectionOrder: String, CaseIterable, Sendable {
  case confidence, label, age, size
}
