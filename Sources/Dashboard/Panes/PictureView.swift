import Capture
import Ground
import Perception
import Pipeline
import Vision

/// The camera's picture with the findings over it, inside the frame of ``PicturePane``: drawn for every frame.
struct PictureView {
  private var renderer = PictureRenderer()
  /// From the picture's pixels to the cells of the last frame; nil when it was not drawn.
  private(set) var mapping: CellMapping?
  /// How many cells the last frame changed, and whether a limit kept it from changing more.
  private(set) var changedCells = 0
  private(set) var wasCut = false
  private var drawnRegion = Box(x: 0, y: 0, width: 0, height: 0)
  private var drawnStyle = PictureStyle.off

  /// Mean brightness of the picture, 0...255.
  var brightness: Int { renderer.brightness }

  /// - Parameters:
  ///   - room: inside the frame of the pane.
  ///   - selected: index of the selected detection in the result on the screen.
  ///   - isNew: the result has not been drawn before.
  mutating func draw(
    in room: Rect, _ context: PaneContext, drawing: PictureRenderer.Settings, selected: Int?, isNew: Bool,
    on canvas: inout CellCanvas
  ) {
    changedCells = 0
    wasCut = false
    mapping = nil
    guard let result = context.result, drawing.style != .off else { return }
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
    if context.settings.boxes {
      let overlay = Overlay(
        mapping: mapping, theme: context.theme, glyphs: context.glyphs, isPhotographic: drawing.style.isPhotographic)
      drawFindings(result.findings, with: overlay, context, selected: selected, on: &canvas)
    }
    MeasuredColors.drawScale(of: image, at: context.view.probe.map { ($0.x, $0.y) }, mapping, context, on: &canvas)
    if let advice = context.snapshot.advice {
      // Above the scale of measured values.
      let height = image.levels == nil ? cells.height : cells.height - 1
      draw(
        Self.offering(advice, context), in: Rect(x: cells.x, y: cells.y, width: cells.width, height: height), context,
        on: &canvas)
    }
    if let trouble = PictureTrouble(context) {
      canvas.dim(cells)
      drawBanner(trouble, over: cells, context, on: &canvas)
    }
  }

  private func drawFindings(
    _ findings: Findings, with overlay: Overlay, _ context: PaneContext, selected: Int?, on canvas: inout CellCanvas
  ) {
    let comparison = context.snapshot.comparison.flatMap { $0.state == .active ? $0 : nil }
    let least = context.snapshot.minimumConfidence
    let differences = comparison.map {
      // A mark without a box would mean nothing: of the active model's, those that are on this picture.
      let first = Comparison.onlyFirst($0, atLeast: least).filter { one in
        findings.detections.contains { $0.label == one.label && $0.box.iou(one.box) > 0.5 }
      }
      let second = Comparison.onlySecond($0, atLeast: least).filter {
        context.view.only.isEmpty || context.view.only.contains($0.label)
      }
      return (first: first, second: second)
    }
    overlay.draw(
      findings, maps: context.view.maps, selected: selected, labels: context.settings.labels,
      confidences: context.confidences, differences: differences, on: &canvas)
  }

  /// The advice with the key of the catalogue, which needs no shell.
  private static func offering(_ advice: String, _ context: PaneContext) -> String {
    guard context.view.hasCatalogue, let colon = advice.firstIndex(of: ":") else { return advice }
    let key = context.settings.keys.name(of: .overlay(.catalogue))
    return advice[...colon] + " \(key) opens the catalogue, or" + advice[colon...].dropFirst()
  }

  /// In the last lines of the picture: why there are no boxes, and what to do about it.
  private func draw(_ advice: String, in cells: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let ground = context.theme[.warning].isTerminal ? Color.white : context.theme[.warning]
    let style = Style(ground.contrasting, on: ground, .bold)
    let room = max(4, cells.width - 2)
    let lines = Text.wrapped(advice, room, most: 3, ellipsis: context.glyphs.ellipsis)
    for (row, line) in lines.enumerated() where lines.count - row <= cells.height {
      let x = cells.x + max(0, (cells.width - Text.columns(line) - 2) / 2)
      canvas.text(" \(line) ", x, cells.y + cells.height - lines.count + row, style)
    }
  }

  /// Over an old picture: that it is old, the cause, and what is done about it, as far as there is room.
  private func drawBanner(
    _ trouble: PictureTrouble, over cells: Rect, _ context: PaneContext, on canvas: inout CellCanvas
  ) {
    let ground = context.theme[.stale].isTerminal ? Color.white : context.theme[.stale]
    let style = Style(ground.contrasting, on: ground, .bold)
    let room = max(4, cells.width - 4)
    var lines = [trouble.title] + Text.wrapped(trouble.cause, room, most: 3, ellipsis: context.glyphs.ellipsis)
    if let age = PictureTrouble.age(context) {
      lines.append("this picture is \(Text.duration(seconds: age / 1000)) old")
    }
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
}
