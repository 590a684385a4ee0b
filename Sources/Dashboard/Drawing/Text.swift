/// Numbers as the panes write them. By hand, because Foundation's formatting allocates and is slow at 30 frames a second.
package enum Text {
  /// A number with a fixed count of decimals: `fixed(3.14159, 1)` is "3.1".
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "-" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int64((abs(value) * scale).rounded())
    let whole = scaled / Int64(scale)
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(whole) }
    let fraction = String(scaled % Int64(scale))
    return sign + String(whole) + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// Milliseconds in at most five characters.
  package static func milliseconds(_ value: Double) -> String {
    if value < 10 { return fixed(value, 2) }
    if value < 100 { return fixed(value, 1) }
    return fixed(value, 0)
  }

  /// Bytes with a decimal prefix: "1.2 MB".
  package static func bytes(_ value: Double) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    var value = value
    var unit = 0
    while value >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return fixed(value, unit == 0 || value >= 99.95 ? 0 : 1) + " " + units[unit]
  }

  /// A length of time: "850 ms", "3.2 s", "12:05", "3:12:05".
  package static func duration(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "-" }
    if seconds < 1 { return fixed(max(0, seconds) * 1000, 0) + " ms" }
    if seconds < 60 { return fixed(seconds, 1) + " s" }
    return clock(seconds: seconds)
  }

  /// "0:07", "12:05", "3:12:05".
  package static func clock(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "-" }
    let s = Int(max(0, seconds))
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return s >= 3600 ? "\(s / 3600):\(two(s / 60 % 60)):\(two(s % 60))" : "\(s / 60):\(two(s % 60))"
  }

  /// A count with thin grouping: 12345678 is "12.3M".
  package static func count(_ value: UInt64) -> String {
    if value < 100_000 { return String(value) }
    if value < 10_000_000 { return fixed(Double(value) / 1e3, 0) + "k" }
    return fixed(Double(value) / 1e6, 1) + "M"
  }

  /// The text, or its beginning with an ellipsis, in at most `width` columns.
  package static func fit(_ text: String, _ width: Int, ellipsis: Character = "…") -> String {
    guard text.unicodeScalars.count > width else { return text }
    guard width > 1 else { return String(text.prefix(max(0, width))) }
    return String(text.prefix(width - 1)) + String(ellipsis)
  }

  /// Padded with blanks on the right to `width` columns, or cut.
  package static func padded(_ text: String, _ width: Int) -> String {
    let count = text.unicodeScalars.count
    return count >= width ? fit(text, width) : text + String(repeating: " ", count: width - count)
  }

  /// Padded with blanks on the left to `width` columns.
  package static func right(_ text: String, _ width: Int) -> String {
    let count = text.unicodeScalars.count
    return count >= width ? text : String(repeating: " ", count: width - count) + text
  }
}
