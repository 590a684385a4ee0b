import Ground
package import Vision

/// Draws labels beside their boxes so that each can be read: the most confident choose first, none lies over another, and what
/// finds no room is left out, as on the screen.
package struct LabelPainter {
  /// A rectangle in pixels.
  package struct Place {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int

    package func meets(_ other: Place) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }
  }

  /// More objects than these are a crowd.
  private static let crowd = 12
  /// A label may be as wide as its box, and always this number of letters; fewer in a crowd.
  private static let letters = 20
  private static let crowdLetters = 6

  private let scale: Int
  private let width: Int
  private let height: Int
  private let isCrowded: Bool
  /// Where labels and notes stand.
  package private(set) var taken: [Place] = []

  /// - Parameter count: of the objects of the picture.
  package init(width: Int, height: Int, scale: Int, count: Int) {
    self.width = width
    self.height = height
    self.scale = scale
    isCrowded = count > Self.crowd
  }

  /// Draws text on a ground in the corner of the picture, where no label will stand then.
  ///
  /// - Parameter row: counts from 0.
  package mutating func drawNote(_ text: String, row: Int, on canvas: inout Canvas) {
    let size = size(of: text, within: width - 4 * scale)
    let place = Place(
      x: 2 * scale, y: 2 * scale + row * (size.height + scale), width: size.width, height: size.height)
    draw(size.text, at: place, .init(0, 0, 0), on: &canvas)
  }

  /// Draws an object's label where there is room for it.
  package mutating func draw(_ detection: Detection, _ color: Canvas.Color, on canvas: inout Canvas) {
    let box = detection.box.clipped(width: width, height: height)
    guard box.width > 0, box.height > 0 else { return }
    let letter = Canvas.textWidth("M", scale: scale)
    let widest = max(Int(saturating: box.width), (isCrowded ? Self.crowdLetters : Self.letters) * letter)
    for text in texts(of: detection, within: min(widest, width)) {
      let size = size(of: text, within: min(widest, width))
      guard size.text == text, let place = freePlace(size, beside: box) else { continue }
      return draw(size.text, at: place, color, on: &canvas)
    }
  }

  /// The texts of a label, longest first: the first that fits is used. Names that are too long are cut, with their confidence
  /// behind them as long as there is room for both.
  private func texts(of detection: Detection, within widest: Int) -> [String] {
    let percent = FindingsPainter.percent(detection.confidence)
    let named = detection.track.map { "\(detection.label) #\($0)" } ?? detection.label
    let full = detection.classes.first.map { ["\(named) \(percent) \($0.label)"] } ?? []
    let room = widest - 2 * scale
    let cut = Canvas.cut(detection.label, to: room - Canvas.textWidth(" " + percent, scale: scale), scale: scale)
    let both = cut.count > 4 || cut == detection.label ? ["\(cut) \(percent)"] : []
    return (full + ["\(named) \(percent)"] + both + [Canvas.cut(detection.label, to: room, scale: scale)])
      .filter { !$0.isEmpty }
  }

  private func size(of text: String, within widest: Int) -> (text: String, width: Int, height: Int) {
    let text = Canvas.cut(text, to: widest - 2 * scale, scale: scale)
    return (text, Canvas.textWidth(text, scale: scale) + 2 * scale, Canvas.textHeight(scale: scale))
  }

  /// Above the box, inside at its top, below it, inside at its bottom: the first place in the picture that is free.
  private func freePlace(_ size: (text: String, width: Int, height: Int), beside box: Box) -> Place? {
    let x = max(0, min(Int(saturating: box.x), width - size.width))
    let (top, bottom) = (Int(saturating: box.y), Int(saturating: box.bottom))
    for y in [top - size.height, top, bottom, bottom - size.height] where y >= 0 && y + size.height <= height {
      let place = Place(x: x, y: y, width: size.width, height: size.height)
      if taken.allSatisfy({ !$0.meets(place) }) { return place }
    }
    return nil
  }

  private mutating func draw(_ text: String, at place: Place, _ color: Canvas.Color, on canvas: inout Canvas) {
    taken.append(place)
    canvas.fill(x: place.x, y: place.y, width: place.width, height: place.height, color, opacity: 0.85)
    let ink = color.isLight ? Canvas.Color(0, 0, 0) : Canvas.Color(255, 255, 255)
    canvas.text(text, x: place.x + scale, y: place.y, ink, scale: scale)
  }
}
