package import Perception

/// Class confidences as smoothed bars.
package struct ClassBars: Sendable {
  package struct Bar: Sendable {
    package var label: String
    package var raw: Double
    package var smoothed: Double
  }

  /// The classified object: "person #4", "whole picture".
  package private(set) var subject = ""
  package private(set) var bars: [Bar] = []

  package init() {}

  package mutating func update(subject: String, classes: [Classification]) {
    if subject != self.subject {
      self.subject = subject
      bars.removeAll(keepingCapacity: true)
    }
    let isFirst = bars.isEmpty
    for i in bars.indices {
      bars[i].raw = 0
    }
    for each in classes.prefix(20) {
      let raw = each.confidence.isFinite ? Double(each.confidence) : 0
      if let i = bars.firstIndex(where: { $0.label == each.label }) {
        bars[i].raw = raw
      } else {
        bars.append(Bar(label: each.label, raw: raw, smoothed: isFirst ? raw : 0))
      }
    }
    for i in bars.indices { bars[i].smoothed += (bars[i].raw - bars[i].smoothed) * 0.25 }
    bars.removeAll { $0.smoothed < 0.002 && $0.raw == 0 }
    bars.sort { $0.smoothed > $1.smoothed }
    if bars.count > 40 { bars.removeLast(bars.count - 40) }
  }
}
