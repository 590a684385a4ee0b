extension StringProtocol {
  /// The same on one line and without control characters, which become blanks; tabs stay.
  ///
  /// Names and labels come from files, drivers and networks that are not trusted, and terminals obey what lies between their
  /// letters: both the control characters of ASCII and those from U+0080 on count (ECMA-48).
  public var plainLine: String {
    var plain = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar.value {
      case 9: plain.append(scalar)
      case 0..<32, 0x7F..<0xA0, 0x2028, 0x2029: plain.append(" ")
      default: plain.append(scalar)
      }
    }
    return String(plain)
  }
}
