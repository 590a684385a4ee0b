package import Configuration
import Ground
import Synchronization

/// The configuration file: TOML, whose table `[dashboard]` holds the settings of ``SettingsTable``, and `[keys]` keys.
///
/// Two dashboards may share the file: each writes only those settings that its own user has changed. Thread-safe.
package final class ConfigurationFile: Sendable {
  package let path: String
  /// The settings as this process read or wrote them last; nil before that.
  private let known = Mutex<DashboardSettings?>(nil)
  private static let section = "[dashboard]"
  private static let largestFile = 256 * 1024

  package init(path: String?) { self.path = path ?? UserConfiguration.standardPath }

  /// A complete file with every setting at its default, each with its comment.
  package static var defaultText: String {
    let defaults = DashboardSettings()
    var text = "# Ocellus configuration. Every line below shows the default.\n\n\(section)\n"
    for entry in SettingsTable.all {
      text += "# \(entry.comment)"
      if let accepts = entry.accepts {
        text += "\n# \(accepts)."
      } else if !entry.choices.isEmpty {
        text += "\n# One of: \(entry.choices.joined(separator: ", "))."
      }
      text += "\n\(line(entry, defaults))\n\n"
    }
    return text + KeySettings.defaultText
  }

  private static func line(_ entry: SettingEntry, _ settings: DashboardSettings) -> String {
    let value = entry.read(settings)
    guard entry.isQuoted else { return "\(entry.key) = \(value)" }
    return "\(entry.key) = \"\(escaped(value))\""
  }

  /// The inside of a TOML basic string (TOML 1.0, "String"), in which nothing is raw that terminals and readers obey: editors
  /// show the file. Scalar by scalar: a quote that a combining mark follows is a quote all the same.
  private static func escaped(_ value: String) -> String {
    value.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case _ where scalar.isControl:
        "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
      default: String(scalar)
      }
    }.joined()
  }

  /// The settings of the file over the defaults, and its mistakes; a missing file is not a mistake.
  package func load() -> (settings: DashboardSettings, problems: [DashboardError]) {
    let configuration = UserConfiguration(file: path)
    var loaded = (
      settings: DashboardSettings(), problems: [configuration.problem].compactMap(\.self).map(Self.unusable)
    )
    if let document = configuration.document { loaded = Self.read(document) }
    known.withLock { $0 = loaded.settings }
    return loaded
  }

  package static func parse(_ text: String, place: String) -> (settings: DashboardSettings, problems: [DashboardError])
  {
    do throws(ConfigurationError) { return read(try ConfigDocument(text: text, file: place)) } catch {
      return (DashboardSettings(), [unusable(error)])
    }
  }

  private static func unusable(_ error: ConfigurationError) -> DashboardError {
    DashboardError(
      .badConfiguration, String(error.what.prefix(160)), place: error.place, remedy: "the defaults are used")
  }

  private static func read(_ document: ConfigDocument) -> (settings: DashboardSettings, problems: [DashboardError]) {
    var settings = DashboardSettings()
    var problems: [DashboardError]
    (settings.keys, problems) = KeySettings.read(document)
    func complain(_ what: String, remedy: String = "") {
      problems.append(DashboardError(.badConfiguration, what, place: document.file, remedy: remedy))
    }
    func place(of key: String) -> String { document.place(of: "dashboard.\(key)") }
    guard let found = document.root["dashboard"] else { return (settings, problems) }
    guard case .table(let section) = found else {
      complain("dashboard must be a table", remedy: "write [dashboard]")
      return (settings, problems)
    }
    for entry in SettingsTable.all {
      guard let value = section[entry.key] else { continue }
      guard let text = Self.text(of: value), entry.write(&settings, text) else {
        problems.append(
          DashboardError(
            .badConfiguration, "dashboard.\(entry.key) has an invalid value", place: place(of: entry.key),
            remedy: entry.remedy))
        continue
      }
    }
    let known = Set(SettingsTable.all.map(\.key))
    for key in section.keys.sorted() where !known.contains(key) {
      let near = Spelling.nearest(to: key, among: known.sorted())
      problems.append(
        DashboardError(
          .badConfiguration, "dashboard.\(key.prefix(40)) is not a setting", place: place(of: key),
          remedy: near.map { "did you mean '\($0)'?" } ?? "known are \(known.sorted().joined(separator: ", "))"))
    }
    return (settings, problems)
  }

  /// A value as ``SettingEntry/write`` takes it; nil for kinds that no setting takes.
  private static func text(of value: ConfigValue) -> String? {
    switch value {
    case .string(let text): text
    case .int(let number): String(number)
    case .bool(let flag): flag ? "true" : "false"
    case .double, .array, .table, .other: nil
    }
  }

  /// Whether the settings differ from those that were read or written last.
  package func differs(from settings: DashboardSettings) -> Bool {
    (known.withLock { $0 } ?? load().settings) != settings
  }

  /// Writes the settings that have changed since they were read or written last into the file as it is now; its other
  /// lines, comments included, stay as they are.
  package func save(_ settings: DashboardSettings) throws(ConfigurationError) {
    let before = known.withLock { $0 }
    try SmallFile.update(path, limit: Self.largestFile) { Self.merged($0, settings, since: before) }
    known.withLock { $0 = settings }
  }

  /// The text with the table's lines brought up to date; settings at their defaults are not added.
  ///
  /// - Parameter before: settings that are the same there are not touched; nil brings all up to date.
  package static func merged(
    _ text: String, _ settings: DashboardSettings, since before: DashboardSettings? = nil
  ) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    if !lines.contains(where: { trimmed($0) == section }) {
      if !lines.isEmpty { lines.append("") }
      lines.append(section)
    }
    let start = (lines.firstIndex { trimmed($0) == section } ?? 0) + 1
    var end = lines[start...].firstIndex { trimmed($0).hasPrefix("[") } ?? lines.count
    let defaults = DashboardSettings()
    for entry in SettingsTable.all {
      if let before, entry.read(before) == entry.read(settings) { continue }
      let present = lines[start..<end].firstIndex { key(of: $0) == entry.key }
      if let present {
        lines[present] = line(entry, settings)
      } else if before != nil || entry.read(settings) != entry.read(defaults) {
        lines.insert(line(entry, settings), at: end)
        end += 1
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func key(of line: String) -> String {
    guard let equals = line.firstIndex(of: "=") else { return "" }
    return trimmed(String(line[..<equals]))
  }

  private static func trimmed(_ line: String) -> String {
    String(line.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" || $0 == "\r" }.reversed())
  }
}
