internal import Ground
internal import Pipeline

/// What happened, the newest at the bottom.
struct EventsPane: Pane {
  func note(_ context: PaneContext) -> String {
    context.view.eventScroll > 0 ? "-\(context.view.eventScroll)" : ""
  }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    let theme = context.theme
    guard !room.isEmpty else { return }
    let events = context.snapshot.events
    guard !events.isEmpty else {
      canvas.text("nothing yet", room.x, room.y, theme.style(.inactive), width: room.width)
      return
    }
    let end = max(min(room.height, events.count), events.count - context.view.eventScroll)
    let shown = events[max(0, end - room.height)..<end]
    for (i, event) in shown.enumerated() {
      let age = context.now.milliseconds(since: event.time) / 1000
      let when = Text.right(age < 100 ? Text.fixed(max(0, age), 0) + "s" : Text.clock(seconds: age), 6)
      canvas.text(when, room.x, room.y + i, theme.style(.inactive))
      canvas.text(
        Text.fit(event.message, room.width - 7, ellipsis: context.glyphs.ellipsis), room.x + 7, room.y + i,
        theme.style(Self.color(event.severity)), width: room.width - 7)
    }
  }

  static func color(_ severity: SessionEvent.Severity) -> ThemeColor {
    switch severity {
    case .info: .mainForeground
    case .warning: .warning
    case .error: .failure
    }
  }
}
