import Pipeline

/// One framed part of the screen. To add one: a case of ``PaneID``, a type like this, a line in ``Panes/pane(_:_:)``, and a
/// slot in ``LayoutPreset/all``.
///
/// A pane is drawn some five times a second. ``PictureView`` and ``Closeup`` draw pixels of the camera over two of them,
/// once for every frame.
protocol Pane: Sendable {
  /// In the frame's top line; nil for the name of the ``PaneID``.
  var title: String? { get }
  /// A figure at the right end of the frame's top line, "" for none.
  func frameNote(_ context: PaneContext) -> String
  /// Draws inside the frame.
  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas)
  /// The list that ``draw(_:_:on:)`` draws, if it has one: for the mouse.
  func list(in room: Rect, _ context: PaneContext) -> ListView?
}

extension Pane {
  var title: String? { nil }
  func frameNote(_ context: PaneContext) -> String { "" }
  func list(in room: Rect, _ context: PaneContext) -> ListView? { nil }
}

/// The panes and their frames.
enum Panes {
  static func pane(_ id: PaneID, _ context: PaneContext) -> any Pane {
    switch id {
    case .picture: PicturePane()
    case .detections: DetectionsPane()
    case .classes: ClassesPane()
    case .latency: LatencyPane()
    case .rates: RatesPane()
    case .models: ModelsPane()
    case .recording: context.snapshot.replay == nil ? RecordingPane() : ReplayPane()
    case .events: EventsPane()
    }
  }

  /// Draws a pane with its frame; returns the list in it, if it has one.
  static func draw(_ id: PaneID, in rect: Rect, _ context: PaneContext, on canvas: inout CellCanvas) -> ListView? {
    let pane = pane(id, context)
    let isFocused = context.view.focus == id
    let theme = context.theme
    canvas.frame(
      rect, title: pane.title ?? id.title, hotkey: id.rawValue, glyphs: context.glyphs,
      line: isFocused ? theme.style(.highlight) : theme.style(id.box),
      titleStyle: theme.style(.title, isFocused ? .bold : []), hotkeyStyle: theme.style(.highlight),
      note: pane.frameNote(context))
    let room = Self.room(inside: rect)
    pane.draw(room, context, on: &canvas)
    return pane.list(in: room, context)
  }

  /// Where a pane draws: inside its frame, one column away from it.
  static func room(inside rect: Rect) -> Rect {
    let inner = rect.inner
    return Rect(x: inner.x + 1, y: inner.y, width: inner.width - 2, height: inner.height)
  }
}
