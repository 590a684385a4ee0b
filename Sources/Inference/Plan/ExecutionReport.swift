/// Which parts of a network run on an engine's slower path, and why.
public struct ExecutionReport: Sendable, Equatable {
  /// A node that runs on the slower path.
  public struct Fallback: Sendable, Equatable {
    /// The node's name in the file; may be empty.
    public var name: String
    public var operatorType: String
    public var reason: String

    public init(name: String, operatorType: String, reason: String) {
      self.name = name
      self.operatorType = operatorType
      self.reason = reason
    }
  }

  /// Why the whole network runs on the slower path; nil when it does not.
  public var failure: String?
  /// The single nodes that do, in order of execution.
  public var fallbacks: [Fallback]
  /// What else makes the network slower than it could be.
  public var notes: [String] = []
  /// The number of operators of a run; 0 when nothing has been prepared yet.
  public var operatorCount: Int

  public init(failure: String? = nil, fallbacks: [Fallback] = [], operatorCount: Int = 0) {
    self.failure = failure
    self.fallbacks = fallbacks
    self.operatorCount = operatorCount
  }

  /// The report as lines for people: the failure, or one line per operator type and reason, the most frequent first.
  public var summary: [String] {
    if let failure { return notes + ["every operator runs on the slower path: \(failure)"] }
    var counts: [String: Int] = [:]
    for fallback in fallbacks { counts["\(fallback.operatorType): \(fallback.reason)", default: 0] += 1 }
    return notes
      + counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { line, count in
        "\(count) of \(operatorCount) operators on the slower path: \(line)"
      }
  }
}
