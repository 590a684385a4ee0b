import Ground

/// Text on pictures: the pixel font where it has a character, else a font of the system, else a hollow box.
///
/// Characters stand one after the other from left to right, accents over their letters. There is no shaping: scripts that join
/// letters or run from right to left are drawn letter by letter.
enum Lettering {
  /// A character to draw, and how far the next one is from it, in pixels.
  struct Letter {
    enum Form {
      /// Rows of the pixel font; those of accents lie over the first.
      case pixels([[UInt8]])
      case system(SystemFont.Glyph)
    }

    var form: Form
    var advance: Int
  }

  /// The letters of a text at a scale of the pixel font.
  static func letters(of text: String, scale: Int) -> [Letter] { text.compactMap { letter(for: $0, scale: scale) } }

  static func width(of text: String, scale: Int) -> Int {
    letters(of: text, scale: scale).reduce(0) { $0 + $1.advance }
  }

  /// The text, or as much of its beginning as `width` pixels hold with an ellipsis behind it; empty where not even that fits.
  static func cut(_ text: String, to width: Int, scale: Int) -> String {
    let letters = text.map { ($0, letter(for: $0, scale: scale)?.advance ?? 0) }
    guard letters.reduce(0, { $0 + $1.1 }) > width else { return text }
    var room = width - PixelFont.width * scale
    guard room >= PixelFont.width * scale else { return "" }
    var kept = ""
    for (character, advance) in letters {
      room -= advance
      if room < 0 { break }
      kept.append(character)
    }
    while kept.last == " " { kept.removeLast() }
    return kept + "…"
  }

  /// nil for characters without a form of their own.
  private static func letter(for character: Character, scale: Int) -> Letter? {
    let scalars = character.unicodeScalars.filter { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
      default: true
      }
    }
    guard let first = scalars.first else { return nil }
    let known = scalars.compactMap(PixelFont.rows)
    if PixelFont.rows(of: first) != nil {
      return Letter(form: .pixels(known), advance: PixelFont.width * scale)
    }
    if let glyph = SystemFont.shared.glyph(of: first, height: PixelFont.height * scale) {
      return Letter(form: .system(glyph), advance: max(glyph.advance, scale))
    }
    return Letter(form: .pixels([PixelFont.unknown]), advance: PixelFont.width * scale)
  }
}

extension Canvas {
  /// Width in pixels that ``text(_:x:y:_:scale:)`` needs.
  public static func textWidth(_ text: String, scale: Int) -> Int { Lettering.width(of: text, scale: max(1, scale)) }

  /// Height in pixels of a line of text.
  public static func textHeight(scale: Int) -> Int { PixelFont.height * max(1, scale) }

  /// The text, or as much of its beginning as `width` pixels hold, with an ellipsis; empty where nothing fits.
  public static func cut(_ text: String, to width: Int, scale: Int) -> String {
    Lettering.cut(text, to: width, scale: max(1, scale))
  }

  /// Draws one line of text, its top left corner at (x, y), each pixel of the font `scale` pixels wide.
  public mutating func text(_ text: String, x: Int, y: Int, _ color: Color, scale: Int) {
    let scale = max(1, scale)
    var left = x
    for letter in Lettering.letters(of: text, scale: scale) {
      switch letter.form {
      case .pixels(let forms): for rows in forms { draw(rows, left, y, color, scale) }
      case .system(let glyph): draw(glyph, left, y + PixelFont.ascent * scale, color)
      }
      left = left &+ letter.advance
    }
  }

  private mutating func draw(_ rows: [UInt8], _ x: Int, _ y: Int, _ color: Color, _ scale: Int) {
    for (row, bits) in rows.enumerated() where bits != 0 {
      for column in 0..<PixelFont.width where bits & (32 >> UInt8(column)) != 0 {
        fill(x: x &+ column * scale, y: y &+ row * scale, width: scale, height: scale, color)
      }
    }
  }

  /// - Parameter baseline: the line that letters stand on.
  private mutating func draw(_ glyph: SystemFont.Glyph, _ x: Int, _ baseline: Int, _ color: Color) {
    for row in 0..<glyph.height {
      for column in 0..<glyph.width {
        let coverage = glyph.coverage[row * glyph.width + column]
        if coverage > 0 {
          blend(x &+ glyph.left + column, baseline &- glyph.top + row, color, Float(coverage) / 255)
        }
      }
    }
  }
}
