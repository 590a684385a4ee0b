import Capture
internal import Ground
internal import Perception
package import Pipeline
internal import Vision

/// Turns keys into actions and actions into changes of the state and requests to the session. Knows no terminal.
package struct Controller {
  /// What only the dashboard itself can do.
  package enum Outcome: Sendable, Equatable { case none, quit, suspend, repaint, save }

  let session: any SessionControl
  package private(set) var themes: ThemeLibrary
  private let configuration: ConfigurationFile
  /// Lines that Page up and Page down move by.
  private static let page = 10

  package init(session: any SessionControl, themes: ThemeLibrary, configuration: ConfigurationFile) {
    self.session = session
    self.themes = themes
    self.configuration = configuration
  }

  /// What a key does, depending on what lies over the panes.
  package func handle(_ key: Key, _ state: inout DashboardState, _ composer: Composer) -> Outcome {
    state.view.isInUse = true
    state.view.columns = composer.canvas.width
    state.view.rows = composer.canvas.height
    if case .mouse(let button, let x, let y) = key { return click(button, x, y, &state, composer) }
    if key == .control("c") { return .quit }
    switch state.view.modal {
    case .palette(let text, let selected): return type(key, text, selected, &state)
    case .options(let selected): return option(key, selected, &state)
    case .help(let scroll): return help(key, scroll, &state, composer)
    case .prompt(let prompt, let text): return answer(key, prompt, text, &state)
    case nil: return KeyTable.action(for: key).map { perform($0, &state) } ?? .none
    }
  }

  // MARK: Actions

  package func perform(_ action: Action, _ state: inout DashboardState) -> Outcome {
    switch action {
    case .quit: return .quit
    case .suspend: return .suspend
    case .repaint: return .repaint
    case .help: state.view.modal = .help(scroll: 0)
    case .palette: state.view.modal = .palette(text: "", selected: 0)
    case .options: state.view.modal = .options(selected: 0)
    case .up, .down, .left, .right, .pageUp, .pageDown, .first, .last, .activate, .cancel: move(action, &state)
    case .nextDetector, .previousDetector, .nextClassifier, .previousClassifier, .useDetector, .useClassifier,
      .noClassifier, .compare, .compareNext, .endComparison:
      models(action, &state)
    case .remember, .typeLabels: ask(action, &state)
    case .pause, .record, .photo, .raiseThreshold, .lowerThreshold: live(action, &state)
    case .seekBack, .seekForward, .stepBack, .stepForward, .previousMark, .nextMark, .slower, .faster:
      replay(action, &state)
    default: look(action, &state)
    }
    return .none
  }

  private func live(_ action: Action, _ state: inout DashboardState) {
    let now = MonotonicTime.now
    switch action {
    case .pause:
      if let replay = session.replay, let status = state.snapshot.replay {
        replay.setPlaying(!status.isPlaying)
      } else {
        session.setPaused(!state.snapshot.paused)
      }
    case .record:
      guard let recorder = session.recorder else { return state.toast("this session cannot record", .warning, now) }
      recorder.setRecording(state.snapshot.recording?.state != .recording)
    case .photo:
      guard let photographer = session.photographer else {
        return state.toast("this session cannot save photos", .warning, now)
      }
      photographer.savePhoto()
    case .raiseThreshold, .lowerThreshold:
      let step: Float = action == .raiseThreshold ? 0.05 : -0.05
      let value = min(0.95, max(0.05, ((state.snapshot.minimumConfidence + step) * 20).rounded() / 20))
      session.setMinimumConfidence(value)
      state.toast("confidence at least \(Text.percent(Double(value)))", .info, now, replacesLast: true)
      showAnew(state)
    default: break
    }
  }

  private func models(_ action: Action, _ state: inout DashboardState) {
    let snapshot = state.snapshot
    switch action {
    case .nextDetector, .previousDetector:
      let next = Self.neighbour(snapshot.detectors, action == .nextDetector ? 1 : -1)
      guard let next else { return state.toast("no other detector", .warning, .now) }
      session.selectDetector(next)
    case .nextClassifier, .previousClassifier:
      let next = Self.neighbour(snapshot.classifiers, action == .nextClassifier ? 1 : -1)
      guard let next else { return state.toast("no other classifier", .warning, .now) }
      session.selectClassifier(next)
    case .useDetector(let name): session.selectDetector(name)
    case .useClassifier(let name): session.selectClassifier(name)
    case .noClassifier: session.selectClassifier(nil)
    case .compare(let name): compare(with: name, &state)
    case .compareNext:
      let present = snapshot.comparison?.model
      let others = snapshot.detectors.filter { $0.state != .active && !$0.hasFailed }.map(\.name)
      let next = present.flatMap { others.firstIndex(of: $0) }.map { ($0 + 1) % others.count } ?? 0
      guard others.indices.contains(next) else { return state.toast("no other detector", .warning, .now) }
      compare(with: others[next], &state)
    case .endComparison: session.comparison?.compare(with: nil)
    default: break
    }
  }

  private func compare(with name: String, _ state: inout DashboardState) {
    guard let comparison = session.comparison else {
      return state.toast("this session cannot compare models", .warning, .now)
    }
    comparison.compare(with: name)
  }

  /// The model after or before the one that is loading or active. Those that failed are passed over, or one of them would
  /// bar the way to what comes after it; Enter in the list tries them again.
  private static func neighbour(_ listings: [ModelListing], _ step: Int) -> String? {
    let present = listings.firstIndex { $0.state == .loading } ?? listings.firstIndex { $0.state == .active }
    var place = present ?? (step > 0 ? -1 : listings.count)
    for _ in listings {
      place = (place + step + listings.count) % listings.count
      if place != present, !listings[place].hasFailed { return listings[place].name }
    }
    return nil
  }

  /// What changes only the screen.
  private func look(_ action: Action, _ state: inout DashboardState) {
    switch action {
    case .nextStyle: use(style: state.settings.style.next, &state)
    case .useStyle(let style): use(style: style, &state)
    case .toggleBoxes: state.settings.boxes.toggle()
    case .toggleLabels: state.settings.labels.toggle()
    case .zoomIn: state.view.viewport.zoom(by: 1.5)
    case .zoomOut: state.view.viewport.zoom(by: 1 / 1.5)
    case .resetView: state.view.viewport.reset()
    case .nextTheme:
      let names = themes.names
      let next = (names.firstIndex(of: state.theme.name) ?? 0) + 1
      use(theme: names[next % names.count], &state)
    case .useTheme(let name): use(theme: name, &state)
    case .reloadThemes: reload(&state)
    case .togglePane(let pane): toggle(pane, &state)
    case .nextPreset: use(preset: (state.view.preset + 1) % LayoutPreset.all.count, &state)
    case .usePreset(let index): use(preset: index, &state)
    case .nextOrder:
      let all = DetectionOrder.allCases
      state.settings.order = all[((all.firstIndex(of: state.settings.order) ?? 0) + 1) % all.count]
      state.resort(now: .now)
      state.toast("sorted by \(state.settings.order.rawValue)", .info, .now, replacesLast: true)
    case .focusNext: focus(1, &state)
    case .focusPrevious: focus(-1, &state)
    default: break
    }
  }

  private func use(theme name: String, _ state: inout DashboardState) {
    do {
      state.theme = try themes.load(name)
      state.settings.theme = name
      state.toast("theme \(name)", .info, .now, replacesLast: true)
    } catch {
      // The file's path comes last: it must not push the reason off the screen.
      state.toast("theme \(name): \(error.what) \(error.place)", .failure, .now)
    }
  }

  private func use(preset: Int, _ state: inout DashboardState) {
    guard LayoutPreset.all.indices.contains(preset) else { return }
    state.view.preset = preset
    state.settings.preset = LayoutPreset.all[preset].name
    state.view.wanted = []
    state.toast("layout \(LayoutPreset.all[preset].name)", .info, .now, replacesLast: true)
  }

  private func reload(_ state: inout DashboardState) {
    let (settings, problems) = configuration.load()
    state.settings = settings
    state.view.preset = LayoutPreset.all.firstIndex { $0.name == settings.preset } ?? 0
    use(theme: themes.chosen(settings.theme, for: state.own.depth), &state)
    state.settings.theme = settings.theme
    for problem in problems.prefix(3) { state.toast(problem.line, .warning, .now) }
  }

  private func use(style: PictureStyle, _ state: inout DashboardState) {
    state.settings.style = style
    let shown = style.possible(with: state.own.glyphs, depth: state.own.depth)
    let what = shown == style ? style.title : "\(style.title), here as \(shown.title): the terminal has no more"
    state.toast("picture: \(what)", .info, .now, replacesLast: true)
  }

  /// Hides a pane that is on the screen, and brings one that is not: also where others must make room for it.
  private func toggle(_ pane: PaneID, _ state: inout DashboardState) {
    let wasHidden = !state.view.visible.contains(pane)
    let wasShown = state.view.layout.panes[pane] != nil
    state.view.wanted.removeAll { $0 == pane }
    if wasShown {
      state.view.visible.remove(pane)
    } else {
      state.view.visible.insert(pane)
      if state.view.layout.panes[pane] == nil { state.view.wanted.append(pane) }
      if !wasHidden { state.view.focus = pane }
    }
  }

  // MARK: Moving

  /// Goes through the panes that are on the screen.
  private func focus(_ step: Int, _ state: inout DashboardState) {
    let order = PaneID.allCases
    let panes = state.view.layout.panes
    var place = order.firstIndex(of: state.view.focus) ?? 0
    for _ in order {
      place = (place + step + order.count) % order.count
      guard panes[order[place]] == nil else { break }
    }
    state.view.focus = order[place]
  }

  func move(_ action: Action, _ state: inout DashboardState) {
    if action == .cancel {
      state.view.selectedDetection = nil
      state.view.toasts.removeAll()
      return
    }
    // Nobody moves about in a list that is not to be seen; the detections show in the picture as well.
    let isShown = state.view.layout.panes[state.view.focus] != nil
    switch isShown ? state.view.focus : .detections {
    case .picture: movePicture(action, &state)
    case .models: moveModels(action, &state)
    case .events: moveEvents(action, &state)
    default: moveDetections(action, &state)
    }
  }

  private func movePicture(_ action: Action, _ state: inout DashboardState) {
    switch action {
    case .up: state.view.viewport.pan(0, -0.1)
    case .down: state.view.viewport.pan(0, 0.1)
    case .left: state.view.viewport.pan(-0.1, 0)
    case .right: state.view.viewport.pan(0.1, 0)
    case .pageUp: state.view.viewport.zoom(by: 1.5)
    case .pageDown: state.view.viewport.zoom(by: 1 / 1.5)
    case .first: state.view.viewport.reset()
    default: break
    }
  }

  /// The line that an action leads to from `present` in a list.
  private static func line(_ action: Action, from present: Int?, count: Int) -> Int? {
    guard count > 0 else { return nil }
    let here = present ?? -1
    let wanted: Int
    switch action {
    case .up, .left: wanted = present == nil ? count - 1 : here - 1
    case .down, .right: wanted = here + 1
    case .pageUp: wanted = here - page
    case .pageDown: wanted = here + page
    case .first: wanted = 0
    case .last: wanted = count - 1
    default: return present
    }
    return min(count - 1, max(0, wanted))
  }

  private func moveDetections(_ action: Action, _ state: inout DashboardState) {
    let rows = state.rows.rows
    let present = rows.firstIndex { $0.key == state.view.selectedDetection }
    if action == .activate {
      state.view.selectedDetection = present == nil ? rows.first?.key : nil
    } else if let line = Self.line(action, from: present, count: rows.count) {
      state.view.selectedDetection = rows[line].key
    }
  }

  func moveModels(_ action: Action, _ state: inout DashboardState) {
    let entries = ModelsPane.entries(state.snapshot)
    let present = min(state.view.selectedModel, max(0, entries.count - 1))
    if action == .activate, entries.indices.contains(present) {
      let entry = entries[present]
      if entry.isClassifier {
        session.selectClassifier(entry.listing.name)
      } else {
        session.selectDetector(entry.listing.name)
      }
    } else if let line = Self.line(action, from: present, count: entries.count) {
      state.view.selectedModel = line
    }
  }

  private func moveEvents(_ action: Action, _ state: inout DashboardState) {
    let most = max(0, state.snapshot.events.count - 1)
    // Upwards is back in time.
    let steps: [Action: Int] = [
      .up: 1, .down: -1, .pageUp: Self.page, .pageDown: -Self.page, .first: most, .last: -most,
    ]
    state.view.eventScroll = min(most, max(0, state.view.eventScroll + (steps[action] ?? 0)))
  }

  // MARK: Over the panes

  private func help(_ key: Key, _ scroll: Int, _ state: inout DashboardState, _ composer: Composer) -> Outcome {
    let limit = Modals.helpScrollLimit(rows: composer.canvas.height, columns: composer.canvas.width)
    switch KeyTable.action(for: key) {
    case .up: state.view.modal = .help(scroll: max(0, scroll - 1))
    case .down: state.view.modal = .help(scroll: min(limit, scroll + 1))
    case .pageUp, .first: state.view.modal = .help(scroll: max(0, scroll - Self.page))
    case .pageDown, .last: state.view.modal = .help(scroll: min(limit, scroll + Self.page))
    default: state.view.modal = nil
    }
    return .none
  }

  private func type(_ key: Key, _ text: String, _ selected: Int, _ state: inout DashboardState) -> Outcome {
    let commands = CommandPalette.commands(snapshot: state.snapshot, themes: themes.names)
    let matches = CommandPalette.matches(text, in: commands)
    func show(_ text: String, _ selected: Int) {
      state.view.modal = .palette(text: text, selected: selected)
    }
    switch key {
    case .escape: state.view.modal = nil
    case .enter:
      state.view.modal = nil
      if matches.indices.contains(selected) { return perform(matches[selected].action, &state) }
    case .tab: show(CommandPalette.completion(text, in: commands), 0)
    case .up: show(text, max(0, selected - 1))
    case .down: show(text, min(max(0, matches.count - 1), selected + 1))
    case .pageUp: show(text, max(0, selected - Self.page))
    case .pageDown: show(text, min(max(0, matches.count - 1), selected + Self.page))
    case .backspace: if text.isEmpty { state.view.modal = nil } else { show(String(text.dropLast()), 0) }
    case .control("u"): show("", 0)
    case .character(let scalar) where text.count < 100: show(text + String(Character(scalar)), 0)
    default: break
    }
    return .none
  }

  private func option(_ key: Key, _ selected: Int, _ state: inout DashboardState) -> Outcome {
    let entries = SettingsTable.all
    func change(_ step: Int) {
      guard entries.indices.contains(selected) else { return }
      let entry = entries[selected]
      let choices = entry.key == "theme" ? themes.names : entry.choices
      guard !choices.isEmpty else { return }
      let present = choices.firstIndex(of: entry.read(state.settings)) ?? 0
      _ = entry.write(&state.settings, choices[(present + step + choices.count) % choices.count])
      if entry.key == "theme" { use(theme: state.settings.theme, &state) }
      if entry.key == "preset" {
        state.view.preset = LayoutPreset.all.firstIndex { $0.name == state.settings.preset } ?? 0
      }
      if entry.key == "order" { state.resort(now: .now) }
    }
    switch KeyTable.action(for: key) {
    case .up: state.view.modal = .options(selected: max(0, selected - 1))
    case .down, .focusNext: state.view.modal = .options(selected: min(entries.count - 1, selected + 1))
    case .left: change(-1)
    case .right, .activate, .pause: change(1)
    case .cancel, .options, .quit:
      state.view.modal = nil
      return configuration.differs(from: state.settings) ? .save : .none
    default: break
    }
    return .none
  }
}
