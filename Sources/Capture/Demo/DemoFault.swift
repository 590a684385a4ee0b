/// A trouble that the demo scene plays on request, to try what a dashboard makes of it: `fault=unplug@5s-8s`.
public struct DemoFault: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Pictures go on coming, but are all the same.
    case freeze
    /// Pictures go on coming, but are black: a covered lens.
    case black
    /// No pictures come, and nothing says why.
    case stall
    /// The source says that it has no signal, and later that it is back.
    case unplug
    /// The source gives up with an error.
    case fail
    /// The source comes to its end.
    case end
  }

  public var kind: Kind
  /// Seconds from the first frame.
  public var start: Double
  public var end: Double

  /// Seconds that a fault lasts when its end is not given.
  static let usualDuration = 3.0

  /// Reads `KIND@STARTs` or `KIND@STARTs-ENDs`; nil where the text is neither.
  init?(_ text: String) {
    let halves = text.split(separator: "@", omittingEmptySubsequences: false)
    guard halves.count == 2, let kind = Kind(rawValue: String(halves[0])) else { return nil }
    let times = halves[1].split(separator: "-", omittingEmptySubsequences: false).map(Self.seconds)
    guard (1...2).contains(times.count), let start = times[0] else { return nil }
    guard let end = times.count == 2 ? times[1] : start + Self.usualDuration, end > start else { return nil }
    self.kind = kind
    self.start = start
    self.end = end
  }

  private static func seconds(_ text: Substring) -> Double? {
    guard text.hasSuffix("s"), let value = Double(text.dropLast()), value >= 0, value < 1e6 else { return nil }
    return value
  }
}
