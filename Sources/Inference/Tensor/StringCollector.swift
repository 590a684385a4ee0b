/// Strings that an operator makes, counted against the network's memory as they come.
struct StringCollector {
  private(set) var strings: [String] = []
  /// Bytes since the budget was asked.
  private var unasked = 0
  private var total = 0

  /// Asked for in steps, so that short strings cost little.
  private static let step = 64 << 10

  /// The memory of one string: 16 bytes in its list, and its text where that is longer than 15 bytes.
  private static func bytes(of string: String) -> Int { 16 + (string.utf8.count > 15 ? string.utf8.count + 32 : 0) }

  /// The memory of a list of strings. Copies that share one text count each: nobody knows which outlives the other.
  static func bytes(of strings: [String]) -> Int { strings.reduce(0) { $0 + bytes(of: $1) } }

  /// - Throws: ``InferenceError`` of kind `.overLimit` when the strings pass the network's memory.
  mutating func append(_ string: String) throws {
    try ask(for: StringCollector.bytes(of: string))
    strings.append(string)
  }

  /// Appends one text followed by another, which are asked for before they are joined.
  mutating func append(_ head: String, _ tail: String) throws {
    try ask(for: StringCollector.bytes(of: head) + StringCollector.bytes(of: tail))
    strings.append(head + tail)
  }

  private mutating func ask(for bytes: Int) throws {
    unasked += bytes
    guard unasked >= StringCollector.step else { return }
    total += unasked
    unasked = 0
    try NetworkBudget.current?.check(total)
  }
}
