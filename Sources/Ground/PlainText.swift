extension Unicode.Scalar {
  /// Whether a terminal or a reader obeys it instead of showing it: the control characters of ASCII, tabs too, and those from
  /// U+0080 on (ECMA-48), the separators of lines and paragraphs, and the controls of direction (Unicode's Bidi_Control, UAX 9),
  /// which make text read otherwise than it is.
  package var isControl: Bool {
    switch value {
    case 0..<32, 0x7F..<0xA0, 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

extension StringProtocol {
  /// The same on one line and without control characters, which become blanks; tabs stay.
  ///
  /// Names and labels come from files, drivers and networks that are not trusted, and terminals obey what lies between their
  /// letters.
  public var plainLine: String { replacingControls { $0 == "\t" } }

  /// The same without control characters but for tabs and line feeds.
  public var plainLines: String { replacingControls { $0 == "\t" || $0 == "\n" } }

  private func replacingControls(except isKept: (Unicode.Scalar) -> Bool) -> String {
    guard unicodeScalars.contains(where: { $0.isControl && !isKept($0) }) else { return String(self) }
    var plain = String.UnicodeScalarView()
    for scalar in unicodeScalars { plain.append(scalar.isControl && !isKept(scalar) ? " " : scalar) }
    return String(plain)
  }

  /// A text of JSON on one line, with the control characters in its strings escaped as `\u` and four digits (RFC 8259, 7), so
  /// that nothing is lost. Outside of strings JSON allows only white space, which becomes blanks.
  public var plainJSON: String {
    guard unicodeScalars.contains(where: \.isControl) else { return String(self) }
    var plain = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if !scalar.isControl {
        plain.append(scalar)
      } else if scalar.value < 32 {
        plain.append(" ")
      } else {
        let digits = String(scalar.value, radix: 16)
        plain.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).unicodeScalars)
      }
    }
    return String(plain)
  }
}
