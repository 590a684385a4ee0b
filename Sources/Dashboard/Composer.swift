package import Ground
internal import Perception
internal import Pipeline

/// Draws the whole dashboard into a canvas: layout, panes, picture, and what lies over them. Knows no terminal.
package struct Composer {
  private let glyphs: Glyphs
  private let depth: ColorDepth
  /// Panes and bars as last drawn; the picture and what lies over it are put on a copy for every frame.
  private var base: CellGrid
  package private(set) var canvas: CellGrid
  package private(set) var layout: Layout
  /// Clickable places, the later ones on top.
  package private(set) var hits: [(Rect, Action)] = []
  package private(set) var cursor: (x: Int, y: Int)?
  private var picture = PicturePane()
  private var closeup = Closeup()

  package init(glyphs: Glyphs, depth: ColorDepth, columns: Int, rows: Int) {
    self.glyphs = glyphs
    self.depth = depth
    base = CellGrid(width: columns, height: rows)
    canvas = base
    layout = Layout(columns: columns, rows: rows, preset: LayoutPreset.all[0], visible: [])
  }

  package mutating func resize(columns: Int, rows: Int) {
    base.resize(width: columns, height: rows)
    canvas.resize(width: columns, height: rows)
  }

  package var brightness: Int { picture.brightness }
  package var mapping: CellMapping? { picture.mapping }
  /// How many of the picture's cells the last frame changed, and whether more were to.
  package var changedCells: Int { picture.changedCells }
  package var pictureWasCut: Bool { picture.wasCut }

  /// How the picture is to be drawn: the user's wish within what terminal and link allow.
  package func drawing(_ state: DashboardState, rung: Governor.Rung, mostChanges: Int = .max)
    -> PictureRenderer.Settings
  {
    var drawing = PictureRenderer.Settings()
    drawing.mostChanges = mostChanges
    let wished = rung.isASCII && state.settings.style.isPhotographic ? PictureStyle.ascii : state.settings.style
    drawing.style = wished.possible(with: glyphs.kind, depth: depth)
    drawing.tolerance = min(96, state.settings.tolerance + rung.tolerance)
    drawing.depth = depth
    drawing.ink = state.theme[.mainForeground]
    drawing.paper = state.theme[.mainBackground]
    return drawing
  }

  /// - Parameters:
  ///   - panesAreDue: draw the panes' figures anew, not only the picture.
  ///   - isNewPicture: the state's result has not been drawn yet.
  package mutating func compose(
    _ state: DashboardState, now: MonotonicTime, drawing: PictureRenderer.Settings, panesAreDue: Bool,
    isNewPicture: Bool, themes: [String], configuration: String
  ) {
    cursor = nil
    layout = state.view.layout(columns: canvas.width, rows: canvas.height)
    var context = state.context(now: now, glyphs: glyphs, brightness: picture.brightness)
    context.theme = state.theme.fitted(to: depth)
    guard !layout.isTooSmall else { return tooSmall(context) }
    if panesAreDue { drawPanes(context) }
    for i in base.cells.indices { canvas.cells[i] = base.cells[i] }
    if let rect = layout.panes[.picture] {
      picture.draw(
        rect.inner, context, drawing: drawing, selected: state.selectedIndex, isNew: isNewPicture, on: &canvas)
    }
    if let rect = layout.panes[.detections] {
      closeup.draw(Panes.room(inside: rect), context, drawing: drawing, on: &canvas)
    }
    overlays(state, context, themes: themes, configuration: configuration)
  }

  private mutating func drawPanes(_ context: PaneContext) {
    hits.removeAll(keepingCapacity: true)
    base.clear(context.theme.style(.mainForeground))
    if let rect = layout.panes[.picture] { PicturePane.frame(rect, context, on: &base) }
    for (id, pane) in Panes.all {
      if let rect = layout.panes[id] { Panes.draw(id, pane, in: rect, context, on: &base) }
    }
    Bars.header(layout.header, context, on: &base)
    Bars.footer(layout.footer, context, hits: &hits, on: &base)
    comparison(context)
  }

  /// The line on an A/B comparison, set into the bottom of the picture's frame.
  private mutating func comparison(_ context: PaneContext) {
    guard let status = context.snapshot.comparison, let rect = layout.panes[.picture] else { return }
    base.text(
      " " + Text.fit(Comparison.summary(status), rect.width - 6, ellipsis: context.glyphs.ellipsis) + " ", rect.x + 2,
      rect.bottom - 1,
      context.theme.style(.highlight, .bold))
  }

  private mutating func overlays(
    _ state: DashboardState, _ context: PaneContext, themes: [String], configuration: String
  ) {
    let modals = Modals(theme: context.theme, glyphs: glyphs)
    switch state.view.modal {
    case .help(let scroll): modals.help(scroll: scroll, on: &canvas)
    case .options(let selected): modals.options(state.settings, selected: selected, path: configuration, on: &canvas)
    case .palette(let text, let selected):
      let matches = CommandPalette.matches(
        text, in: CommandPalette.commands(snapshot: state.snapshot, themes: themes))
      cursor = modals.palette(text, selected: selected, matches: matches, on: &canvas)
    case .prompt(.labels, let text):
      cursor = modals.prompt("labels, with commas between", text, note: "Enter sets", on: &canvas)
    case .prompt(.reference(let key), let text):
      let label = state.rows.rows.first { $0.key == key }?.detection.label ?? ""
      cursor = modals.prompt("name for this \(label)", text, note: "Enter remembers", on: &canvas)
    case nil: break
    }
    modals.toasts(state.view.toasts, onlyGrave: state.view.modal != nil, on: &canvas)
  }

  /// A message in the middle with the size there is and the size it takes.
  private mutating func tooSmall(_ context: PaneContext) {
    hits.removeAll(keepingCapacity: true)
    let style = context.theme.style(.mainForeground)
    canvas.clear(style)
    let lines = [
      "too small", "\(canvas.width)x\(canvas.height)",
      "need \(Layout.smallest.columns)x\(Layout.smallest.rows)", "q quits",
    ]
    let top = max(0, (canvas.height - lines.count) / 2)
    for (i, line) in lines.enumerated() {
      canvas.text(
        line, max(0, (canvas.width - line.count) / 2), top + i,
        i == 0 ? context.theme.style(.warning, .bold) : style)
    }
  }
}
