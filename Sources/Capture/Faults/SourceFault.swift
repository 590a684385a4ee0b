public import Ground

/// A fault put on a healthy source on purpose, to try what the rest of the program makes of it.
public struct SourceFault: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// The same picture over and over, with new numbers and times.
    case freeze
    /// Nothing comes, and nothing says why.
    case stall
    /// The source says that it is gone, and later that it is back.
    case disconnect
    /// The source gives up with an error.
    case fail
    /// The source comes to its end.
    case end
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

  /// From `KIND@START`, `KIND@START+DURATION` or `KIND@START-END` in seconds: `freeze@5s`, `noise@10s+3s`, `dark@5s-8s`.
  public init(parsing text: String) throws(CaptureError) {
    let usage = "as in fault=freeze@5s, fault=noise@10s+3s or fault=dark@5s-8s"
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
    guard let kind = Kind(rawValue: parts[0]) ?? Self.otherNames[parts[0]] else {
      let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw CaptureError(.badName, "no fault '\(parts[0])'", remedy: "one of \(kinds), \(usage)")
    }
    let span = parts.count == 2 ? parts[1] : ""
    let isDuration = span.contains("+")
    let times = span.split(separator: isDuration ? "+" : "-", omittingEmptySubsequences: false).map(Self.seconds)
    guard (1...2).contains(times.count), let start = times[0], let second = times.count == 2 ? times[1] : start + 5
    else { throw CaptureError(.badName, "'\(text)' says no time", remedy: usage) }
    let duration = isDuration ? second : second - start
    guard duration > 0 else { throw CaptureError(.badName, "'\(text)' is over before it begins", remedy: usage) }
    self.init(kind, start: start, duration: duration)
  }

  /// What people also call them.
  private static let otherNames: [String: Kind] = ["unplug": .disconnect, "black": .cover]

  private static func seconds(_ text: Substring) -> Double? {
    guard let value = Double(text.hasSuffix("s") ? text.dropLast() : text), value >= 0, value < 1e9 else { return nil }
    return value
  }

  /// Whether it is on, `seconds` after the first frame.
  func isActive(_ seconds: Double) -> Bool { seconds >= start && seconds < start + duration }
}
