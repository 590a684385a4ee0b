import Ground
package import Vision

/// Draws frames into cells and changes only cells whose content changed.
///
/// Sensor noise changes every pixel of every frame, and drawing it would take fifty times the bytes. Each cell keeps its
/// content until the picture differs by more than a tolerance; a few rows per frame are redrawn in any case, so that small
/// differences do not stay.
package struct PictureRenderer {
  /// The content of a cell.
  private struct Held {
    var first = Color.terminal
    var second = Color.terminal
    var dots: UInt8 = 0
    var level: Int16 = -1000
  }

  private var sampler = PictureSampler()
  private var grid = SampleGrid()
  private var held: [Held] = []
  /// In quadrants: the four samples that a cell's two colours stand for.
  private var quarters: [QuadrantFit.Samples] = []
  private var cells = Rect(x: 0, y: 0, width: 0, height: 0)
  private var style = PictureStyle.off
  private var refreshRow = 0
  private var tones = ToneLevels()
  /// Where the terminal has few colours.
  private var shades: ShadePalette?
  /// Brightness of every sample, stretched to the whole range, for styles that draw without the picture's colours.
  private var toned: [Int16] = []
  /// The piece of a row that the next picture begins with: where the last one was cut short.
  private var firstPiece = 0
  /// Rows are drawn in pieces of this many columns; a picture may stop after any of them.
  private static let pieceWidth = 32
  /// How many cells the last picture changed.
  package private(set) var changes = 0
  /// The last picture was cut short: ``Settings/mostChanges`` was reached.
  package private(set) var wasCut = false
  /// Mean brightness of the last picture, 0...255.
  package private(set) var brightness = 255

  package init() {}

  /// Parameters of a drawing, except the image.
  package struct Settings: Sendable, Equatable {
    package var style = PictureStyle.blocks
    package var tolerance = 12
    package var depth = ColorDepth.indexed
    /// Rows brought up to date regardless of the tolerance, each frame.
    package var refreshedRows = 1
    /// A picture stops soon after this many cells have changed; the next one resumes there.
    package var mostChanges = Int.max
    package var ink = Color.white
    package var paper = Color.terminal

    package init() {}
  }

  /// Draws `region` of `image` over `cells` of the canvas.
  package mutating func draw(_ image: Image, region: Box, cells: Rect, settings: Settings, on canvas: inout CellCanvas)
  {
    guard settings.style != .off, !cells.isEmpty else { return }
    if cells != self.cells || settings.style != style {
      self.cells = cells
      style = settings.style
      held.removeAll(keepingCapacity: true)
      held.append(contentsOf: repeatElement(Held(), count: cells.width * cells.height))
      quarters.removeAll(keepingCapacity: true)
      if style == .quadrants {
        quarters.append(contentsOf: repeatElement(QuadrantFit.Samples(), count: held.count))
      }
      firstPiece = 0
    }
    if shades == nil, settings.depth == .eight || settings.depth == .sixteen {
      shades = ShadePalette(depth: settings.depth)
    }
    let density = style.samples
    sampler.sample(
      image, region: region, columns: cells.width * density.x, rows: cells.height * density.y, into: &grid)
    brightness = grid.meanBrightness
    if style.isDrawnInTones {
      tone(settings)
    } else if shades != nil {
      tones.follow(grid)
    }
    changes = 0
    wasCut = false
    let perRow = (cells.width + Self.pieceWidth - 1) / Self.pieceWidth
    let first = firstPiece
    for i in 0..<cells.height * perRow {
      let piece = (first + i) % (cells.height * perRow)
      guard changes < settings.mostChanges else {
        wasCut = true
        firstPiece = piece
        break
      }
      let start = piece % perRow * Self.pieceWidth
      drawPiece(piece / perRow, start..<min(cells.width, start + Self.pieceWidth), settings)
    }
    refreshRow = (refreshRow + settings.refreshedRows) % max(1, cells.height)
    copy(settings, on: &canvas)
  }

  private mutating func drawPiece(_ y: Int, _ columns: Range<Int>, _ settings: Settings) {
    switch style {
    case .blocks: blocks(y, columns, settings)
    case .quadrants: quadrants(y, columns, settings)
    case .ascii: ascii(y, columns, settings)
    case .braille: braille(y, columns, settings)
    case .edges: edges(y, columns, settings)
    case .off: break
    }
  }

  /// Draws the same cells again: for a paused picture under moving overlays.
  package func redraw(settings: Settings, on canvas: inout CellCanvas) { copy(settings, on: &canvas) }

  /// Where the last picture was drawn.
  package var drawnCells: Rect { cells }

  private func isRefreshed(_ row: Int, _ settings: Settings) -> Bool {
    let distance = (row - refreshRow + cells.height) % max(1, cells.height)
    return distance < settings.refreshedRows
  }

  private mutating func blocks(_ y: Int, _ columns: Range<Int>, _ settings: Settings) {
    var tolerance = isRefreshed(y, settings) ? settings.tolerance / 3 : settings.tolerance
    if shades != nil { tolerance = tones.stretched(tolerance) }
    for x in columns {
      let upper = stretched(grid.color(x, y * 2))
      let lower = stretched(grid.color(x, y * 2 + 1))
      let i = y * cells.width + x
      if held[i].level < 0 || upper.distance(to: held[i].first) > tolerance
        || lower.distance(to: held[i].second) > tolerance
      {
        held[i].first = upper
        held[i].second = lower
        held[i].level = 0
        changes += 1
      }
    }
  }

  /// Few colours are not wasted on brightnesses that the picture does not have.
  private func stretched(_ color: Color) -> Color {
    guard shades != nil else { return color }
    let brightness = max(1, color.brightness)
    let tone = tones[brightness]
    func scale(_ value: Int) -> UInt8 { UInt8(clamping: value * tone / brightness) }
    return Color(scale(color.red), scale(color.green), scale(color.blue))
  }

  /// The samples decide whether a cell is redrawn, not the two colours fitted to them, which noise changes all the time.
  private mutating func quadrants(_ y: Int, _ columns: Range<Int>, _ settings: Settings) {
    let tolerance = isRefreshed(y, settings) ? settings.tolerance / 3 : settings.tolerance
    for x in columns {
      let i = y * cells.width + x
      let samples = QuadrantFit.Samples(
        grid.color(x * 2, y * 2), grid.color(x * 2 + 1, y * 2), grid.color(x * 2, y * 2 + 1),
        grid.color(x * 2 + 1, y * 2 + 1))
      guard held[i].level < 0 || samples.distance(to: quarters[i]) > tolerance else { continue }
      quarters[i] = samples
      let fit = QuadrantFit(samples)
      held[i].first = fit.background
      held[i].second = fit.foreground
      held[i].dots = fit.mask
      held[i].level = 0
      changes += 1
    }
  }

  private mutating func tone(_ settings: Settings) {
    tones.follow(grid)
    let isInverted = !settings.paper.isTerminal && settings.paper.brightness > 128
    toned.removeAll(keepingCapacity: true)
    for y in 0..<grid.rows {
      for x in 0..<grid.columns {
        let tone = tones[grid.brightness(x, y)]
        toned.append(Int16(isInverted ? 255 - tone : tone))
      }
    }
  }

  private static let ramp: [Unicode.Scalar] = [" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"]

  private mutating func ascii(_ y: Int, _ columns: Range<Int>, _ settings: Settings) {
    // A level stays until the brightness is well inside another one.
    let step = 256 / Self.ramp.count
    let margin = isRefreshed(y, settings) ? 0 : max(4, tones.stretched(settings.tolerance))
    for x in columns {
      let i = y * cells.width + x
      let brightness = Int(toned[i])
      let level = Int(held[i].level)
      if level < 0 || brightness < level * step - margin || brightness > (level + 1) * step + margin {
        held[i].level = Int16(min(Self.ramp.count - 1, brightness / step))
        if Int(held[i].level) != level { changes += 1 }
      }
    }
  }

  /// Dots of a braille character by column and row within it.
  private static let brailleDots: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]

  private mutating func braille(_ y: Int, _ columns: Range<Int>, _ settings: Settings) {
    let stride = grid.columns
    dots(y, columns, settings, colors: settings.depth >= .indexed) { tones, x, y in
      Int(tones[y * stride + x]) - Self.bayer(x, y, 220) - 18
    }
  }

  private mutating func edges(_ y: Int, _ columns: Range<Int>, _ settings: Settings) {
    let stride = grid.columns
    let rows = grid.rows
    dots(y, columns, settings, colors: false) { tones, x, y in
      guard x > 0, y > 0, x < stride - 1, y < rows - 1 else { return -255 }
      func at(_ dx: Int, _ dy: Int) -> Int { Int(tones[(y + dy) * stride + x + dx]) }
      // Sobel's operator.
      let gx = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1)
      let gy = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1)
      return (abs(gx) + abs(gy) - 130) / 3
    }
  }

  /// Sets a row's dots where `excess` is positive; a dot changes only when it is so by a margin.
  private mutating func dots(
    _ y: Int, _ columns: Range<Int>, _ settings: Settings, colors: Bool, excess: ([Int16], Int, Int) -> Int
  ) {
    let slack = isRefreshed(y, settings) ? 0 : max(4, tones.stretched(settings.tolerance))
    for x in columns {
      let i = y * cells.width + x
      let isFresh = held[i].level < 0
      var mask = held[i].dots
      for dx in 0..<2 {
        for dy in 0..<4 {
          let value = excess(toned, x * 2 + dx, y * 4 + dy)
          let bit = Self.brailleDots[dx][dy]
          let margin = isFresh ? 0 : slack
          if value > margin { mask |= bit } else if value <= -margin { mask &= ~bit }
        }
      }
      var hasChanged = isFresh || mask != held[i].dots
      held[i].dots = mask
      held[i].level = 0
      if colors {
        let color = Self.lifted(grid.color(x * 2, y * 4 + 1).mixed(with: grid.color(x * 2 + 1, y * 4 + 2), share: 128))
        if held[i].first.isTerminal || color.distance(to: held[i].first) > settings.tolerance * 3 {
          held[i].first = color
          hasChanged = true
        }
      }
      if hasChanged { changes += 1 }
    }
  }

  /// A dot's colour: the dots carry the brightness, the colour only the hue.
  private static func lifted(_ color: Color) -> Color {
    let top = max(color.red, color.green, color.blue, 1)
    func lift(_ value: Int) -> UInt8 { UInt8(clamping: (value * 230 / top + 40)) }
    return Color(lift(color.red), lift(color.green), lift(color.blue))
  }

  /// Bayer's ordered 4x4 matrix, scaled to 0..<range.
  private static func bayer(_ x: Int, _ y: Int, _ range: Int) -> Int {
    let matrix = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5]
    return (matrix[(y & 3) * 4 + (x & 3)] * 2 + 1) * range / 32
  }

  /// Halves that differ by more than this stay two halves where shades stand in for missing colours.
  private static let sharpEdge = 90

  /// - Parameters:
  ///   - x: the cell's column; with the row it selects the threshold of the dither pattern.
  private func block(_ held: Held, _ x: Int, _ y: Int) -> Cell {
    guard let shades, held.first.distance(to: held.second) <= Self.sharpEdge else {
      return Cell("▄", Style(held.second, on: held.first))
    }
    let color = held.first.mixed(with: held.second, share: 128)
    let mixture = shades[color.brightened(by: Self.bayer(x, y, shades.spacing) - shades.spacing / 2)]
    return Cell(mixture.scalar, Style(mixture.foreground, on: mixture.background))
  }

  private func copy(_ settings: Settings, on canvas: inout CellCanvas) {
    guard held.count == cells.width * cells.height else { return }
    let ink = Style(settings.ink, on: settings.paper)
    for y in 0..<cells.height where cells.y + y < canvas.height {
      for x in 0..<cells.width where cells.x + x < canvas.width {
        let held = held[y * cells.width + x]
        // A cell that no picture has reached yet shows the pane behind it.
        guard held.level >= 0 else { continue }
        switch style {
        case .blocks:
          canvas[cells.x + x, cells.y + y] = block(held, x, y)
        case .quadrants:
          canvas[cells.x + x, cells.y + y] = Cell(
            QuadrantFit.glyphs[Int(held.dots & 15)], Style(held.second, on: held.first))
        case .ascii:
          canvas[cells.x + x, cells.y + y] = Cell(Self.ramp[max(0, Int(held.level))], ink)
        case .braille, .edges:
          let scalar = held.dots == 0 ? " " : Unicode.Scalar(0x2800 + UInt32(held.dots)) ?? " "
          let color = held.first.isTerminal || settings.depth < .indexed ? settings.ink : held.first
          canvas[cells.x + x, cells.y + y] = Cell(scalar, Style(color, on: settings.paper))
        case .off: break
        }
      }
    }
  }
}
