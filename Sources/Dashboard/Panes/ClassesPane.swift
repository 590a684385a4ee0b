import Perception
import Pipeline

/// The best five classes of the selected detection, or of the whole picture: smoothed bars and raw values.
struct ClassesPane: Pane {
  func frameNote(_ context: PaneContext) -> String {
    Text.fit(context.classes.subject, 24, ellipsis: context.glyphs.ellipsis)
  }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let theme = context.theme
    guard !room.isEmpty else { return }
    guard !context.classes.bars.isEmpty else {
      let lines = Text.wrapped(
        Self.emptyText(context), room.width, most: room.height, ellipsis: context.glyphs.ellipsis)
      for (i, line) in lines.enumerated() { canvas.text(line, room.x, room.y + i, theme.style(.inactive)) }
      return
    }
    let (label, meter) = Self.columns(context.classes.bars, width: room.width)
    for (i, bar) in context.classes.bars.prefix(min(5, room.height)).enumerated() {
      let y = room.y + i
      let style = theme.style(i == 0 ? .title : .mainForeground)
      canvas.text(Text.fit(bar.label, label - 1, ellipsis: context.glyphs.ellipsis), room.x, y, style, width: label)
      canvas.meter(
        room.x + label, y, width: meter, fraction: bar.smoothed, gradient: theme[ThemeGradient.confidence],
        rest: theme.style(.meterBackground), glyphs: context.glyphs)
      canvas.text(Text.fixed(bar.raw * 100, 1) + "%", endingAt: room.x + label + meter + 7, y, style)
    }
    guard room.height >= 7, let sequence = Self.subject(context)?.sequenceClasses.first else { return }
    canvas.text(
      "motion: \(sequence.label) \(Text.fixed(Double(sequence.confidence) * 100, 0))%", room.x, room.y + 6,
      theme.style(.graphText), width: room.width)
  }

  /// Labels get the width that they need, in steps so that columns rarely move; bars get the rest.
  private static func columns(_ bars: [ClassBars.Bar], width: Int) -> (label: Int, meter: Int) {
    let longest = (bars.prefix(8).map { Text.columns($0.label) }.max() ?? 0) + 1
    let meterAndLabel = max(0, width - 7)
    let label = min(max(0, meterAndLabel - 3), (longest + 3) / 4 * 4)
    return (label, min(40, meterAndLabel - label))
  }

  private static func emptyText(_ context: PaneContext) -> String {
    context.snapshot.classifiers.contains { $0.state == .active }
      ? "nothing to classify" : "no classifier (c selects one)"
  }

  /// The detection whose classes are shown: the selected one, else the first that has classes.
  static func subject(_ context: PaneContext) -> Detection? {
    if let key = context.view.selectedDetection, let row = context.rows.first(where: { $0.key == key }) {
      return row.detection
    }
    return context.rows.first { $0.isPresent && !$0.detection.classes.isEmpty }?.detection
  }
}
