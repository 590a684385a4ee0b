import Pipeline

/// Frames per second by what they count, skipped frames by cause, and the cost of the screen in bytes.
struct RatesPane: Pane {
  func frameNote(_ context: PaneContext) -> String { "frames/s" }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    guard !room.isEmpty else { return }
    let lines = Self.lines(context)
    let hasGraphs = room.width >= Self.figures + 8
    let hasRoomBelow = room.height > lines.count + 1
    let figures = hasGraphs ? Self.figures : room.width
    for (i, line) in lines.prefix(room.height).enumerated() {
      let y = room.y + i
      if let history = line.history, !hasGraphs, !hasRoomBelow { history.draw(room, y, context, on: &canvas) }
      canvas.text(line.name, room.x, y, context.theme.style(.mainForeground), width: figures - 7)
      canvas.text(line.value, endingAt: room.x + figures, y, Style(line.color, on: context.ground))
    }
    if hasGraphs {
      graphs(
        Rect(x: room.x + figures + 2, y: room.y, width: room.width - figures - 2, height: room.height), context,
        on: &canvas)
    } else if hasRoomBelow {
      let y = room.y + lines.count
      history(Rect(x: room.x, y: y, width: room.width, height: room.bottom - y), context, on: &canvas)
    }
  }

  private static let figures = 24

  /// The history of a rate, drawn between its name and its value where there is no room for graphs beside them.
  private struct History {
    var values: [Double]
    var gradient: ThemeGradient
    /// Columns that the value takes.
    var value: Int
    private static let name = 10

    init(_ values: [Double], _ gradient: ThemeGradient, value: Int = 6) {
      self.values = values
      self.gradient = gradient
      self.value = value
    }

    func draw(_ room: Rect, _ y: Int, _ context: PaneContext, on canvas: inout CellCanvas) {
      let width = room.width - Self.name - value
      guard width >= 3 else { return }
      // At most three of four dots: graphs on neighbouring rows must not touch.
      canvas.graph(
        values, in: Rect(x: room.x + Self.name, y: y, width: width, height: 1),
        top: max(1, values.suffix(width * 2).max() ?? 1) * 1.34, gradient: context.theme[gradient],
        background: context.ground, glyphs: context.glyphs)
    }
  }

  private struct Line {
    var name: String
    var value: String
    var color: Color
    var history: History?
  }

  private static func lines(_ context: PaneContext) -> [Line] {
    let rates = context.snapshot.rates
    let theme = context.theme
    func loss(_ value: Double, _ total: UInt64) -> Color {
      theme[value > 0.05 ? .warning : total > 0 ? .graphText : .inactive]
    }
    let skipped = context.snapshot.skipped
    // Causes that most cameras never have get a line only once they occur.
    let rarer = [("passed over", skipped.passedOver), ("damaged", skipped.damaged)].filter { $0.1 > 0 }.map {
      Line(name: $0.0, value: "\u{3A3}\(Text.count($0.1))".plain(context.glyphs), color: theme[.warning])
    }
    return [
      Line(
        name: "camera", value: Text.fixed(rates.camera, 1), color: theme[.title],
        history: History(context.history.camera, .rate)),
      Line(
        name: "processed", value: Text.fixed(rates.processed, 1), color: theme[.title],
        history: History(context.history.processed, .rate)),
      Line(name: "shown", value: Text.fixed(context.own.shownRate, 1), color: theme[.title]),
      Line(
        name: "skipped",
        value: "\(Text.fixed(rates.skippedByPipeline, 1)) \u{3A3}\(Text.count(skipped.pipeline))".plain(context.glyphs),
        color: loss(rates.skippedByPipeline, skipped.pipeline)),
      Line(
        name: "driver lost",
        value: "\(Text.fixed(rates.droppedByDriver, 1)) \u{3A3}\(Text.count(skipped.driver))".plain(context.glyphs),
        color: loss(rates.droppedByDriver, skipped.driver)),
    ] + rarer + [
      Line(
        name: context.own.isCongested ? "sent, slow" : "sent", value: Text.bytes(context.own.bytesPerSecond) + "/s",
        color: theme[context.own.isCongested ? .warning : .graphText],
        history: context.own.isCongested ? nil : History(context.history.bytes, .skipped, value: 10)),
      Line(name: "per picture", value: Text.bytes(context.own.bytesPerFrame), color: theme[.graphText]),
    ] + budget(context.own, theme) + [
      Line(
        name: "round trip", value: context.own.roundTrip.map { Text.milliseconds($0) + " ms" } ?? "-",
        color: theme[.graphText])
    ]
  }

  /// The byte budget, and by how many steps the drawing is reduced for it.
  private static func budget(_ own: OwnFigures, _ theme: Theme) -> [Line] {
    let limit = Line(
      name: "budget", value: own.budget.map { Text.bytes($0) + "/s" } ?? "automatic", color: theme[.graphText])
    guard own.governorLevel > 0 else { return [limit] }
    let step = "step \(own.governorLevel) of \(Governor.ladder.count - 1)"
    return [limit, Line(name: "saving", value: step, color: theme[.warning])]
  }

  /// Processed frames in the upper graph, bytes in the lower one.
  private func graphs(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let upper = max(1, room.height * 2 / 3)
    history(Rect(x: room.x, y: room.y, width: room.width, height: upper), context, on: &canvas)
    let lower = Rect(x: room.x, y: room.y + upper, width: room.width, height: room.height - upper)
    let top = context.history.bytes.suffix(lower.width * 2).max() ?? 0
    guard !lower.isEmpty, top > 0 else { return }
    canvas.graph(
      context.history.bytes, in: lower, top: top, gradient: context.theme[ThemeGradient.skipped],
      background: context.ground, glyphs: context.glyphs)
  }

  private func history(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let top = max(1, context.history.camera.suffix(room.width * 2).max() ?? 1)
    canvas.graph(
      context.history.processed, in: room, top: top * 1.1, gradient: context.theme[ThemeGradient.rate],
      background: context.ground, glyphs: context.glyphs)
  }
}

extension String {
  /// A sum as `Σ27`, or `(27)` where the terminal lacks the Greek letter.
  fileprivate func plain(_ glyphs: Glyphs) -> String {
    glyphs.kind == .full ? self : String(map { $0 == "\u{3A3}" ? "(" : $0 }) + ")"
  }
}
