/// The built-in theme, whose colours other themes take for keys that they do not set.
enum DefaultTheme {
  static let name = "default"

  static let colors: [ThemeColor: Color] = [
    // Not the terminal's own: on a light background this theme's text would be unreadable.
    .mainBackground: Color(raw: 0x101218),
    .mainForeground: Color(raw: 0xCCD0DA),
    .title: Color(raw: 0xEEF1F8),
    .highlight: Color(raw: 0xF4A259),
    .selectedBackground: Color(raw: 0x2E3A52),
    .selectedForeground: Color(raw: 0xFFFFFF),
    .inactive: Color(raw: 0x6A7183),
    .graphText: Color(raw: 0x9AA2B4),
    .meterBackground: Color(raw: 0x363B47),
    .divider: Color(raw: 0x3A404D),
    .pictureBox: Color(raw: 0x5C7A99),
    .detectionsBox: Color(raw: 0x8A6FA8),
    .classesBox: Color(raw: 0x7D8C52),
    .latencyBox: Color(raw: 0x4F8A8B),
    .ratesBox: Color(raw: 0x8C6A4F),
    .modelsBox: Color(raw: 0x6F7FA8),
    .recordingBox: Color(raw: 0xA85F6F),
    .eventsBox: Color(raw: 0x666D7C),
    .good: Color(raw: 0x7BD88F),
    .warning: Color(raw: 0xF2C14E),
    .failure: Color(raw: 0xFF6B6B),
    .stale: Color(raw: 0xFF4D4D),
    .class1: Color(raw: 0x5BE7A9),
    .class2: Color(raw: 0xFFB454),
    .class3: Color(raw: 0x6CB6FF),
    .class4: Color(raw: 0xFF7AB2),
    .class5: Color(raw: 0xF2E863),
    .class6: Color(raw: 0xB48EFF),
    .class7: Color(raw: 0x4DE1E8),
    .class8: Color(raw: 0xFF8A65),
  ]

  static let gradients: [ThemeGradient: Gradient] = [
    .confidence: Gradient(start: Color(raw: 0xD9534F), middle: Color(raw: 0xF2C14E), end: Color(raw: 0x5BE7A9)),
    .latency: Gradient(start: Color(raw: 0x4FC3C7), middle: Color(raw: 0xE8D36B), end: Color(raw: 0xFF6B6B)),
    .rate: Gradient(start: Color(raw: 0x4A6FA5), middle: Color(raw: 0x5FA8D3), end: Color(raw: 0x9BE7FF)),
    .skipped: Gradient(start: Color(raw: 0xF2C14E), middle: Color(raw: 0xF58F4B), end: Color(raw: 0xFF4D4D)),
  ]

  static let theme = Theme(name: name, colors: colors, gradients: gradients)

  /// A theme in a terminal's own 8 or 16 colours, to which the default theme's colours map badly.
  static let nameForFewColors = "16-colour"

  /// For terminals without colours: dark text on a light background is shown reversed.
  static let monochrome = Theme(
    name: "monochrome",
    colors: Dictionary(
      uniqueKeysWithValues: ThemeColor.allCases.map { key in
        switch key {
        case .mainBackground: (key, .terminal)
        case .selectedForeground: (key, .black)
        // All other text and lines.
        default: (key, .white)
        }
      }), gradients: [:])
}
