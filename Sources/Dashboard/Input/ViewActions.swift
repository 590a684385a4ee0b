import Ground
import Pipeline

/// Actions that change only the screen: picture, panes, layouts, themes.
extension Controller {
  private static let zoomFactor: Float = 1.5

  // MARK: Picture

  mutating func perform(_ action: PictureAction) {
    switch action {
    case .nextStyle: use(state.settings.style.next)
    case .useStyle(let style): use(style)
    case .toggleBoxes: state.settings.boxes.toggle()
    case .toggleLabels: state.settings.labels.toggle()
    case .nextMap: showNextMap()
    case .zoomIn: state.view.viewport.zoom(by: Self.zoomFactor)
    case .zoomOut: state.view.viewport.zoom(by: 1 / Self.zoomFactor)
    case .resetView: state.view.viewport.reset()
    }
  }

  private mutating func showNextMap() {
    let maps = state.result.map { PictureMap.all(in: $0.findings) } ?? []
    guard !maps.isEmpty || state.view.maps != .all else { return warn("no stage has a map of this picture") }
    state.view.maps = state.view.maps.next(among: maps)
    confirm("picture: \(state.view.maps.title)")
  }

  private mutating func use(_ style: PictureStyle) {
    state.settings.style = style
    let shown = style.possible(with: state.own.glyphs, depth: state.own.depth)
    let reason = shown == style ? "" : ", because the terminal cannot show \(style.title)"
    confirm("picture: \(shown.title)\(reason)\(howToKeep)")
  }

  // MARK: Panes

  mutating func perform(_ action: PaneAction) {
    switch action {
    case .toggle(let pane): toggle(pane)
    case .nextLayout: useLayout((state.view.preset + 1) % LayoutPreset.all.count)
    case .useLayout(let index): useLayout(index)
    case .nextOrder: useNextOrder()
    case .focusNext: moveFocus(by: 1)
    case .focusPrevious: moveFocus(by: -1)
    }
  }

  private mutating func useLayout(_ index: Int) {
    guard LayoutPreset.all.indices.contains(index) else { return }
    state.view.preset = index
    state.settings.preset = LayoutPreset.all[index].name
    state.view.wanted = []
    confirm("layout \(LayoutPreset.all[index].name)")
  }

  private mutating func useNextOrder() {
    let all = DetectionOrder.allCases
    state.settings.order = all[((all.firstIndex(of: state.settings.order) ?? 0) + 1) % all.count]
    state.sortAgain(now: .now)
    confirm("sorted by \(state.settings.order.rawValue)")
  }

  /// Hides a pane that is on the screen, and shows one that is not, even where other panes must make room for it.
  private mutating func toggle(_ pane: PaneID) {
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

  /// Goes through the panes that are on the screen.
  private mutating func moveFocus(by step: Int) {
    let order = PaneID.allCases
    let panes = state.view.layout.panes
    var place = order.firstIndex(of: state.view.focus) ?? 0
    for _ in order {
      place = (place + step + order.count) % order.count
      guard panes[order[place]] == nil else { break }
    }
    state.view.focus = order[place]
  }

  // MARK: Themes and configuration

  mutating func perform(_ action: AppearanceAction) {
    switch action {
    case .nextTheme: useTheme(after: state.theme.name)
    case .useTheme(let name): useTheme(name)
    case .reload: reload()
    case .save: break
    }
  }

  private mutating func useTheme(after name: String) {
    let names = themes.names
    useTheme(names[((names.firstIndex(of: name) ?? 0) + 1) % names.count])
  }

  mutating func useTheme(_ name: String) {
    do {
      state.theme = try themes.load(name)
      state.settings.theme = name
      confirm("theme \(name)\(howToKeep)")
    } catch {
      // The path of the file comes last: it must not push the reason off the screen.
      state.toast("theme \(name): \(error.what) \(error.place)", .failure, .now)
    }
  }

  /// Choices made by keys last until the end of the program.
  private var howToKeep: String {
    configuration.differs(from: state.settings) ? " (\(state.settings.keys.name(of: .appearance(.save))) keeps it)" : ""
  }

  private mutating func reload() {
    let (settings, problems) = configuration.load()
    state.settings = settings
    state.view.usePreset(named: settings.preset)
    useTheme(themes.chosen(settings.theme, for: state.own.depth))
    state.settings.theme = settings.theme
    for problem in problems.prefix(3) { warn(problem.line) }
  }
}
