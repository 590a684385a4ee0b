package import Ground

/// Reads theme files in btop's format: lines of `theme[key]="value"`, `#` comments.
///
/// A value is `#RRGGBB`, `#GG`, `R G B` in decimals, or empty: empty backgrounds are the terminal's own. Unknown keys are
/// left alone, so that btop's themes load as they are.
package struct ThemeParser {
  /// Larger files are refused, in bytes.
  package static let largestFile = 64 * 1024

  private init() {}

  /// The raw pairs of a file.
  ///
  /// - Throws: ``DashboardError`` naming the first line that is neither a pair, a comment nor blank.
  package static func pairs(of text: String, place: String) throws(DashboardError) -> [String: String] {
    var pairs: [String: String] = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = trimmed(line)
      guard !line.isEmpty, line.first != "#" else { continue }
      guard let pair = pair(line) else {
        throw DashboardError(
          .badTheme, "line \(index + 1) is not theme[key]=\"value\"", place: place, remedy: "see btop's theme format")
      }
      pairs[pair.key] = pair.value
    }
    return pairs
  }

  private static func pair(_ line: Substring) -> (key: String, value: String)? {
    guard line.hasPrefix("theme["), let close = line.firstIndex(of: "]") else { return nil }
    let key = line[line.index(line.startIndex, offsetBy: 6)..<close]
    let rest = trimmed(line[line.index(after: close)...])
    guard rest.first == "=", !key.isEmpty, key.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
      return nil
    }
    let value = trimmed(rest.dropFirst())
    guard let quote = value.first, quote == "\"" || quote == "'" else {
      return (String(key), String(trimmed(value.prefix { $0 != " " })))
    }
    let body = value.dropFirst()
    guard let end = body.firstIndex(of: quote) else { return nil }
    return (String(key), String(trimmed(body[..<end])))
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let start = text.drop { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\u{FEFF}" }
    let keep = start.reversed().drop { $0 == " " || $0 == "\t" || $0 == "\r" }
    return start.prefix(keep.count)
  }

  /// The theme of a file's pairs over the colours of the default theme.
  ///
  /// - Throws: ``DashboardError`` naming a key whose value is not a colour.
  package static func theme(name: String, pairs: [String: String], place: String) throws(DashboardError) -> Theme {
    func color(_ key: String) throws(DashboardError) -> Color? {
      guard let value = pairs[key] else { return nil }
      if value.isEmpty { return .terminal }
      guard let color = Color(themeValue: value) else {
        throw DashboardError(
          .badTheme, "theme[\(key)] is '\(value.prefix(40))', which is not a colour", place: place,
          remedy: "write #RRGGBB")
      }
      return color
    }
    var colors: [ThemeColor: Color] = [:]
    for key in ThemeColor.allCases {
      var value = try color(key.rawValue)
      if value == nil, let alternative = key.alternative { value = try color(alternative) }
      colors[key] = value ?? DefaultTheme.colors[key] ?? .terminal
    }
    var gradients: [ThemeGradient: Gradient] = [:]
    for key in ThemeGradient.allCases {
      var found: Gradient?
      for stem in [key.rawValue, key.alternative] where found == nil {
        guard let start = try color(stem + "_start") else { continue }
        let middle = try color(stem + "_mid")
        let end = try color(stem + "_end")
        found = Gradient(start: start, middle: middle == .terminal ? nil : middle, end: end ?? start)
      }
      gradients[key] = found ?? DefaultTheme.gradients[key]
    }
    return Theme(name: name, colors: colors, gradients: gradients)
  }
}
