import Capture
package import Ground
import Perception
import Pipeline

/// Draws the whole dashboard into a canvas: panes, picture and overlays. Knows no terminal.
package struct Composer {
  private let glyphs: Glyphs
  private let depth: ColorDepth
  /// Panes, header and footer as last drawn; every frame copies them and draws picture and overlays over them.
  private var base: CellCanvas
  package private(set) var canvas: CellCanvas
  /// The places of things on the canvas.
  package private(set) var screen: ScreenMap
  /// The place of the terminal's cursor; nil hides it.
  package private(set) var cursor: (x: Int, y: Int)?
  private var picture = PictureView()
  private var closeup = Closeup()
  /// The confidences in the list of detections as it was last drawn, by the keys of its rows: a box says the same.
  private var listed: [Int: Double] = [:]

  package init(glyphs: Glyphs, depth: ColorDepth, columns: Int, rows: Int) {
    self.glyphs = glyphs
    self.depth = depth
    base = CellCanvas(width: columns, height: rows)
    canvas = base
    screen = ScreenMap(columns: columns, rows: rows)
  }

  package mutating func resize(columns: Int, rows: Int) {
    base.resize(width: columns, height: rows)
    canvas.resize(width: columns, height: rows)
    screen = ScreenMap(columns: columns, rows: rows)
  }

  /// Mean brightness of the picture, 0...255.
  package var brightness: Int { picture.brightness }
  /// How many of the picture's cells the last frame changed, and whether a limit kept it from changing more.
  package var changedCells: Int { picture.changedCells }
  package var pictureWasCut: Bool { picture.wasCut }

  /// How to draw the picture: the user's choice within the limits of terminal and link.
  ///
  /// - Parameter mostChanges: cells of the picture that may change.
  package func drawing(_ state: DashboardState, rung: Governor.Rung, mostChanges: Int = .max)
    -> PictureRenderer.Settings
  {
    var drawing = PictureRenderer.Settings()
    drawing.mostChanges = mostChanges
    let chosen = rung.isASCII && state.settings.style.isPhotographic ? PictureStyle.ascii : state.settings.style
    drawing.style = chosen.possible(with: glyphs.kind, depth: depth)
    drawing.tolerance = min(96, state.settings.tolerance + rung.tolerance)
    drawing.depth = depth
    drawing.ink = state.theme[.mainForeground]
    drawing.paper = state.theme[.mainBackground]
    return drawing
  }

  /// - Parameters:
  ///   - panesAreDue: draw the panes too, not only the picture.
  ///   - isNewPicture: the state's result has not been drawn yet.
  ///   - themes: the themes' names, for the command palette.
  ///   - configuration: the path of the configuration file, for the options.
  package mutating func compose(
    _ state: DashboardState, now: MonotonicTime, drawing: PictureRenderer.Settings, panesAreDue: Bool,
    isNewPicture: Bool, themes: [String], configuration: String
  ) {
    cursor = nil
    screen.overlayList = nil
    screen.layout = state.view.layout(columns: canvas.width, rows: canvas.height)
    var context = state.context(now: now, glyphs: glyphs, brightness: picture.brightness)
    context.theme = state.theme.fitted(to: depth)
    guard !screen.layout.isTooSmall else { return drawTooSmall(context) }
    if panesAreDue { drawPanes(context) }
    context.confidences = state.rows.rows.reduce(into: [:]) { confidences, row in
      if let index = row.index { confidences[index] = listed[row.key] ?? row.confidence }
    }
    for i in base.cells.indices { canvas.cells[i] = base.cells[i] }
    if let rect = screen.layout.panes[.picture] {
      picture.draw(
        in: rect.inner, context, drawing: drawing, selected: state.selectedIndex, isNew: isNewPicture, on: &canvas)
      screen.picture = picture.mapping
    } else {
      screen.picture = nil
    }
    if let rect = screen.layout.panes[.detections] {
      closeup.draw(Panes.room(inside: rect), context, drawing: drawing, on: &canvas)
    }
    drawOverlays(state, context, themes: themes, configuration: configuration)
  }

  private mutating func drawPanes(_ context: PaneContext) {
    screen.buttons.removeAll(keepingCapacity: true)
    screen.lists.removeAll(keepingCapacity: true)
    screen.timeline = screen.layout.panes[.recording].flatMap { ReplayPane.bar(in: Panes.room(inside: $0), context) }
    listed = context.rows.reduce(into: [:]) { $0[$1.key] = $1.confidence }
    base.clear(context.theme.style(.mainForeground))
    let isOld = PictureTrouble(context) != nil
    for id in PaneID.allCases {
      guard let rect = screen.layout.panes[id] else { continue }
      screen.lists[id] = Panes.draw(id, in: rect, context, on: &base)
      if isOld, id.showsTheFrame { base.dim(Panes.room(inside: rect)) }
    }
    Header.draw(screen.layout.header, context, on: &base)
    Footer.draw(screen.layout.footer, context, buttons: &screen.buttons, on: &base)
  }

  private mutating func drawOverlays(
    _ state: DashboardState, _ context: PaneContext, themes: [String], configuration: String
  ) {
    let modals = Modals(theme: context.theme, glyphs: glyphs)
    switch state.view.modal {
    case .help(let scroll): modals.help(state.settings.keys, scroll: scroll, on: &canvas)
    case .options(let selected):
      screen.overlayList = modals.options(state.settings, selected: selected, path: configuration, on: &canvas)
    case .palette(let text, let selected):
      let matches = CommandPalette.offers(text, state.snapshot, themes: themes, keys: state.settings.keys)
      let drawn = modals.palette(text, selected: selected, matches: matches, on: &canvas)
      cursor = drawn.cursor
      screen.overlayList = drawn.list
    case .catalogue(let selected, let asks):
      screen.overlayList = modals.catalogue(
        state.view.offers, selected: selected, asks: asks, keys: state.settings.keys, on: &canvas)
    case .controls(let selected):
      screen.overlayList = modals.controls(
        state.snapshot.controls ?? ControlListing(), selected: selected, keys: state.settings.keys, on: &canvas)
    case .moments(let selected):
      screen.overlayList = modals.moments(
        state.moments, begin: state.snapshot.replay?.begin, selected: selected, on: &canvas)
    case .prompt(let prompt, let text):
      cursor = modals.prompt(Self.title(of: prompt, state), text, note: "Enter accepts", on: &canvas)
    case nil: break
    }
    screen.toast = modals.toast(state.view.toasts, withInfo: state.view.modal == nil, on: &canvas)
  }

  private static func title(of prompt: Prompt, _ state: DashboardState) -> String {
    switch prompt {
    case .labels: return "labels, separated by commas"
    case .reference(let key):
      let label = state.rows.rows.first { $0.key == key }?.detection.label ?? ""
      return "name for this \(label)"
    }
  }

  /// A message in the middle with the present and the least size.
  private mutating func drawTooSmall(_ context: PaneContext) {
    screen.buttons.removeAll(keepingCapacity: true)
    screen.lists.removeAll(keepingCapacity: true)
    screen.timeline = nil
    screen.picture = nil
    let style = context.theme.style(.mainForeground)
    canvas.clear(style)
    let lines = [
      "too small", "\(canvas.width)x\(canvas.height)",
      "needs \(ScreenLayout.smallest.columns)x\(ScreenLayout.smallest.rows)", "q quit",
    ]
    let top = max(0, (canvas.height - lines.count) / 2)
    for (i, line) in lines.enumerated() {
      canvas.text(
        line, max(0, (canvas.width - line.count) / 2), top + i,
        i == 0 ? context.theme.style(.warning, .bold) : style)
    }
  }
}
