/// A fault put on a healthy source on purpose, to try what the rest of the program makes of it.
public struct SourceFault: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// The same picture over and over, with new numbers and times.
    case freeze
    /// Nothing comes, and nothing says why.
    case stall
    /// The source says that it is gone.
    case disconnect
    /// Every other frame is missing from the sequence.
    case drops
    case noise
    case dark
    case overexposed
    case blur
    case cover
    case flicker
  }

  public var kind: Kind
  /// Seconds after the first frame.
  public var start: Double
  /// Seconds it lasts.
  public var duration: Double

  public init(_ kind: Kind, start: Double, duration: Double = 5) {
    self.kind = kind
    self.start = start
    self.duration = duration
  }

  /// From `KIND@START` or `KIND@START+DURATION` in seconds: `freeze@5s`, `noise@10s+3s`.
  public init(parsing text: String) throws(CaptureError) {
    let usage = "as in fault=freeze@5s or fault=noise@10s+3s"
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
    guard let kind = Kind(rawValue: parts[0]) else {
      let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw CaptureError(.badName, "no fault '\(parts[0])'", remedy: "one of \(kinds), \(usage)")
    }
    let times = (parts.count == 2 ? parts[1] : "").split(separator: "+", omittingEmptySubsequences: false).map {
      Double($0.hasSuffix("s") ? String($0.dropLast()) : String($0))
    }
    guard (1...2).contains(times.count), let start = times[0], start >= 0, start < 1e9,
      let duration = times.count == 2 ? times[1] : 5, duration > 0, duration < 1e9
    else { throw CaptureError(.badName, "'\(text)' says no time", remedy: usage) }
    self.init(kind, start: start, duration: duration)
  }

  /// Whether it is on, `seconds` after the first frame.
  func isActive(_ seconds: Double) -> Bool { seconds >= start && seconds < start + duration }
}
