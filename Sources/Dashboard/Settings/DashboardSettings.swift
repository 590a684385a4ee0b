/// What an operator can set: in the configuration, on the command line, in the options menu.
package struct DashboardSettings: Sendable, Equatable {
  package var theme = DefaultTheme.name
  package var style = PictureStyle.blocks
  /// nil: what the terminal says it has.
  package var colors: ColorDepth?
  package var preset = LayoutPreset.all[0].name
  package var boxes = true
  package var labels = true
  package var mouse = true
  /// Bytes a second that the screen may cost; nil: as the link allows.
  package var bandwidth: Int?
  /// Pictures a second at most.
  package var rate = 30
  /// How far a colour channel may be off before a cell is drawn anew.
  package var tolerance = 12
  package var order = DetectionOrder.confidence

  package init() {}
}

/// One setting: its key in the configuration, what it is for, what it may be, and how to read and write it.
package struct SettingEntry: Sendable {
  package let key: String
  package let comment: String
  /// The values to choose from; empty for free ones.
  package let choices: [String]
  /// Text in the configuration is quoted, numbers and booleans are not.
  package let isQuoted: Bool
  package let read: @Sendable (DashboardSettings) -> String
  /// Returns false when the value is not one of this setting's.
  package let write: @Sendable (inout DashboardSettings, String) -> Bool
}

/// The settings as a table: the configuration, its default text and the options menu are all made from it.
package enum SettingsTable {
  private static let switches = ["true", "false"]

  private static func flag(
    _ key: String, _ comment: String, _ path: any WritableKeyPath<DashboardSettings, Bool> & Sendable
  )
    -> SettingEntry
  {
    SettingEntry(
      key: key, comment: comment, choices: switches, isQuoted: false, read: { $0[keyPath: path] ? "true" : "false" },
      write: { settings, text in
        guard switches.contains(text) else { return false }
        settings[keyPath: path] = text == "true"
        return true
      })
  }

  private static func number(
    _ key: String, _ comment: String, _ range: ClosedRange<Int>, steps: [Int],
    _ path: any WritableKeyPath<DashboardSettings, Int> & Sendable
  ) -> SettingEntry {
    SettingEntry(
      key: key, comment: comment, choices: steps.map { String($0) }, isQuoted: false,
      read: { String($0[keyPath: path]) },
      write: { settings, text in
        guard let value = Int(text), range.contains(value) else { return false }
        settings[keyPath: path] = value
        return true
      })
  }

  private static func choice<T: RawRepresentable & CaseIterable & SendableMetatype>(
    _ key: String, _ comment: String, _ path: any WritableKeyPath<DashboardSettings, T> & Sendable
  ) -> SettingEntry where T.RawValue == String {
    SettingEntry(
      key: key, comment: comment, choices: T.allCases.map(\.rawValue), isQuoted: true,
      read: { $0[keyPath: path].rawValue },
      write: { settings, text in
        guard let value = T(rawValue: text) else { return false }
        settings[keyPath: path] = value
        return true
      })
  }

  package static let all: [SettingEntry] = [
    SettingEntry(
      key: "theme", comment: "Colours: a theme's name (see `ocellus themes`).", choices: [], isQuoted: true,
      read: { $0.theme },
      write: { settings, text in
        guard !text.isEmpty, text.count <= 100 else { return false }
        settings.theme = text
        return true
      }),
    choice("style", "How the picture is drawn.", \.style),
    SettingEntry(
      key: "colors",
      comment: "Colours of the terminal; auto believes what it says of itself. Takes effect at the next start.",
      choices: ["auto"] + ColorDepth.allCases.map(\.rawValue), isQuoted: true, read: { $0.colors?.rawValue ?? "auto" },
      write: { settings, text in
        guard let depth = ColorDepth(rawValue: text) else {
          settings.colors = text == "auto" ? nil : settings.colors
          return text == "auto"
        }
        settings.colors = depth
        return true
      }),
    SettingEntry(
      key: "preset", comment: "Arrangement of the panes at the start.", choices: LayoutPreset.all.map(\.name),
      isQuoted: true, read: { $0.preset },
      write: { settings, text in
        guard LayoutPreset.all.contains(where: { $0.name == text }) else { return false }
        settings.preset = text
        return true
      }),
    flag("boxes", "Boxes, masks and keypoints over the picture.", \.boxes),
    flag("labels", "Labels on the boxes.", \.labels),
    flag("mouse", "Whether the dashboard takes the mouse. Takes effect at the next start.", \.mouse),
    SettingEntry(
      key: "bandwidth", comment: "What the screen may cost on the wire, in bytes a second: auto, 50K, 1M.",
      choices: ["auto", "20K", "50K", "100K", "250K", "1M"], isQuoted: true,
      read: { $0.bandwidth.map { ByteRate.text($0) } ?? "auto" },
      write: { settings, text in
        if text == "auto" {
          settings.bandwidth = nil
          return true
        }
        guard let rate = ByteRate.parse(text) else { return false }
        settings.bandwidth = rate
        return true
      }),
    number("rate", "Pictures a second at most.", 1...60, steps: [5, 10, 15, 20, 30, 60], \.rate),
    number(
      "tolerance", "How far a colour may be off (0 to 64) before its cell is drawn anew: more saves bytes.", 0...64,
      steps: [0, 4, 8, 12, 16, 24, 32], \.tolerance),
    choice("order", "What the detections are sorted by.", \.order),
  ]
}

/// Rates as people write them: `50K`, `1.5M`, `80000`.
package enum ByteRate {
  /// At least 1000 bytes a second; nil for anything else.
  package static func parse(_ text: String) -> Int? {
    var digits = Substring(text)
    var factor = 1.0
    switch digits.last {
    case "k", "K": factor = 1e3
    case "m", "M": factor = 1e6
    default: break
    }
    if factor > 1 { digits = digits.dropLast() }
    guard let value = Double(digits), value.isFinite, (1000...1e9).contains(value * factor) else { return nil }
    return Int(value * factor)
  }

  package static func text(_ rate: Int) -> String {
    if rate >= 1_000_000, rate % 100_000 == 0 {
      return Text.fixed(Double(rate) / 1e6, rate % 1_000_000 == 0 ? 0 : 1) + "M"
    }
    return rate % 1000 == 0 ? "\(rate / 1000)K" : "\(rate)"
  }
}
