import Glibc
import Ground
import CNcurses

/// Formats numbers and fits text. Foundation's formatting allocates and is too slow for 30 frames per second.
package enum Text {
  /// A number with a fixed count of decimals: `fixed(3.14159, 1)` is "3.1".
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "-" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int64(saturating: (abs(value) * scale).rounded())
    let whole = scaled / Int64(saturating: scale)
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(whole) }
    let fraction = String(scaled % Int64(saturating: scale))
    return sign + String(whole) + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// A share of 0...1 in whole percent: "81%".
  package static func percent(_ share: Double) -> String { fixed(share * 100, 0) + "%" }

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

  /// How long ago, in at most four characters: "42s", "12m", "27h", "9d".
  package static func age(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "-" }
    let units: [(name: String, seconds: Double)] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]
    let unit = units.first { seconds < 100 * $0.seconds } ?? units[3]
    return "\(Int(saturating: max(0, seconds) / unit.seconds))\(unit.name)"
  }

  /// A moment of Unix time, in UTC: "14:05:20", with its date "2026-11-30 14:05:20".
  package static func utc(nanoseconds: Int64, withDate: Bool = false) -> String {
    var seconds = time_t(nanoseconds / 1_000_000_000)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "-" }
    func two(_ n: Int32) -> String { n < 10 ? "0\(n)" : "\(n)" }
    let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    return withDate ? "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(clock)" : clock
  }

  /// "0:07", "12:05", "3:12:05"; with decimals "0:07.25".
  package static func clock(seconds: Double, decimals: Int = 0) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "-" }
    let s = Int(saturating: max(0, seconds))
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    if decimals > 0 {
      // Cut, not rounded: 59.999 is not 60.
      let scale = decimals == 1 ? 10.0 : 100.0
      let fraction = Int(saturating: (max(0, seconds) - Double(s)) * scale)
      return clock(seconds: seconds) + "." + (decimals == 1 ? "\(fraction)" : two(fraction))
    }
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
    guard columns(text) > width else { return text }
    guard width > 0 else { return "" }
    var kept = String.UnicodeScalarView()
    var used = 0
    for scalar in text.unicodeScalars {
      used += columns(of: scalar)
      guard used < width else { break }
      kept.append(scalar)
    }
    return String(kept) + String(ellipsis)
  }

  /// The text in lines of at most `width` columns, broken at blanks where there are any; the last line ends in an ellipsis
  /// where text is left out.
  package static func wrapped(_ text: String, _ width: Int, most: Int, ellipsis: Character = "…") -> [String] {
    guard width > 0, most > 0 else { return [] }
    var lines: [String] = []
    var rest = Substring(text)
    while lines.count < most - 1, columns(rest) > width {
      var used = 0
      var end = rest.startIndex
      var blank: Substring.Index?
      while end < rest.endIndex {
        used += columns(rest[end...end])
        guard used <= width else { break }
        if rest[end] == " " { blank = end }
        end = rest.index(after: end)
      }
      // A single character that is wider than a line.
      if end == rest.startIndex { end = rest.index(after: end) }
      let cut = rest[end...].first == " " ? end : blank.map { $0 > rest.startIndex ? $0 : end } ?? end
      lines.append(String(rest[..<cut]))
      rest = rest[cut...].drop { $0 == " " }
    }
    return lines + [fit(String(rest), width, ellipsis: ellipsis)]
  }

  /// A message with the folders of the files it names left out: "/a/b/net.onnx" is "net.onnx". Devices keep theirs.
  package static func withoutFolders(_ message: String) -> String {
    message.split(separator: " ", omittingEmptySubsequences: false).map { word in
      let path = word.drop { "'\"(".contains($0) }
      guard path.first == "/", !path.hasPrefix("/dev/"), let slash = path.lastIndex(of: "/") else { return word }
      let name = path[path.index(after: slash)...]
      return name.isEmpty ? word : word[..<path.startIndex] + name
    }.joined(separator: " ")
  }

  /// Padded with blanks on the left to `width` columns.
  package static func right(_ text: String, _ width: Int) -> String {
    let count = columns(text)
    return count >= width ? text : String(repeating: " ", count: width - count) + text
  }
}

/// How many columns text takes on a terminal (wcwidth(3) of the C library, with Unicode's widths).
extension Text {
  package static func columns(_ text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
  }

  /// 1, 2 for wide characters, 0 for marks that go with another one. Control characters are drawn as blanks: 1.
  package static func columns(of scalar: Unicode.Scalar) -> Int {
    scalar.value < 0x300 ? (scalar.value == 0xAD ? 0 : 1) : max(0, Int(ocn_columns_of(scalar.value)))
  }

  package static func isWide(_ scalar: UInt32) -> Bool {
    // Nothing is wide below Hangul's letters, nor among box drawing, blocks and braille, which pictures are made of.
    guard scalar >= 0x1100, !(0x2500...0x25FF).contains(scalar), !(0x2800...0x28FF).contains(scalar) else {
      return false
    }
    return ocn_columns_of(scalar) == 2
  }

  /// The scalar, or a blank for control characters.
  package static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    scalar.value < 32 || (127..<160).contains(scalar.value) ? " " : scalar
  }
}
