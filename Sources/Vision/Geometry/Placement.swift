import Ground

/// How a picture is fitted into a network's input.
public enum ResizeRule: Sendable, Hashable {
  /// Keeps the aspect; the rest is padded evenly on both sides, or only right and below.
  case letterbox(centered: Bool)
  /// Changes the aspect.
  case stretch
  /// Scales so that the shorter side becomes `shorterSide`, and takes the centre.
  case centerCrop(shorterSide: Int)
  /// Changes the aspect to `width` x `height` pixels, and takes the centre.
  case stretchCrop(width: Int, height: Int)
}

/// Where a source picture (or a region of it) lies in a network's input, and back: `input = source * scale + offset`,
/// in pixels whose corners are at whole numbers.
public struct Placement: Sendable, Hashable {
  /// The input's size in pixels.
  public let width: Int
  public let height: Int
  public let scaleX: Double
  public let scaleY: Double
  public let offsetX: Double
  public let offsetY: Double
  /// The input's columns and rows that show the picture; the others are padding.
  public let columns: Range<Int>
  public let rows: Range<Int>
  /// The source's columns and rows that may be read.
  let sourceColumns: Range<Int>
  let sourceRows: Range<Int>

  /// Places `region` of a source picture into an input of `width` x `height` pixels; all sizes are positive.
  ///
  /// - Parameter region: pixels of the source; what reaches outside is cut off; nil, or a region that is empty after
  ///   that, means the whole picture.
  public init(
    sourceWidth: Int, sourceHeight: Int, region: Box? = nil, width: Int, height: Int, rule: ResizeRule
  ) {
    let whole = Box(x: 0, y: 0, width: Float(sourceWidth), height: Float(sourceHeight))
    var part = region?.clipped(width: sourceWidth, height: sourceHeight) ?? whole
    if !(part.width >= 1 && part.height >= 1 && part.x.isFinite && part.y.isFinite) { part = whole }
    let left = Int(saturating: part.x.rounded(.down))
    let top = Int(saturating: part.y.rounded(.down))
    let right = min(sourceWidth, max(left + 1, Int(saturating: part.right.rounded(.up))))
    let bottom = min(sourceHeight, max(top + 1, Int(saturating: part.bottom.rounded(.up))))
    let partWidth = region == nil ? Double(sourceWidth) : Double(part.width)
    let partHeight = region == nil ? Double(sourceHeight) : Double(part.height)
    let shownWidth: Int
    let shownHeight: Int
    let atX: Int
    let atY: Int
    switch rule {
    case .stretch:
      (shownWidth, shownHeight) = (width, height)
      (atX, atY) = (0, 0)
    case .letterbox(let centered):
      let ratio = min(Double(width) / partWidth, Double(height) / partHeight)
      shownWidth = min(width, max(1, Int(saturating: (partWidth * ratio).rounded())))
      shownHeight = min(height, max(1, Int(saturating: (partHeight * ratio).rounded())))
      atX = centered ? (width - shownWidth) / 2 : 0
      atY = centered ? (height - shownHeight) / 2 : 0
    case .centerCrop(let shorterSide):
      // Rounded to the nearest pixel, the offset down; torchvision truncates the side and rounds the offset, which
      // differs by a pixel at most.
      let ratio = Double(shorterSide) / min(partWidth, partHeight)
      shownWidth = partWidth <= partHeight ? shorterSide : Int(saturating: min(partWidth * ratio, 1e6).rounded())
      shownHeight = partHeight <= partWidth ? shorterSide : Int(saturating: min(partHeight * ratio, 1e6).rounded())
      atX = (width - shownWidth) / 2
      atY = (height - shownHeight) / 2
    case .stretchCrop(let wide, let high):
      (shownWidth, shownHeight) = (wide, high)
      atX = (width - wide) / 2
      atY = (height - high) / 2
    }
    self.width = width
    self.height = height
    scaleX = Double(shownWidth) / partWidth
    scaleY = Double(shownHeight) / partHeight
    offsetX = Double(atX) - Double(part.x) * scaleX
    offsetY = Double(atY) - Double(part.y) * scaleY
    columns = max(0, atX)..<max(max(0, atX), min(width, atX + shownWidth))
    rows = max(0, atY)..<max(max(0, atY), min(height, atY + shownHeight))
    sourceColumns = left..<right
    sourceRows = top..<bottom
  }

  /// A box of the input, in pixels of the source.
  public func toSource(_ box: Box) -> Box {
    let corner = toSource(x: box.x, y: box.y)
    return Box(
      x: corner.x, y: corner.y, width: Float(Double(box.width) / scaleX), height: Float(Double(box.height) / scaleY))
  }

  /// A point of the input, in pixels of the source.
  public func toSource(x: Float, y: Float) -> (x: Float, y: Float) {
    (Float((Double(x) - offsetX) / scaleX), Float((Double(y) - offsetY) / scaleY))
  }

  /// A box of the source, in pixels of the input.
  public func toInput(_ box: Box) -> Box {
    Box(
      x: Float(Double(box.x) * scaleX + offsetX), y: Float(Double(box.y) * scaleY + offsetY),
      width: Float(Double(box.width) * scaleX), height: Float(Double(box.height) * scaleY))
  }
}
