package import Pipeline

/// A command of the palette.
package struct PaletteCommand: Sendable, Equatable {
  package var name: String
  package var title: String
  package var keys: String
  package var action: Action
}

/// The commands that can be typed after `:`, and their completion.
package enum CommandPalette {
  /// Every action of the key table, and one command for each model, theme, style and layout.
  package static func commands(snapshot: SessionSnapshot, themes: [String], keys: KeyMap = .standard)
    -> [PaletteCommand]
  {
    let bound = keys.bindings.map { binding in
      PaletteCommand(
        name: binding.name, title: binding.title, keys: binding.keys.map(\.name).joined(separator: " "),
        action: binding.action)
    }
    func each(_ name: String, _ title: String, _ action: Action) -> PaletteCommand {
      PaletteCommand(name: name, title: title, keys: "", action: action)
    }
    return bound + ArgumentCommand.listed.map(\.row)
      + [each("classes", "Choose the classes that are shown", .overlay(.argument("only")))]
      + snapshot.detectors.map { each("detector \($0.title)", "Use this detector", .model(.useDetector($0.name))) }
      + snapshot.classifiers.map {
        each("classifier \($0.title)", "Use this classifier", .model(.useClassifier($0.name)))
      }
      + [each("classifier none", "Turn the classifier off", .model(.noClassifier))]
      + snapshot.detectors.map {
        each("compare \($0.title)", "Compare with the active detector", .model(.compare($0.name)))
      }
      + themes.map { each("theme \($0)", "Use this theme", .appearance(.useTheme($0))) }
      + PictureStyle.allCases.map {
        each("style \($0.rawValue)", "Draw the picture as \($0.title)", .picture(.useStyle($0)))
      }
      + LayoutPreset.all.indices.map {
        each("layout \(LayoutPreset.all[$0].name)", "Use this layout", .panes(.useLayout($0)))
      }
  }

  /// The lines of the palette for a typed text: commands, or the values of one that takes a value.
  package static func offers(_ text: String, _ snapshot: SessionSnapshot, themes: [String], keys: KeyMap)
    -> [PaletteCommand]
  {
    if let taker = ArgumentCommand.all.first(where: { text.lowercased().hasPrefix($0.name + " ") }) {
      return taker.offers(String(text.dropFirst(taker.name.count + 1)), snapshot)
    }
    return matches(text, in: commands(snapshot: snapshot, themes: themes, keys: keys))
  }

  /// The commands that match the typed text, closest first: the name itself, beginnings, then words inside, then letters in order.
  package static func matches(_ text: String, in commands: [PaletteCommand]) -> [PaletteCommand] {
    let wanted = text.lowercased()
    guard !wanted.isEmpty else { return commands }
    func rank(_ command: PaletteCommand) -> Int? {
      let name = command.name.lowercased()
      if name == wanted { return -1 }
      if name.hasPrefix(wanted) { return 0 }
      if name.contains(wanted) { return 1 }
      if command.title.lowercased().contains(wanted) { return 2 }
      var rest = Substring(name)
      for character in wanted {
        guard let found = rest.firstIndex(of: character) else { return nil }
        rest = rest[rest.index(after: found)...]
      }
      return 3
    }
    return commands.enumerated().compactMap { index, command in rank(command).map { ($0, index, command) } }
      .sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
  }

  /// The text after Tab: the longest beginning that all commands share which begin with it.
  package static func completion(_ text: String, in commands: [PaletteCommand]) -> String {
    let names = commands.map(\.name).filter {
      // What is typed is among them where any value is taken, and would complete nothing.
      $0.lowercased().hasPrefix(text.lowercased()) && $0 != text
    }
    guard var common = names.first else { return text }
    for name in names { common = String(zip(common, name).prefix { $0 == $1 }.map(\.0)) }
    return common.count > text.count ? common : text
  }
}
