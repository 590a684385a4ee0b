package import Ground
package import Pipeline

/// All that a pane may look at while it draws.
package struct PaneContext {
  package var snapshot: SessionSnapshot
  /// The result on the screen; an older one than the snapshot's while the picture is frozen.
  package var result: FrameResult?
  package var view: ViewState
  package var settings: DashboardSettings
  package var theme: Theme
  package var glyphs: Glyphs
  package var now: MonotonicTime
  package var own: OwnFigures
  package var rows: [DetectionRow]
  package var classes: ClassBars
  package var history: RateHistory
  /// Mean brightness of the picture, 0...255.
  package var brightness: Int

  package init(snapshot: SessionSnapshot, settings: DashboardSettings, theme: Theme, glyphs: Glyphs) {
    self.snapshot = snapshot
    result = snapshot.latest
    view = ViewState()
    self.settings = settings
    self.theme = theme
    self.glyphs = glyphs
    now = .now
    own = OwnFigures()
    rows = []
    classes = ClassBars()
    history = RateHistory()
    brightness = 255
  }

  /// The background of all text.
  var ground: Color { theme[.mainBackground] }
}

/// One framed part of the screen. To add one: a case of ``PaneID``, a type like this, a line in ``Panes/all``, and a slot
/// in ``LayoutPreset/all``.
protocol Pane: Sendable {
  /// A figure for the frame's right end, "" for none.
  func note(_ context: PaneContext) -> String
  /// Draws inside the frame.
  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellGrid)
}

extension Pane {
  func note(_ context: PaneContext) -> String { "" }
}

/// The panes beside the picture.
enum Panes {
  static let all: [(id: PaneID, pane: any Pane)] = [
    (.detections, DetectionsPane()), (.classes, ClassesPane()), (.latency, LatencyPane()), (.rates, RatesPane()),
    (.models, ModelsPane()), (.recording, RecordingPane()), (.events, EventsPane()),
  ]

  static func draw(_ id: PaneID, _ pane: any Pane, in rect: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    let isFocused = context.view.focus == id
    let theme = context.theme
    canvas.frame(
      rect, title: id.title, hotkey: id.rawValue, glyphs: context.glyphs,
      line: isFocused ? theme.style(.highlight) : theme.style(id.box),
      titleStyle: theme.style(.title, isFocused ? .bold : []), hotkeyStyle: theme.style(.highlight),
      note: pane.note(context))
    pane.draw(Self.room(inside: rect), context, on: &canvas)
  }

  /// What a pane draws in: inside its frame, a column away from it.
  static func room(inside rect: Rect) -> Rect {
    let inner = rect.inner
    return Rect(x: inner.x + 1, y: inner.y, width: inner.width - 2, height: inner.height)
  }
}
