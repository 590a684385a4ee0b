import Ground
package import Perception
import Vision

/// Draws findings over the picture: tints first, then lines, then labels.
package struct Overlay {
  private let mapping: CellMapping
  private let theme: Theme
  private let glyphs: Glyphs
  private let isPhotographic: Bool
  /// Labels may take one of this many cells of the picture.
  private static let labelShare = 6
  /// More objects than these are a crowd.
  private static let crowd = 12
  private static let lowerHalf = ("▄" as Unicode.Scalar).value

  /// - Parameter isPhotographic: the cells under the overlay hold colours of the picture.
  package init(mapping: CellMapping, theme: Theme, glyphs: Glyphs, isPhotographic: Bool) {
    self.mapping = mapping
    self.theme = theme
    self.glyphs = glyphs
    self.isPhotographic = isPhotographic
  }

  /// - Parameters:
  ///   - maps: the maps to draw under the lines.
  ///   - selected: the index of the selected detection.
  ///   - confidences: what to write instead of a detection's own confidence, by index.
  ///   - differences: detections of only one of two compared models; the first are marked A, the second in white B.
  package func draw(
    _ findings: Findings, maps: MapChoice = .all, selected: Int?, labels: Bool, confidences: [Int: Double] = [:],
    differences: (first: [Detection], second: [Detection])? = nil, on canvas: inout CellCanvas
  ) {
    let detections = findings.detections
    draw(maps, of: findings, on: &canvas)
    // The most confident ones last, over the others.
    for (index, detection) in detections.enumerated().reversed() {
      outline(detection, in: theme.color(ofClass: detection.classID), isSelected: index == selected, on: &canvas)
      keypoints(of: detection, on: &canvas)
    }
    // Lines go under all labels, or they would cross them out.
    for detection in differences?.second ?? [] { outline(detection, in: .white, isSelected: true, on: &canvas) }
    var taken: [Rect] = []
    if labels {
      let shown = detections.enumerated().map { index, detection in
        var shown = detection
        if let confidence = confidences[index] { shown.confidence = Float(confidence) }
        return shown
      }
      taken = self.labels(of: shown, selected: selected, on: &canvas)
    }
    for detection in differences?.first ?? [] { mark(detection, "A", beside: &taken, on: &canvas) }
    for detection in differences?.second ?? [] { mark(detection, "B " + detection.label, beside: &taken, on: &canvas) }
  }

  /// Returns where labels stand.
  private func labels(of detections: [Detection], selected: Int?, on canvas: inout CellCanvas) -> [Rect] {
    var taken: [Rect] = []
    let isCrowded = detections.count > Self.crowd
    // Labels may not hide a small picture: beyond this many cells they are short ones, and then none.
    var room = mapping.cells.width * mapping.cells.height / Self.labelShare
    if let selected, detections.indices.contains(selected) {
      label(detections[selected], isSelected: true, isCrowded: isCrowded, beside: &taken, room: &room, on: &canvas)
    }
    for (index, detection) in detections.enumerated() where index != selected {
      label(detection, isSelected: false, isCrowded: isCrowded, beside: &taken, room: &room, on: &canvas)
    }
    return taken
  }

  /// Writes at the bottom of a detection's box which of two models found it, where no label stands.
  private func mark(_ detection: Detection, _ text: String, beside taken: inout [Rect], on canvas: inout CellCanvas) {
    let rect = mapping.rect(detection.box)
    let x = max(rect.x, mapping.cells.x)
    let y = min(rect.bottom, mapping.cells.bottom) - 1
    guard mapping.cells.contains(x, y), x < rect.right, y >= rect.y else { return }
    let place = Rect(x: x, y: y, width: min(Text.columns(text) + 2, mapping.cells.right - x), height: 1)
    guard taken.allSatisfy({ $0.y != y || $0.right <= place.x || place.right <= $0.x }) else { return }
    taken.append(place)
    canvas.text(" \(text) ", x, y, Style(.black, on: .white, .bold), width: place.width)
  }

  /// Puts a character over the picture without hiding its colours.
  private func put(
    _ scalar: Unicode.Scalar, _ x: Int, _ y: Int, _ color: Color, bold: Bool, on canvas: inout CellCanvas
  ) {
    guard mapping.cells.contains(x, y) else { return }
    let below = canvas[x, y]
    let ground =
      isPhotographic
      ? below.background.mixed(with: below.foreground, share: 128).mixed(with: .black, share: 70)
      : theme[.mainBackground]
    canvas[x, y] = Cell(scalar, Style(color, on: ground, bold ? .bold : []))
  }

  private func outline(_ detection: Detection, in color: Color, isSelected: Bool, on canvas: inout CellCanvas) {
    if let angle = detection.angle, angle != 0 {
      turned(detection, by: angle, color, on: &canvas)
      return
    }
    let rect = mapping.rect(detection.box)
    let frame = glyphs.frame
    let right = rect.right - 1
    let bottom = rect.bottom - 1
    for x in visible(rect.x + 1, right, mapping.cells.x, mapping.cells.right) {
      put(frame.horizontal, x, rect.y, color, bold: isSelected, on: &canvas)
      put(frame.horizontal, x, bottom, color, bold: isSelected, on: &canvas)
    }
    for y in visible(rect.y + 1, bottom, mapping.cells.y, mapping.cells.bottom) {
      put(frame.vertical, rect.x, y, color, bold: isSelected, on: &canvas)
      put(frame.vertical, right, y, color, bold: isSelected, on: &canvas)
    }
    put(frame.topLeft, rect.x, rect.y, color, bold: isSelected, on: &canvas)
    put(frame.topRight, right, rect.y, color, bold: isSelected, on: &canvas)
    put(frame.bottomLeft, rect.x, bottom, color, bold: isSelected, on: &canvas)
    put(frame.bottomRight, right, bottom, color, bold: isSelected, on: &canvas)
  }

  /// The visible part of a range; boxes may be far larger than the screen.
  private func visible(_ from: Int, _ to: Int, _ low: Int, _ high: Int) -> Range<Int> {
    let start = max(from, low)
    return start..<max(start, min(to, high))
  }

  private func turned(_ detection: Detection, by angle: Float, _ color: Color, on canvas: inout CellCanvas) {
    let corners = OrientedBox.corners(of: detection.box, turnedBy: angle).map {
      (mapping.column($0.x), mapping.row($0.y))
    }
    for i in 0..<4 { segment(corners[i], corners[(i + 1) % 4], color, on: &canvas) }
  }

  private func segment(_ from: (Int, Int), _ to: (Int, Int), _ color: Color, on canvas: inout CellCanvas) {
    let dx = to.0 - from.0
    let dy = to.1 - from.1
    let steps = min(2000, max(abs(dx), abs(dy), 1))
    let scalar: Unicode.Scalar =
      abs(dy) * 2 < abs(dx)
      ? glyphs.frame.horizontal : abs(dx) < abs(dy) ? glyphs.frame.vertical : dx * dy > 0 ? "\\" : "/"
    for step in 0...steps {
      put(scalar, from.0 + dx * step / steps, from.1 + dy * step / steps, color, bold: false, on: &canvas)
    }
  }

  /// - Parameters:
  ///   - taken: where labels stand already; the best detections choose first.
  ///   - room: how many cells labels may still take, unless of the selected detection.
  private func label(
    _ detection: Detection, isSelected: Bool, isCrowded: Bool, beside taken: inout [Rect], room: inout Int,
    on canvas: inout CellCanvas
  ) {
    let color = theme.color(ofClass: detection.classID)
    let rect = mapping.rect(detection.box)
    guard rect.right > mapping.cells.x, rect.x < mapping.cells.right else { return }
    // Beside a small box a long label would cover its neighbours.
    let widest = isSelected || !isCrowded ? Int.max : max(rect.width + 2, 6)
    for text in texts(for: detection) where isSelected || Text.columns(text) <= min(room, widest) {
      guard let place = LabelPlacement.place(Text.columns(text), of: rect, in: mapping.cells, beside: taken) else {
        continue
      }
      taken.append(place)
      room -= place.width
      canvas.text(
        text, place.x, place.y, Style(color.contrasting, on: color, isSelected ? [.bold, .underline] : []),
        width: place.width)
      return
    }
  }

  /// The texts of a label, longest first: the first that fits is used.
  private func texts(for detection: Detection) -> [String] {
    let track = detection.track.map { "#\($0)" }
    let full = [detection.label, Text.fixed(Double(detection.confidence) * 100, 0), track].compactMap(\.self)
    let named = [detection.label, track].compactMap(\.self).joined(separator: " ")
    return [full.joined(separator: " "), named, detection.label].map {
      " " + Text.fit($0, mapping.cells.width - 2, ellipsis: glyphs.ellipsis) + " "
    }
  }

  private func keypoints(of detection: Detection, on canvas: inout CellCanvas) {
    // Poses can lie over each other: each has a colour of its own.
    let color = theme.color(ofClass: detection.colorNumber)
    detection.forEachBone { from, to in
      segment(
        (mapping.column(from.x), mapping.row(from.y)), (mapping.column(to.x), mapping.row(to.y)), color, on: &canvas)
    }
    for point in detection.pose where point.isDrawn {
      put(glyphs.bullet, mapping.column(point.x), mapping.row(point.y), color, bold: true, on: &canvas)
    }
  }

  private func tint(_ detection: Detection, on canvas: inout CellCanvas) {
    guard let mask = detection.mask, mask.columns > 0, mask.rows > 0, mask.bits.count >= mask.columns * mask.rows,
      mask.region.width > 0, mask.region.height > 0
    else { return }
    let color = theme.color(ofClass: detection.colorNumber)
    let rect = mapping.rect(mask.region)
    tint(rect, on: &canvas) { x, y in
      let column = Int(saturating: ((x - mask.region.x) / mask.region.width * Float(mask.columns)).rounded(.down))
      let row = Int(saturating: ((y - mask.region.y) / mask.region.height * Float(mask.rows)).rounded(.down))
      guard column >= 0, row >= 0, column < mask.columns, row < mask.rows else { return nil }
      return mask.bits[row * mask.columns + column] != 0 ? color : nil
    }
  }

  private func draw(_ choice: MapChoice, of findings: Findings, on canvas: inout CellCanvas) {
    for painter in MapPainter.all {
      for layer in findings.layers
      where layer.kind == painter.kind && choice.includes(PictureMap(stage: layer.stage, kind: layer.kind)) {
        let size = (width: mapping.imageWidth, height: mapping.imageHeight)
        guard let colors = painter.colors(layer.content, size, theme) else { continue }
        tint(mapping.cells, share: painter.share, on: &canvas, color: colors)
      }
    }
    for detection in findings.detections
    where detection.mask != nil && choice.includes(PictureMap(stage: detection.stage, kind: PictureMap.masks)) {
      tint(detection, on: &canvas)
    }
  }

  /// - Parameter share: how much of the colour, in 256ths.
  private func tint(_ rect: Rect, share: Int = 100, on canvas: inout CellCanvas, color: (Float, Float) -> Color?) {
    for y in visible(rect.y, rect.bottom, mapping.cells.y, mapping.cells.bottom) {
      for x in visible(rect.x, rect.right, mapping.cells.x, mapping.cells.right) {
        let upper = mapping.pixel(column: x, row: y, upper: true)
        let lower = mapping.pixel(column: x, row: y, upper: false)
        var cell = canvas[x, y]
        if isPhotographic {
          // In other characters than half blocks, either colour may stand anywhere in the cell.
          let isHalves = cell.scalar == Self.lowerHalf
          let behind = isHalves ? color(upper.x, upper.y) : color(lower.x, lower.y)
          if let behind { cell.background = cell.background.mixed(with: behind, share: share) }
          if let color = color(lower.x, lower.y) { cell.foreground = cell.foreground.mixed(with: color, share: share) }
        } else if let color = color(lower.x, lower.y) {
          cell.foreground = color
        }
        canvas[x, y] = cell
      }
    }
  }
}
