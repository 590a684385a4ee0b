import Capture
package import Ground
package import Perception
package import Pipeline
import Vision

/// One line of the detections list: an object over several frames.
package struct DetectionRow: Sendable {
  /// Stable while the object is tracked.
  package let key: Int
  package var detection: Detection
  /// Smoothed over the last frames.
  package var confidence: Double
  package var firstSeen: MonotonicTime
  package var lastSeen: MonotonicTime
  /// Whether it is in the newest frame.
  package var isPresent: Bool
  /// Its index in the newest frame's detections.
  package var index: Int?
}

/// The list of detections with hysteresis: objects keep their line while they are detected, lines change places only when
/// their order is clear, and the line of a lost object stays for a moment.
package struct DetectionRows: Sendable {
  /// How long a lost object stays in the list.
  private static let lingerMilliseconds = 700.0
  /// A line moves above another only when its confidence is higher by this.
  private static let clearlyBetter = 0.08
  /// Share of the newest confidence in the one that is shown.
  private static let newest = 0.3

  package private(set) var rows: [DetectionRow] = []
  private var nextKey = 1
  /// Tracks whose lines were removed, oldest first: one that comes back keeps its key, and so stays selected.
  private var gone: [DetectionRow] = []
  private static let remembered = 64

  package init() {}

  /// Drops every line: the picture that comes has nothing to do with those before it. Keys are not used again.
  package mutating func clear() {
    rows = []
    gone = []
  }

  package mutating func update(with result: FrameResult, order: DetectionOrder, now: MonotonicTime) {
    for i in rows.indices {
      rows[i].isPresent = false
      rows[i].index = nil
    }
    // Of a photo no other frame comes by which a confidence could settle.
    let share = result.frame.photo?.isAlone == true ? 1 : Self.newest
    for (index, detection) in result.findings.detections.enumerated() { place(detection, index, now, share) }
    forget(now: now)
    sort(by: order)
  }

  /// Drops the lines of objects that have been lost for long enough.
  package mutating func forget(now: MonotonicTime) {
    func isOver(_ row: DetectionRow) -> Bool {
      now.milliseconds(since: row.lastSeen) > Self.lingerMilliseconds && !row.isPresent
    }
    guard rows.contains(where: isOver) else { return }
    gone += rows.filter { isOver($0) && $0.detection.track != nil }
    gone.removeFirst(max(0, gone.count - Self.remembered))
    rows.removeAll(where: isOver)
  }

  private mutating func place(_ detection: Detection, _ index: Int, _ now: MonotonicTime, _ share: Double) {
    let raw = Double(detection.confidence)
    if let i = match(detection) {
      rows[i].detection = detection
      rows[i].confidence += (raw - rows[i].confidence) * share
      rows[i].lastSeen = now
      rows[i].isPresent = true
      rows[i].index = index
      return
    }
    if let i = gone.lastIndex(where: {
      detection.track != nil && $0.detection.track == detection.track && $0.detection.classID == detection.classID
    }) {
      var row = gone.remove(at: i)
      row.detection = detection
      row.confidence = raw
      row.lastSeen = now
      row.isPresent = true
      row.index = index
      rows.append(row)
      return
    }
    rows.append(
      DetectionRow(
        key: nextKey, detection: detection, confidence: raw, firstSeen: now, lastSeen: now, isPresent: true,
        index: index))
    nextKey += 1
  }

  /// The line of the same object: by its track, else by label and overlap.
  private func match(_ detection: Detection) -> Int? {
    if let track = detection.track { return rows.firstIndex { $0.detection.track == track && !$0.isPresent } }
    let candidates = rows.indices.filter {
      !rows[$0].isPresent && rows[$0].detection.track == nil && rows[$0].detection.classID == detection.classID
    }
    let best = candidates.max {
      rows[$0].detection.box.iou(detection.box) < rows[$1].detection.box.iou(detection.box)
    }
    return best.flatMap { rows[$0].detection.box.iou(detection.box) > 0.2 ? $0 : nil }
  }

  private mutating func sort(by order: DetectionOrder) {
    func belongsBefore(_ a: DetectionRow, _ b: DetectionRow) -> Bool {
      switch order {
      case .confidence: return a.confidence > b.confidence + Self.clearlyBetter
      case .label: return a.detection.label < b.detection.label
      case .age: return a.firstSeen < b.firstSeen
      case .size: return a.detection.box.area > b.detection.box.area * 1.2
      }
    }
    guard rows.count > 1 else { return }
    for i in 1..<rows.count {
      var k = i
      while k > 0, belongsBefore(rows[k], rows[k - 1]) {
        rows.swapAt(k, k - 1)
        k -= 1
      }
    }
  }
}
