import Perception
import Pipeline

/// The best classes of the selected detection, or of the whole picture, from every stage that classifies: smoothed bars and
/// raw values.
struct ClassesPane: Pane {
  /// The most classes of one stage.
  private static let mostClasses = 5

  func frameNote(_ context: PaneContext) -> String {
    Text.fit(context.classes.subject, 24, ellipsis: context.glyphs.ellipsis)
  }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    guard !room.isEmpty else { return }
    let groups = context.classes.groups
    guard !groups.isEmpty else {
      let lines = Text.wrapped(
        Self.emptyText(context), room.width, most: room.height, ellipsis: context.glyphs.ellipsis)
      for (i, line) in lines.enumerated() {
        canvas.text(line, room.x, room.y + i, context.theme.style(.inactive))
      }
      return
    }
    let columns = Self.columns(groups.flatMap(\.bars), width: room.width)
    let hasHeadings = Self.hasHeadings(groups, rows: room.height)
    var y = room.y
    for (group, bars) in zip(groups, Self.bars(of: groups, rows: room.height)) where bars > 0 {
      if hasHeadings {
        canvas.text(group.stage.name, room.x, y, context.theme.style(.inactive), width: room.width)
        y += 1
      }
      for (i, bar) in group.bars.prefix(bars).enumerated() {
        draw(bar, isBest: i == 0, x: room.x, y: y, columns, context, on: &canvas)
        y += 1
      }
    }
  }

  private func draw(
    _ bar: ClassBars.Bar, isBest: Bool, x: Int, y: Int, _ columns: (label: Int, meter: Int), _ context: PaneContext,
    on canvas: inout CellCanvas
  ) {
    let theme = context.theme
    let style = theme.style(isBest ? .title : .mainForeground)
    let label = Text.fit(bar.label, columns.label - 1, ellipsis: context.glyphs.ellipsis)
    canvas.text(label, x, y, style, width: columns.label)
    canvas.meter(
      x + columns.label, y, width: columns.meter, fraction: bar.smoothed, gradient: theme[ThemeGradient.confidence],
      rest: theme.style(.meterBackground), glyphs: context.glyphs)
    canvas.text(Text.fixed(bar.raw * 100, 1) + "%", endingAt: x + columns.label + columns.meter + 7, y, style)
  }

  /// With several stages, each is named where there is room for its name and one class.
  private static func hasHeadings(_ groups: [ClassBars.Group], rows: Int) -> Bool {
    groups.count > 1 && rows >= groups.count * 2
  }

  /// How many bars of each group are shown: the same number for all, as far as they have them.
  private static func bars(of groups: [ClassBars.Group], rows: Int) -> [Int] {
    guard groups.count > 1 else { return [min(mostClasses, rows)] }
    var shown = [Int](repeating: 0, count: groups.count)
    var left = rows - (hasHeadings(groups, rows: rows) ? groups.count : 0)
    while left > 0 {
      let growing = groups.indices.filter { shown[$0] < min(mostClasses, groups[$0].bars.count) }
      guard !growing.isEmpty else { break }
      for i in growing where left > 0 {
        shown[i] += 1
        left -= 1
      }
    }
    return shown
  }

  /// Labels get the width that they need, in steps so that columns rarely move; bars get the rest.
  private static func columns(_ bars: [ClassBars.Bar], width: Int) -> (label: Int, meter: Int) {
    let longest = (bars.prefix(12).map { Text.columns($0.label) }.max() ?? 0) + 1
    let meterAndLabel = max(0, width - 7)
    let label = min(max(0, meterAndLabel - 3), (longest + 3) / 4 * 4)
    return (label, min(40, meterAndLabel - label))
  }

  private static func emptyText(_ context: PaneContext) -> String {
    context.snapshot.classifiers.contains { $0.state == .active }
      ? "nothing to classify" : "no classifier (\(context.settings.keys.name(of: .model(.nextClassifier))) selects one)"
  }
}
