import Perception
import Pipeline

/// Latency per stage in milliseconds: now, percentiles, history, and share of the whole; where there is room also the parts
/// of networks: preprocessing, inference, postprocessing.
struct LatencyPane: Pane {
  /// In a replay also whose times they are: those of the recording, or of a network that runs now.
  func frameNote(_ context: PaneContext) -> String {
    guard context.snapshot.replay != nil else { return "ms" }
    let active = context.snapshot.detectors.first { $0.state == .active }
    return active?.description?.isComplete == true ? "ms, as recorded" : "ms, of this replay"
  }

  private struct Figure: Sendable {
    var title: String
    var width: Int
    var value: @Sendable (StageStatistics) -> String
  }

  /// How the width is distributed.
  private struct Columns {
    var name: Int
    var figures: [Figure]
    var graph: Int
    var share: Int

    init(width: Int, longestName: Int) {
      name = min(width >= 60 ? min(20, max(12, longestName + 1)) : 12, max(8, width - 12))
      figures = LatencyPane.figures(width: width - name)
      let numbers = figures.map(\.width).reduce(0, +)
      share = width - name - numbers >= 9 ? 5 : 0
      graph = max(0, width - name - numbers - share - 1)
    }
  }

  /// What colours and shares refer to, in milliseconds.
  private struct Scale {
    /// The whole of the parts.
    var whole: Double
    /// Time until the next frame.
    var period: Double

    init(_ parts: [StageStatistics], cameraRate: Double) {
      let sum = parts.filter { $0.part != .total }.map(\.p50).reduce(0, +)
      whole = max(sum, parts.first { $0.part == .total }?.p50 ?? 0)
      period = cameraRate > 0 ? 1000 / cameraRate : .infinity
    }

    /// A part is coloured by its share of the whole, the total by its share of the frame period.
    func level(of part: StageStatistics) -> Double {
      part.part == .total ? part.last / period : whole > 0 ? part.last / whole : 0
    }
  }

  private enum Row {
    case part(StageStatistics)
    case split(LatencySplit)
  }

  /// The top of a history is at least this many medians: usual values make a low line, and outliers stand out.
  private static let graphTop = 3.0

  private static let allFigures: [Figure] = [
    Figure(title: "now", width: 6) { Text.milliseconds($0.last) },
    Figure(title: "p50", width: 6) { Text.milliseconds($0.p50) },
    Figure(title: "p95", width: 6) { Text.milliseconds($0.p95) },
    Figure(title: "p99", width: 6) { Text.milliseconds($0.p99) },
  ]

  private static func figures(width: Int) -> [Figure] {
    if width >= 24 { return allFigures }
    return width >= 18 ? [allFigures[0], allFigures[1], allFigures[3]] : [allFigures[0], allFigures[3]]
  }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    guard !room.isEmpty else { return }
    // Stages that do not run are left out.
    let parts = context.snapshot.latencies.filter { $0.part == .total || $0.p99 > 0 || $0.last > 0 }
    guard !parts.isEmpty else {
      let style = context.theme.style(.inactive)
      canvas.text("no frame processed yet", room.x, room.y, style, width: room.width)
      return
    }
    let columns = Columns(width: room.width, longestName: parts.map { Text.columns($0.name) }.max() ?? 0)
    let scale = Scale(parts, cameraRate: context.snapshot.rates.camera)
    drawHeading(columns, in: room, context, on: &canvas)
    // The machine has a row once the stages have theirs.
    let machine = context.snapshot.machine.map { MachineText.parts(of: $0) } ?? []
    let hasMachine = !machine.isEmpty && room.height > parts.count + 1
    if hasMachine {
      drawMachine(machine, in: Rect(x: room.x, y: room.bottom - 1, width: room.width, height: 1), context, on: &canvas)
    }
    for (i, row) in Self.rows(parts, count: room.height - (hasMachine ? 2 : 1)).enumerated() {
      let line = Rect(x: room.x, y: room.y + 1 + i, width: room.width, height: 1)
      switch row {
      case .part(let part): draw(part, in: line, columns, scale, context, on: &canvas)
      case .split(let split): draw(split, in: line, context, on: &canvas)
      }
    }
  }

  private func draw(
    _ part: StageStatistics, in line: Rect, _ columns: Columns, _ scale: Scale, _ context: PaneContext,
    on canvas: inout CellCanvas
  ) {
    let theme = context.theme
    let isTotal = part.part == .total
    canvas.text(
      Text.fit(part.name, columns.name, ellipsis: context.glyphs.ellipsis), line.x, line.y,
      theme.style(isTotal ? .title : .mainForeground), width: columns.name)
    var x = line.x + columns.name
    for (i, figure) in columns.figures.enumerated() {
      let color =
        i == 0 ? theme[ThemeGradient.latency].at(scale.level(of: part)) : theme[isTotal ? .title : .graphText]
      canvas.text(figure.value(part), endingAt: x + figure.width - 1, line.y, Style(color, on: context.ground))
      x += figure.width
    }
    if columns.graph >= 3 {
      canvas.graph(
        part.history, in: Rect(x: x, y: line.y, width: columns.graph, height: 1),
        top: max(part.p50 * Self.graphTop, part.p95, 0.001), gradient: theme[ThemeGradient.latency],
        background: context.ground, glyphs: context.glyphs)
    }
    if columns.share > 0, scale.whole > 0, !isTotal {
      let share = Text.fixed(min(9.99, part.p50 / scale.whole) * 100, 0) + "%"
      canvas.text(share, endingAt: line.right, line.y, theme.style(.graphText))
    }
  }

  /// As many of the parts as fit.
  private func drawMachine(_ parts: [String], in line: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    var text = ""
    for part in parts {
      let longer = text.isEmpty ? part : text + "  " + part
      guard Text.columns(longer) <= line.width else { break }
      text = longer
    }
    let isHeldBack = !(context.snapshot.machine?.throttled ?? []).isEmpty
    canvas.text(text, line.x, line.y, context.theme.style(isHeldBack ? .warning : .inactive), width: line.width)
  }

  private func draw(_ split: LatencySplit, in line: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let times = [split.preprocess, split.inference, split.postprocess].map { Text.milliseconds($0) }
    func text(_ names: [String]) -> String {
      " " + zip(names, times).map { "\($0) \($1)" }.joined(separator: "  ")
    }
    let long = text(["preprocess", "inference", "postprocess"])
    let fitting = Text.columns(long) <= line.width ? long : text(["pre", "infer", "post"])
    canvas.text(
      Text.fit(fitting, line.width, ellipsis: context.glyphs.ellipsis), line.x, line.y,
      context.theme.style(.inactive), width: line.width)
  }

  /// With too few rows the total stays, and the slowest stages; rows to spare show the parts of the slowest networks.
  private static func rows(_ parts: [StageStatistics], count: Int) -> [Row] {
    guard count > 0 else { return [] }
    let slowest = parts.filter { $0.part != .total }.sorted { $0.p50 > $1.p50 }
    guard parts.count <= count else {
      let total = parts.filter { $0.part == .total }
      let kept = Set(slowest.prefix(max(0, count - total.count)).map(\.part))
      return (parts.filter { kept.contains($0.part) } + total).prefix(count).map { .part($0) }
    }
    let split = Set(slowest.filter { $0.split != nil }.prefix(count - parts.count).map(\.part))
    return parts.flatMap { part -> [Row] in
      guard split.contains(part.part), let times = part.split else { return [.part(part)] }
      return [.part(part), .split(times)]
    }
  }

  private func drawHeading(_ columns: Columns, in room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let style = context.theme.style(.inactive)
    canvas.text("stage", room.x, room.y, style, width: columns.name)
    var x = room.x + columns.name
    for figure in columns.figures {
      canvas.text(figure.title, endingAt: x + figure.width - 1, room.y, style)
      x += figure.width
    }
    if columns.share > 0 { canvas.text("share", endingAt: room.right, room.y, style) }
  }
}
