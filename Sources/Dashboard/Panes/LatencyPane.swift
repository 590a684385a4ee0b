import Pipeline

/// Latency per stage in milliseconds: now, percentiles, history, and share of the whole.
struct LatencyPane: Pane {
  func frameNote(_ context: PaneContext) -> String { "ms" }

  private struct Column: Sendable {
    var title: String
    var width: Int
    var value: @Sendable (StageStatistics) -> String
  }

  /// The top of a history is at least this many medians: usual values make a low line, and outliers stand out.
  private static let graphTop = 3.0

  private static let figures: [Column] = [
    Column(title: "now", width: 6) { Text.milliseconds($0.last) },
    Column(title: "p50", width: 6) { Text.milliseconds($0.p50) },
    Column(title: "p95", width: 6) { Text.milliseconds($0.p95) },
    Column(title: "p99", width: 6) { Text.milliseconds($0.p99) },
  ]

  private static func columns(width: Int) -> [Column] {
    if width >= 24 { return figures }
    return width >= 18 ? [figures[0], figures[1], figures[3]] : [figures[0], figures[3]]
  }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    guard !room.isEmpty else { return }
    let theme = context.theme
    // Stages that do not run are left out.
    let stages = context.snapshot.stages.filter { $0.name == "total" || $0.p99 > 0 || $0.last > 0 }
    guard !stages.isEmpty else {
      canvas.text("no frame processed yet", room.x, room.y, theme.style(.inactive), width: room.width)
      return
    }
    let name = min(12, max(8, room.width - 12))
    let columns = Self.columns(width: room.width - name)
    let numbers = columns.map(\.width).reduce(0, +)
    let share = room.width - name - numbers >= 9 ? 5 : 0
    let graph = max(0, room.width - name - numbers - share - 1)
    drawHeading(in: room, nameWidth: name, columns, hasShare: share > 0, context, on: &canvas)
    // In a replay the stages are those of the recording, which took longer than reading them.
    let parts = stages.filter { $0.name != "total" }.map(\.p50).reduce(0, +)
    let whole = max(parts, stages.first { $0.name == "total" }?.p50 ?? 0)
    let rate = context.snapshot.rates.camera
    let period = rate > 0 ? 1000 / rate : .infinity
    for (i, stage) in ordered(stages, room: room.height - 1).enumerated() {
      let y = room.y + 1 + i
      let isTotal = stage.name == "total"
      // A stage is coloured by its share of the whole, the total by its share of the frame period.
      let level = isTotal ? stage.last / period : whole > 0 ? stage.last / whole : 0
      canvas.text(
        Text.fit(stage.name, name, ellipsis: context.glyphs.ellipsis), room.x, y,
        theme.style(isTotal ? .title : .mainForeground), width: name)
      var x = room.x + name
      for (k, column) in columns.enumerated() {
        let color = k == 0 ? theme[ThemeGradient.latency].at(level) : theme[isTotal ? .title : .graphText]
        canvas.text(column.value(stage), endingAt: x + column.width - 1, y, Style(color, on: context.ground))
        x += column.width
      }
      if graph >= 3 {
        canvas.graph(
          stage.history, in: Rect(x: x, y: y, width: graph, height: 1),
          top: max(stage.p50 * Self.graphTop, stage.p95, 0.001),
          gradient: theme[ThemeGradient.latency], background: context.ground, glyphs: context.glyphs)
      }
      if share > 0, whole > 0, !isTotal {
        canvas.text(
          Text.fixed(min(9.99, stage.p50 / whole) * 100, 0) + "%", endingAt: room.right, y, theme.style(.graphText))
      }
    }
  }

  /// With too few rows the total stays, and the slowest stages.
  private func ordered(_ stages: [StageStatistics], room: Int) -> [StageStatistics] {
    guard stages.count > room, room > 0 else { return room > 0 ? stages : [] }
    let total = stages.filter { $0.name == "total" }
    let largest = Set(
      stages.filter { $0.name != "total" }.sorted { $0.p50 > $1.p50 }.prefix(max(0, room - total.count)).map(\.name))
    return stages.filter { largest.contains($0.name) } + total
  }

  private func drawHeading(
    in room: Rect, nameWidth name: Int, _ columns: [Column], hasShare: Bool, _ context: PaneContext,
    on canvas: inout CellCanvas
  ) {
    let style = context.theme.style(.inactive)
    canvas.text("stage", room.x, room.y, style, width: name)
    var x = room.x + name
    for column in columns {
      canvas.text(column.title, endingAt: x + column.width - 1, room.y, style)
      x += column.width
    }
    if hasShare { canvas.text("share", endingAt: room.right, room.y, style) }
  }
}
