import Perception

/// Every colour of the dashboard, by the name it has in theme files. Names without a comment are btop's own.
package enum ThemeColor: String, CaseIterable, Sendable {
  case mainBackground = "main_bg"
  case mainForeground = "main_fg"
  case title
  case highlight = "hi_fg"
  case selectedBackground = "selected_bg"
  case selectedForeground = "selected_fg"
  case inactive = "inactive_fg"
  case graphText = "graph_text"
  case meterBackground = "meter_bg"
  case divider = "div_line"
  /// Frames of the panes.
  case pictureBox = "picture_box"
  case detectionsBox = "detections_box"
  case classesBox = "classes_box"
  case latencyBox = "latency_box"
  case ratesBox = "rates_box"
  case modelsBox = "models_box"
  case recordingBox = "recording_box"
  case eventsBox = "events_box"
  /// Colours of states.
  case good
  case warning
  case failure = "error"
  case stale
  /// Colours of classes, which take them in turn.
  case class1 = "class_1"
  case class2 = "class_2"
  case class3 = "class_3"
  case class4 = "class_4"
  case class5 = "class_5"
  case class6 = "class_6"
  case class7 = "class_7"
  case class8 = "class_8"

  /// The key of btop that is used where a theme lacks this one.
  var alternative: String? {
    switch self {
    case .pictureBox, .latencyBox, .recordingBox: "cpu_box"
    case .detectionsBox, .eventsBox: "proc_box"
    case .classesBox, .modelsBox: "mem_box"
    case .ratesBox: "net_box"
    // Keys of btop's own, and those that btop has nothing like.
    default: nil
    }
  }

  static let classes: [ThemeColor] = [.class1, .class2, .class3, .class4, .class5, .class6, .class7, .class8]
}

/// Gradients, by the beginning of their three keys `_start`, `_mid`, `_end`.
package enum ThemeGradient: String, CaseIterable, Sendable {
  case confidence
  case latency
  case rate
  case skipped

  /// The gradient of btop that is used where a theme lacks this one.
  var alternative: String {
    switch self {
    case .confidence: "available"
    case .latency: "cpu"
    case .rate: "download"
    case .skipped: "upload"
    }
  }
}

/// A set of colours, from a theme file over the default theme.
package struct Theme: Sendable {
  package let name: String
  private let colors: [ThemeColor: Color]
  private let gradients: [ThemeGradient: Gradient]

  package init(name: String, colors: [ThemeColor: Color], gradients: [ThemeGradient: Gradient]) {
    self.name = name
    self.colors = colors
    self.gradients = gradients
  }

  package subscript(_ key: ThemeColor) -> Color { colors[key] ?? .terminal }
  package subscript(_ key: ThemeGradient) -> Gradient { gradients[key] ?? Gradient(.white) }

  /// Text on the main background.
  package func style(_ key: ThemeColor, _ attributes: Style.Attributes = []) -> Style {
    Style(self[key], on: self[.mainBackground], attributes)
  }

  /// The colour of a class, the same for as long as the program runs.
  package func color(ofClass id: Int) -> Color {
    let keys = ThemeColor.classes
    return self[keys[ClassPalette.index(ofClass: id, count: keys.count)]]
  }

  /// The theme as the terminal can show it: by brightness alone without colours; with 8 colours, which have no dark grey,
  /// the empty part of a meter takes the colour of inactive text.
  package func fitted(to depth: ColorDepth) -> Theme {
    switch depth {
    case .mono: return DefaultTheme.monochrome
    case .eight:
      var colors = colors
      colors[.meterBackground] = colors[.inactive]
      return Theme(name: name, colors: colors, gradients: gradients)
    case .sixteen, .indexed, .truecolor: return self
    }
  }

  package var selected: Style { Style(self[.selectedForeground], on: self[.selectedBackground]) }
}
