internal import Capture
internal import Ground
package import Perception
package import Pipeline
internal import Vision

/// The picture with what was found in it. Unlike the other panes it is drawn anew for every frame.
struct PicturePane {
  private var renderer = PictureRenderer()
  /// Where the last frame went, for clicks.
  private(set) var mapping: CellMapping?

  var brightness: Int { renderer.brightness }
  /// What the last frame came to.
  private(set) var changedCells = 0
  private(set) var wasCut = false
  private var drawnRegion = Box(x: 0, y: 0, width: 0, height: 0)
  private var drawnStyle = PictureStyle.off

  static func frame(_ rect: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    let theme = context.theme
    let isFocused = context.view.focus == .picture
    var notes: [String] = []
    if context.view.viewport.zoom > 1 { notes.append("\(Text.fixed(Double(context.view.viewport.zoom), 1))x") }
    if !context.settings.boxes {
      notes.append("no boxes")
    } else if !context.settings.labels {
      notes.append("no labels")
    }
    if context.own.style != .blocks { notes.append(context.own.style.title) }
    notes += context.snapshot.health?.complaints.map(\.rawValue) ?? []
    canvas.frame(
      rect, title: PaneID.picture.title, hotkey: PaneID.picture.rawValue, glyphs: context.glyphs,
      line: isFocused ? theme.style(.highlight) : theme.style(.pictureBox),
      titleStyle: theme.style(.title, isFocused ? .bold : []), hotkeyStyle: theme.style(.highlight),
      note: notes.joined(separator: ", "))
  }

  /// - Parameters:
  ///   - room: inside the frame.
  ///   - isNew: whether the result has not been drawn before.
  mutating func draw(
    _ room: Rect, _ context: PaneContext, drawing: PictureRenderer.Settings, selected: Int?, isNew: Bool,
    on canvas: inout CellGrid
  ) {
    changedCells = 0
    wasCut = false
    guard let result = context.result else {
      waiting(room, context, on: &canvas)
      return
    }
    guard drawing.style != .off else {
      mapping = nil
      message(["picture off", "v switches it on"], room, context, on: &canvas)
      return
    }
    let image = result.frame.image
    let region = context.view.viewport.region(width: image.width, height: image.height)
    let cells = Viewport.cells(for: region, in: room)
    if isNew || cells != renderer.drawnCells || region != drawnRegion || drawing.style != drawnStyle || renderer.wasCut
    {
      drawnRegion = region
      drawnStyle = drawing.style
      renderer.draw(image, region: region, cells: cells, settings: drawing, on: &canvas)
      changedCells = renderer.changes
      wasCut = renderer.wasCut
    } else {
      renderer.redraw(settings: drawing, on: &canvas)
    }
    let mapping = CellMapping(region: region, cells: cells, imageWidth: image.width, imageHeight: image.height)
    self.mapping = mapping
    let trouble = Bars.trouble(context)
    let comparison = context.snapshot.comparison.flatMap { $0.state == .active ? $0 : nil }
    let differences = comparison.map { (first: Comparison.onlyFirst($0), second: Comparison.onlySecond($0)) }
    if context.settings.boxes {
      let overlay = Overlay(
        mapping: mapping, theme: context.theme, glyphs: context.glyphs, isPhotographic: drawing.style.isPhotographic)
      overlay.draw(
        result.findings.detections, segmentation: result.findings.segmentation, depth: result.findings.depth,
        selected: selected, labels: context.settings.labels, differences: differences, on: &canvas)
    }
    if let trouble {
      canvas.dim(cells)
      banner(trouble, cells, context, on: &canvas)
    }
  }

  /// Across an old picture: that it is old, why, and what is done about it, as far as there is room.
  private func banner(_ trouble: Bars.Trouble, _ cells: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    let ground = context.theme[.stale].isTerminal ? Color.white : context.theme[.stale]
    let style = Style(ground.contrasting, on: ground, .bold)
    let room = max(4, cells.width - 4)
    var lines = [trouble.title] + Text.wrapped(trouble.cause, room, most: 3, ellipsis: context.glyphs.ellipsis)
    if let age = Bars.age(context) { lines.append("this picture is \(Text.duration(seconds: age / 1000)) old") }
    lines = lines.prefix(max(1, cells.height)).map { Text.fit($0, room, ellipsis: context.glyphs.ellipsis) }
    let width = (lines.map { Text.columns($0) }.max() ?? 0) + 2
    let top = cells.y + max(0, (cells.height - lines.count) / 2)
    let left = cells.x + max(0, (cells.width - width) / 2)
    for (row, line) in lines.enumerated() {
      let before = (width - Text.columns(line)) / 2
      let after = width - before - Text.columns(line)
      canvas.text(
        String(repeating: " ", count: before) + line + String(repeating: " ", count: after), left, top + row, style)
    }
  }

  private func waiting(_ room: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    let source = context.snapshot.source.name
    let lines: [String] =
      switch context.snapshot.sourceState {
      case .starting: ["opening \(source)"]
      case .streaming: ["waiting for the first picture of \(source)"]
      case .noSignal(let reason, let since):
        ["no signal from \(source)", reason, Text.duration(seconds: context.now.milliseconds(since: since) / 1000)]
      case .failed(let reason): ["\(source) failed", reason]
      case .ended: ["\(source) has ended"]
      }
    message(lines, room, context, on: &canvas)
  }

  private func message(_ lines: [String], _ room: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    let wrapped = lines.enumerated().flatMap { i, line in
      Text.wrapped(line, room.width - 2, most: 3, ellipsis: context.glyphs.ellipsis).map { (isFirst: i == 0, text: $0) }
    }
    for (i, line) in wrapped.prefix(room.height).enumerated() {
      canvas.text(
        line.text, room.x + (room.width - Text.columns(line.text)) / 2,
        room.y + max(0, room.height - wrapped.count) / 2 + i,
        context.theme.style(line.isFirst ? .title : .graphText), width: room.width)
    }
  }
}

/// Where two detectors disagree on the same frame.
package enum Comparison {
  package static func onlySecond(_ status: ComparisonStatus) -> [Detection] {
    DetectionAgreement.unmatched(status.findings.detections, by: status.primaryFindings.detections)
  }

  package static func onlyFirst(_ status: ComparisonStatus) -> [Detection] {
    DetectionAgreement.unmatched(status.primaryFindings.detections, by: status.findings.detections)
  }

  /// One line on how the two compare.
  static func summary(_ status: ComparisonStatus) -> String {
    let name = ModelListing.title(of: status.model)
    switch status.state {
    case .loading: return "B \(name): loading"
    case .failed(let reason): return "B \(name): \(ModelsPane.brief(reason))"
    case .available, .active: break
    }
    func milliseconds(_ times: StageTimes) -> String {
      Text.milliseconds(Double(times.preprocess + times.inference + times.postprocess) / 1e6)
    }
    let count = status.agreement
    guard count.frames > 0 else { return "B \(name): no frame compared yet" }
    return "A \(milliseconds(status.primaryTimes)) ms, B \(name) \(milliseconds(status.times)) ms; only A "
      + "\(onlyFirst(status).count), only B \(onlySecond(status).count); over \(count.frames) frames "
      + "\(count.onlyFirst) and \(count.onlySecond)"
  }
}
