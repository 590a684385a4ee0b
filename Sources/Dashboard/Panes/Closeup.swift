import Capture
import Ground
import Perception
import Pipeline
import Vision

/// The selected detection, enlarged, with everything known about it, in the rows that the list leaves free: drawn for every
/// frame.
struct Closeup {
  /// It is left out where there are fewer rows or columns.
  private static let leastRows = 8
  private static let leastColumns = 24
  /// Share of a box that is shown around it on each side.
  private static let margin: Float = 0.12

  private var renderer = PictureRenderer()

  /// - Parameters:
  ///   - room: inside the frame of the detections pane.
  mutating func draw(
    _ room: Rect, _ context: PaneContext, drawing: PictureRenderer.Settings, on canvas: inout CellCanvas
  ) {
    guard let result = context.result,
      let row = context.rows.first(where: { $0.key == context.view.selectedDetection }),
      let area = Self.area(in: room, rows: context.rows.count)
    else { return }
    canvas.fill(
      Rect(x: area.x, y: area.y, width: area.width, height: 1), context.glyphs.border.horizontal,
      context.theme.style(.divider))
    let body = Rect(x: area.x, y: area.y + 1, width: area.width, height: area.height - 1)
    let image = result.frame.image
    let region = Self.region(around: row.detection.box, width: image.width, height: image.height)
    var below = body
    if drawing.style != .off, row.isPresent, region.width >= 1, region.height >= 1 {
      let half = Rect(x: body.x, y: body.y, width: body.width / 2, height: body.height)
      let fitted = Viewport.cells(for: region, in: half)
      let cells = Rect(x: half.x, y: half.y, width: fitted.width, height: fitted.height)
      renderer.draw(image, region: region, cells: cells, settings: drawing, on: &canvas)
      below = Rect(x: half.right + 1, y: body.y, width: body.width - half.width - 1, height: body.height)
    }
    for (i, fact) in Self.facts(row, context).prefix(below.height).enumerated() {
      canvas.text(
        Text.fit(fact.text, below.width, ellipsis: context.glyphs.ellipsis), below.x, below.y + i,
        context.theme.style(fact.color), width: below.width)
    }
  }

  /// The room below list, heading and one blank line; nil where it is too small.
  private static func area(in room: Rect, rows: Int) -> Rect? {
    let taken = min(room.height, rows + 2)
    let area = Rect(x: room.x, y: room.y + taken, width: room.width, height: room.height - taken)
    return area.height >= leastRows && area.width >= leastColumns ? area : nil
  }

  private static func region(around box: Box, width: Int, height: Int) -> Box {
    let left = max(0, box.x - box.width * margin)
    let top = max(0, box.y - box.height * margin)
    return Box(
      x: left, y: top, width: min(Float(width), box.right + box.width * margin) - left,
      height: min(Float(height), box.bottom + box.height * margin) - top)
  }

  private static func facts(_ row: DetectionRow, _ context: PaneContext) -> [(text: String, color: ThemeColor)] {
    let detection = row.detection
    func percent(_ value: Float) -> String { Text.fixed(Double(value) * 100, 0) + "%" }
    func whole(_ value: Float) -> String { Text.fixed(Double(value), 0) }
    let box = detection.box
    let age = Text.clock(seconds: context.now.milliseconds(since: row.firstSeen) / 1000)
    var facts: [(text: String, color: ThemeColor)] = [
      ("\(detection.label) \(percent(detection.confidence))", .title),
      (detection.track.map { "track #\($0), seen for \(age)" } ?? "seen for \(age)", .mainForeground),
      ("at \(whole(box.x)),\(whole(box.y))", .graphText),
      ("\(whole(box.width))x\(whole(box.height)) pixels", .graphText),
    ]
    if let angle = detection.angle { facts.append(("rotated by \(whole(angle * 180 / .pi)) degrees", .graphText)) }
    facts += detection.classes.prefix(3).filter { $0.confidence >= 0.01 }.map {
      ("\($0.label) \(percent($0.confidence))", .mainForeground)
    }
    facts += detection.sequenceClasses.prefix(1).map {
      ("motion: \($0.label) \(percent($0.confidence))", .mainForeground)
    }
    facts += detection.matches.prefix(2).map { ("like \($0.name) \(percent(max(0, $0.similarity)))", .highlight) }
    return facts
  }
}
