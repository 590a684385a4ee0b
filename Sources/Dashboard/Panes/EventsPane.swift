import Ground
import Pipeline

/// Events, the newest at the bottom.
struct EventsPane: Pane {
  func frameNote(_ context: PaneContext) -> String {
    context.view.eventScroll > 0 ? "-\(context.view.eventScroll)" : ""
  }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let theme = context.theme
    guard !room.isEmpty else { return }
    let events = context.snapshot.events
    guard !events.isEmpty else {
      canvas.text("no events yet", room.x, room.y, theme.style(.inactive), width: room.width)
      return
    }
    let indent = 5
    let end = min(events.count, max(1, events.count - context.view.eventScroll))
    var lines: [(event: SessionEvent, text: String, isFirst: Bool)] = []
    for event in events[..<end].reversed() where lines.count < room.height {
      let wrapped = Text.wrapped(event.brief, room.width - indent, most: max(1, room.height - lines.count))
      for (i, text) in wrapped.enumerated().reversed() { lines.append((event, text, i == 0)) }
    }
    for (i, line) in lines.prefix(room.height).reversed().enumerated() {
      if line.isFirst {
        let age = context.now.milliseconds(since: line.event.time) / 1000
        let when = Text.right(Text.age(seconds: age), indent - 1)
        canvas.text(when, room.x, room.y + i, theme.style(.inactive))
      }
      canvas.text(
        line.text, room.x + indent, room.y + i, theme.style(Self.color(line.event.severity)),
        width: room.width - indent)
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
