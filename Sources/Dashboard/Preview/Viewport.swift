import Ground
package import Vision

/// Which part of the image is shown, and where on the screen.
package struct Viewport: Sendable, Equatable {
  /// 1 shows all of the image.
  package private(set) var zoom: Float = 1
  /// The middle of the part shown, in shares of the image.
  package private(set) var centerX: Float = 0.5
  package private(set) var centerY: Float = 0.5

  package init() {}

  package mutating func zoom(by factor: Float) {
    zoom = min(16, max(1, zoom * factor))
    clamp()
  }

  /// Moves by shares of the part shown.
  package mutating func pan(_ dx: Float, _ dy: Float) {
    centerX += dx / zoom
    centerY += dy / zoom
    clamp()
  }

  package mutating func reset() { self = Viewport() }

  private mutating func clamp() {
    let half = 0.5 / zoom
    centerX = min(1 - half, max(half, centerX))
    centerY = min(1 - half, max(half, centerY))
  }

  /// The part of an image that is shown, in its pixels.
  package func region(width: Int, height: Int) -> Box {
    let w = Float(width) / zoom
    let h = Float(height) / zoom
    return Box(x: centerX * Float(width) - w / 2, y: centerY * Float(height) - h / 2, width: w, height: h)
  }

  /// The cells inside `pane` that the part takes: as large as fits with the aspect kept, in the middle.
  ///
  /// - Parameter cellAspect: a cell's height over its width, about 2.
  package static func cells(for region: Box, in pane: Rect, cellAspect: Float = 2) -> Rect {
    guard !pane.isEmpty, region.width > 0, region.height > 0 else {
      return Rect(x: pane.x, y: pane.y, width: 0, height: 0)
    }
    let scale = min(Float(pane.width) / region.width, Float(pane.height) * cellAspect / region.height)
    let width = min(pane.width, max(1, Int(saturating: (region.width * scale).rounded())))
    let height = min(pane.height, max(1, Int(saturating: (region.height * scale / cellAspect).rounded())))
    return Rect(
      x: pane.x + (pane.width - width) / 2, y: pane.y + (pane.height - height) / 2, width: width, height: height)
  }
}

/// From pixels of the image to cells of the screen.
package struct CellMapping: Sendable {
  package let region: Box
  package let cells: Rect
  /// The whole image's size in pixels.
  package let imageWidth: Float
  package let imageHeight: Float

  package init(region: Box, cells: Rect, imageWidth: Int, imageHeight: Int) {
    self.region = region
    self.cells = cells
    self.imageWidth = Float(max(1, imageWidth))
    self.imageHeight = Float(max(1, imageHeight))
  }

  /// The column of an image's x; may lie outside of ``cells``.
  package func column(_ x: Float) -> Int { cells.x + Self.whole((x - region.x) / region.width * Float(cells.width)) }

  package func row(_ y: Float) -> Int { cells.y + Self.whole((y - region.y) / region.height * Float(cells.height)) }

  /// The pixel in the middle of a cell.
  package func pixel(column: Int, row: Int, upper: Bool? = nil) -> (x: Float, y: Float) {
    let part: Float = upper.map { $0 ? 0.25 : 0.75 } ?? 0.5
    return (
      region.x + (Float(column - cells.x) + 0.5) / Float(cells.width) * region.width,
      region.y + (Float(row - cells.y) + part) / Float(cells.height) * region.height
    )
  }

  /// The cells whose frame surrounds a box, at least two each way, unclipped.
  package func rect(_ box: Box) -> Rect {
    let left = column(box.x)
    let top = row(box.y)
    return Rect(
      x: left, y: top, width: max(2, column(box.right) - left + 1), height: max(2, row(box.bottom) - top + 1))
  }

  private static func whole(_ value: Float) -> Int {
    value.isFinite ? Int(saturating: max(-100_000, min(100_000, value)).rounded(.down)) : -100_000
  }
}
