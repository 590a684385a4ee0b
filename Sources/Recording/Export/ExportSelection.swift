import Capture
import Ground
import Perception

/// A moment of a recording as users write it.
public enum RecordingMoment: Sendable, Equatable {
  /// Seconds after the first picture.
  case seconds(Double)
  /// Nanoseconds since 1970.
  case wall(UInt64)

  /// "90", "90s", "2m", "1:30", "1:02:03" from the start of the recording, or "2026-11-30T14:05:20Z".
  ///
  /// - Throws: ``RecordingError``, kind `badArgument`.
  public init(parsing text: String) throws {
    if let wall = UTCText.nanoseconds(text) {
      self = .wall(wall)
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 1 else {
      self = .seconds(try RecordingUnits.seconds(text))
      return
    }
    let numbers = parts.compactMap { part in
      part.first.map { $0.isNumber } == true ? Double(part).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil } : nil
    }
    guard numbers.count == parts.count, parts.count <= 3, numbers.dropFirst().allSatisfy({ $0 < 60 }) else {
      throw RecordingError(
        .badArgument, "'\(text)' is not a moment of a recording",
        remedy: "write 90s, 1:30, 1:02:03 (from its start), or 2026-11-30T14:05:20Z")
    }
    self = .seconds(numbers.reduce(0) { $0 * 60 + $1 })
  }

  /// The log time of the moment in a recording that begins at `start`.
  func logTime(from start: UInt64) -> UInt64 {
    switch self {
    case .wall(let time): time
    case .seconds(let seconds):
      start.addingReportingOverflow(UInt64(saturating: max(0, min(1e9, seconds)) * 1e9)).partialValue
    }
  }
}

/// Which frames of a recording are exported, and which of their objects.
public struct ExportSelection: Sendable {
  /// The first moment; nil for the beginning.
  public var from: RecordingMoment?
  /// The last moment; nil for the end.
  public var to: RecordingMoment?
  /// Takes every n-th frame between the moments, beginning with the first.
  public var every = 1
  /// Takes only frames with objects of these labels, and only these objects; empty takes all.
  public var labels: Set<String> = []

  public init() {}

  /// The numbers of the chosen ones among frames with these log times, in their order.
  func frames(_ logTimes: [UInt64]) -> [Int] {
    guard let start = logTimes.first else { return [] }
    let (first, last) = (from?.logTime(from: start) ?? 0, to?.logTime(from: start) ?? .max)
    var chosen = logTimes.indices.filter { logTimes[$0] >= first && logTimes[$0] <= last }
    if every > 1 { chosen = chosen.enumerated().filter { $0.offset % every == 0 }.map(\.element) }
    return chosen
  }

  /// The objects that are taken along; nil where the frame is left out.
  func objects(_ detections: [Detection]) -> [Detection]? {
    guard !labels.isEmpty else { return detections }
    let found = detections.filter { labels.contains($0.label) }
    return found.isEmpty ? nil : found
  }
}
