import Ground
public import Vision

/// Draws findings over a picture: for saved photos and snapshots.
public enum FindingsPainter {
  /// The shorter side of a picture for which the letters of the pixel font have their own size.
  private static let textSide = 480

  /// Draws maps, masks, boxes, poses and labels; line widths and letters follow the picture's size.
  public static func paint(_ findings: Findings, on canvas: inout Canvas) {
    for map in findings.layers.all(SegmentationMap.self) { paint(map.content, on: &canvas) }
    for map in findings.layers.all(DepthMap.self) { paint(map.content, on: &canvas) }
    let side = min(canvas.width, canvas.height)
    let scale = max(1, side / 320)
    for detection in findings.detections.reversed() { paint(detection, scale, on: &canvas) }
    paintLabels(of: findings, max(1, (side + textSide / 2) / textSide), on: &canvas)
  }

  private static func paint(_ detection: Detection, _ scale: Int, on canvas: inout Canvas) {
    // What can lie over another object of its class has a colour of its own.
    let own = ClassPalette.color(ofClass: detection.colorNumber)
    let color = ClassPalette.color(ofClass: detection.classID)
    if let mask = detection.mask { paint(mask, own, on: &canvas) }
    if let angle = detection.angle {
      paintTurned(detection.box, angle, color, scale, on: &canvas)
    } else {
      canvas.outline(detection.box, color, thickness: scale + 1)
    }
    detection.forEachBone { from, to in
      canvas.line(from.x, from.y, to.x, to.y, own, thickness: scale + 1)
    }
    for point in detection.pose where point.isDrawn {
      let x = Int(saturating: max(-100, min(Float(canvas.width + 100), point.x)))
      let y = Int(saturating: max(-100, min(Float(canvas.height + 100), point.y)))
      canvas.fill(x: x - scale, y: y - scale, width: 2 * scale + 1, height: 2 * scale + 1, own)
    }
  }

  /// Over everything else: of the whole picture first, then of the objects, the most confident ones first.
  private static func paintLabels(of findings: Findings, _ scale: Int, on canvas: inout Canvas) {
    var painter = LabelPainter(
      width: canvas.width, height: canvas.height, scale: scale, count: findings.detections.count)
    for (row, classification) in findings.classes.prefix(5).enumerated() {
      painter.drawNote(
        "\(percent(classification.confidence)) \(classification.label)", row: row, on: &canvas)
    }
    for detection in findings.detections {
      painter.draw(detection, ClassPalette.color(ofClass: detection.classID), on: &canvas)
    }
  }

  static func percent(_ confidence: Float) -> String {
    confidence.isFinite ? "\(Int(saturating: (confidence * 100).rounded()))%" : "?"
  }

  private static func paint(_ mask: Mask, _ color: Canvas.Color, on canvas: inout Canvas) {
    let region = mask.region.clipped(width: canvas.width, height: canvas.height)
    guard mask.columns > 0, mask.rows > 0, mask.bits.count >= mask.columns * mask.rows, region.area > 0 else { return }
    for y in Int(saturating: region.y)..<Int(saturating: region.bottom) {
      let row = min(
        mask.rows - 1, max(0, Int(saturating: (Float(y) + 0.5 - mask.region.y) / mask.region.height * Float(mask.rows)))
      )
      for x in Int(saturating: region.x)..<Int(saturating: region.right) {
        let share = (Float(x) + 0.5 - mask.region.x) / mask.region.width
        let column = min(mask.columns - 1, max(0, Int(saturating: share * Float(mask.columns))))
        if mask.bits[row * mask.columns + column] != 0 { canvas.blend(x, y, color, 0.4) }
      }
    }
  }

  private static func paint(_ map: SegmentationMap, on canvas: inout Canvas) {
    guard map.columns > 0, map.rows > 0, map.classes.count >= map.columns * map.rows else { return }
    let background = map.background
    for y in 0..<canvas.height {
      for x in 0..<canvas.width {
        let id = map.classes[y * map.rows / canvas.height * map.columns + x * map.columns / canvas.width]
        if id != background { canvas.blend(x, y, ClassPalette.color(ofClass: Int(id)), 0.5) }
      }
    }
  }

  private static func paint(_ map: DepthMap, on canvas: inout Canvas) {
    guard map.columns > 0, map.rows > 0, map.nearness.count >= map.columns * map.rows else { return }
    for y in 0..<canvas.height {
      for x in 0..<canvas.width {
        let value = map.nearness[y * map.rows / canvas.height * map.columns + x * map.columns / canvas.width]
        let (red, green, blue) = DepthMap.color(value)
        canvas.blend(x, y, .init(red, green, blue), 0.8)
      }
    }
  }

  private static func paintTurned(
    _ box: Box, _ angle: Float, _ color: Canvas.Color, _ scale: Int, on canvas: inout Canvas
  ) {
    let corners = OrientedBox.corners(of: box, turnedBy: angle)
    for (a, b) in zip(corners, corners[1...] + corners[..<1]) {
      canvas.line(a.x, a.y, b.x, b.y, color, thickness: scale + 1)
    }
  }
}
