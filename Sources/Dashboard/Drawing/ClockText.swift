/// Reads times as people type them.
package enum ClockText {
  /// A length of time or a position: "90", "1:30", "2:01:30.5"; nil for anything else.
  package static func seconds(_ text: String) -> Double? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (1...3).contains(parts.count) else { return nil }
    var total = 0.0
    for (i, part) in parts.enumerated() {
      let isLast = i == parts.count - 1
      guard !part.isEmpty, part.count <= 9, part.allSatisfy({ $0.isASCII && $0.isNumber || (isLast && $0 == ".") }),
        let value = Double(part), i == 0 || value < 60
      else { return nil }
      total = total * 60 + value
    }
    return total
  }

  /// An hour of the day in seconds: "14:05" and "14:05:20"; nil for anything else.
  package static func secondOfDay(_ text: String) -> Double? {
    let isShort = text.count(where: { $0 == ":" }) == 1
    guard let seconds = seconds(isShort ? text + ":00" : text), seconds < 86_400 else { return nil }
    return seconds
  }
}
