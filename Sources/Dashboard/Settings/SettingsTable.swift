import Ground

/// The settings, each by its key in the configuration.
package enum Setting: String, CaseIterable, Sendable {
  case theme, style, colors, preset, boxes, labels, mouse, bandwidth, rate, tolerance, order
}

/// A row of the settings table: a setting, its purpose, its choices, and how to read and write it.
package struct SettingEntry: Sendable {
  package let setting: Setting
  package var key: String { setting.rawValue }
  package let comment: String
  /// The values to choose from; empty for free ones.
  package let choices: [String]
  /// What the setting takes, in words, where there is more than the choices.
  package var accepts: String?
  /// What to write instead of a value that is not valid.
  package var remedy: String { accepts ?? (choices.isEmpty ? "" : "one of " + choices.joined(separator: ", ")) }
  /// Text in the configuration is quoted, numbers and booleans are not.
  package let isQuoted: Bool
  package let read: @Sendable (DashboardSettings) -> String
  /// Returns false when the text is not a valid value of this setting.
  package let write: @Sendable (inout DashboardSettings, String) -> Bool
}

/// The settings as a table: the configuration file, its default text and the options menu are all made from it.
package enum SettingsTable {
  private static let switches = ["true", "false"]

  private static func flag(
    _ setting: Setting, _ comment: String, _ path: any WritableKeyPath<DashboardSettings, Bool> & Sendable
  )
    -> SettingEntry
  {
    SettingEntry(
      setting: setting, comment: comment, choices: switches, isQuoted: false,
      read: { $0[keyPath: path] ? "true" : "false" },
      write: { settings, text in
        guard switches.contains(text) else { return false }
        settings[keyPath: path] = text == "true"
        return true
      })
  }

  private static func number(
    _ setting: Setting, _ comment: String, _ range: ClosedRange<Int>, steps: [Int],
    _ path: any WritableKeyPath<DashboardSettings, Int> & Sendable
  ) -> SettingEntry {
    SettingEntry(
      setting: setting, comment: comment, choices: steps.map { String($0) }, isQuoted: false,
      read: { String($0[keyPath: path]) },
      write: { settings, text in
        guard let value = Int(text), range.contains(value) else { return false }
        settings[keyPath: path] = value
        return true
      })
  }

  private static func choice<T: RawRepresentable & CaseIterable & SendableMetatype>(
    _ setting: Setting, _ comment: String, _ path: any WritableKeyPath<DashboardSettings, T> & Sendable
  ) -> SettingEntry where T.RawValue == String {
    SettingEntry(
      setting: setting, comment: comment, choices: T.allCases.map(\.rawValue), isQuoted: true,
      read: { $0[keyPath: path].rawValue },
      write: { settings, text in
        guard let value = T(rawValue: text) else { return false }
        settings[keyPath: path] = value
        return true
      })
  }

  package static let all: [SettingEntry] = Setting.allCases.map { row($0) }

  /// The row of a setting.
  static func row(_ setting: Setting) -> SettingEntry {
    switch setting {
    case .theme: theme
    case .style: choice(.style, "Style of the picture.", \.style)
    case .colors: colors
    case .preset: preset
    case .boxes: flag(.boxes, "Boxes, masks and keypoints over the picture.", \.boxes)
    case .labels: flag(.labels, "Labels on the boxes.", \.labels)
    case .mouse: flag(.mouse, "Use the mouse. Takes effect at the next start.", \.mouse)
    case .bandwidth: bandwidth
    case .rate: number(.rate, "Most pictures per second.", 1...60, steps: [5, 10, 15, 20, 30, 60], \.rate)
    case .tolerance:
      number(
        .tolerance, "Colour error (0 to 64) that is accepted before a cell is redrawn; more saves bytes.", 0...64,
        steps: [0, 4, 8, 12, 16, 24, 32], \.tolerance)
    case .order: choice(.order, "Order of the detections.", \.order)
    }
  }

  private static let theme = SettingEntry(
    setting: .theme, comment: "Theme: its name (`ocellus themes` lists them).", choices: [], isQuoted: true,
    read: { $0.theme },
    write: { settings, text in
      guard !text.isEmpty, text.count <= 100 else { return false }
      settings.theme = text
      return true
    })

  private static let colors = SettingEntry(
    setting: .colors, comment: "Colours of the terminal; auto detects them. Takes effect at the next start.",
    choices: ["auto"] + ColorDepth.allCases.map(\.rawValue), isQuoted: true, read: { $0.colors?.rawValue ?? "auto" },
    write: { settings, text in
      guard let depth = ColorDepth(rawValue: text) else {
        settings.colors = text == "auto" ? nil : settings.colors
        return text == "auto"
      }
      settings.colors = depth
      return true
    })

  private static let preset = SettingEntry(
    setting: .preset, comment: "Layout of the panes at the start.", choices: LayoutPreset.all.map(\.name),
    isQuoted: true, read: { $0.preset },
    write: { settings, text in
      guard LayoutPreset.all.contains(where: { $0.name == text }) else { return false }
      settings.preset = text
      return true
    })

  private static let bandwidth = SettingEntry(
    setting: .bandwidth, comment: "Most bytes per second that the screen may send: auto, 50K, 1M.",
    choices: ["auto", "20K", "50K", "100K", "250K", "1M"], accepts: "auto, or bytes per second such as 50K or 1M",
    isQuoted: true,
    read: { $0.bandwidth.map { ByteRate.text($0) } ?? "auto" },
    write: { settings, text in
      if text == "auto" {
        settings.bandwidth = nil
        return true
      }
      guard let rate = ByteRate.parse(text) else { return false }
      settings.bandwidth = rate
      return true
    })
}
