import Ground

/// Keys while help, command palette or options lie over the panes.
extension Controller {
  // MARK: Help

  /// Movements scroll; every other key closes the help.
  mutating func handleInHelp(_ key: Key, scroll: Int) -> Outcome {
    guard case .move(let movement)? = state.settings.keys.action(for: key), let step = Self.scrollStep(movement) else {
      state.view.modal = nil
      return .none
    }
    let limit = Modals.helpScrollLimit(state.settings.keys, rows: screen.rows, columns: screen.columns)
    state.view.modal = .help(scroll: min(limit, max(0, scroll + step)))
    return .none
  }

  private static func scrollStep(_ movement: Movement) -> Int? {
    switch movement {
    case .up: -1
    case .down: 1
    case .pageUp, .first: -pageLines
    case .pageDown, .last: pageLines
    case .left, .right: nil
    }
  }

  // MARK: Command palette

  mutating func handleInPalette(_ key: Key, text: String, selected: Int) -> Outcome {
    if key == .escape || (key == .backspace && text.isEmpty) {
      state.view.modal = nil
      return .none
    }
    // First, so that a pasted text does not have all commands searched for each of its letters.
    if let edited = TypedLine.edited(text, by: key, longest: 400) {
      state.view.modal = .palette(text: edited, selected: 0)
      return .none
    }
    let matches = CommandPalette.offers(text, state.snapshot, themes: themes.names, keys: state.settings.keys)
    if let line = Self.paletteLine(after: key, from: selected, count: matches.count) {
      state.view.modal = .palette(text: text, selected: line)
    } else if key == .enter {
      return runCommand(selected, of: matches)
    } else if key == .tab {
      state.view.modal = .palette(text: CommandPalette.completion(text, in: matches), selected: 0)
    }
    return .none
  }

  private static func paletteLine(after key: Key, from selected: Int, count: Int) -> Int? {
    let last = max(0, count - 1)
    return switch key {
    case .up: max(0, selected - 1)
    case .down: min(last, selected + 1)
    case .pageUp: max(0, selected - pageLines)
    case .pageDown: min(last, selected + pageLines)
    // Letters are typed here, so that only the keys above move.
    default: nil
    }
  }

  private mutating func runCommand(_ index: Int, of matches: [PaletteCommand]) -> Outcome {
    state.view.modal = nil
    return matches.indices.contains(index) ? perform(matches[index].action) : .none
  }

  /// A click on a command runs it.
  mutating func clickInPalette(_ index: Int, text: String) -> Outcome {
    runCommand(
      index, of: CommandPalette.offers(text, state.snapshot, themes: themes.names, keys: state.settings.keys))
  }

  // MARK: Options

  mutating func handleInOptions(_ key: Key, selected: Int) -> Outcome {
    switch state.settings.keys.action(for: key) {
    case .move(let movement): moveInOptions(movement, from: selected)
    case .panes(.focusNext): moveInOptions(.down, from: selected)
    case .choose, .session(.pause): changeOption(selected, by: 1)
    case .cancel, .overlay(.options), .program(.quit):
      state.view.modal = nil
      return configuration.differs(from: state.settings) ? .save : .none
    // Every other action is for the panes below, which take no keys now.
    default: break
    }
    return .none
  }

  private mutating func moveInOptions(_ movement: Movement, from selected: Int) {
    let last = SettingsTable.all.count - 1
    switch movement {
    case .up: state.view.modal = .options(selected: max(0, selected - 1))
    case .down: state.view.modal = .options(selected: min(last, selected + 1))
    case .left: changeOption(selected, by: -1)
    case .right: changeOption(selected, by: 1)
    case .pageUp, .pageDown, .first, .last: break
    }
  }

  /// A click selects an option; a second one changes it.
  mutating func clickInOptions(_ index: Int, selected: Int) {
    if index == selected { changeOption(index, by: 1) } else { state.view.modal = .options(selected: index) }
  }

  private mutating func changeOption(_ index: Int, by step: Int) {
    guard SettingsTable.all.indices.contains(index) else { return }
    let entry = SettingsTable.all[index]
    let choices = entry.setting == .theme ? themes.names : entry.choices
    guard !choices.isEmpty else { return }
    let present = choices.firstIndex(of: entry.read(state.settings)) ?? 0
    _ = entry.write(&state.settings, choices[(present + step + choices.count) % choices.count])
    apply(entry.setting)
  }

  /// Brings the state up to date with a setting that was changed.
  private mutating func apply(_ setting: Setting) {
    switch setting {
    case .theme: useTheme(state.settings.theme)
    case .preset: state.view.usePreset(named: state.settings.preset)
    case .order: state.sortAgain(now: .now)
    // Read from the settings wherever they matter, or at the next start.
    case .style, .colors, .boxes, .labels, .mouse, .bandwidth, .rate, .tolerance: break
    }
  }
}
