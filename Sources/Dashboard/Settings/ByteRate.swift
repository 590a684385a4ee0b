import Ground

/// Bytes per second as users write them: `50K`, `1.5M`, `80000`.
package enum ByteRate {
  /// nil for text that is not a rate, and for rates below 1000 bytes per second.
  package static func parse(_ text: String) -> Int? {
    var digits = Substring(text)
    var factor = 1.0
    switch digits.last {
    case "k", "K": factor = 1e3
    case "m", "M": factor = 1e6
    // No unit: bytes per second.
    default: break
    }
    if factor > 1 { digits = digits.dropLast() }
    guard let value = Double(digits), value.isFinite, (1000...1e9).contains(value * factor) else { return nil }
    return Int(saturating: value * factor)
  }

  package static func text(_ rate: Int) -> String {
    if rate >= 1_000_000, rate % 100_000 == 0 {
      return Text.fixed(Double(rate) / 1e6, rate % 1_000_000 == 0 ? 0 : 1) + "M"
    }
    return rate % 1000 == 0 ? "\(rate / 1000)K" : "\(rate)"
  }
}
