package import Vision

/// Draws frames into cells, changing only what really changed.
///
/// Sensor noise alters every pixel of every frame; drawn as it is, it would cost fifty times the bytes. Each cell keeps
/// what it shows until the picture differs by more than a tolerance; a few rows each frame are brought up to date
/// regardless, so that no small difference stays for long.
package struct PictureRenderer {
  /// What a cell shows at the moment.
  private struct Held {
    var first = Color.terminal
    var second = Color.terminal
    var dots: UInt8 = 0
    var level: Int16 = -1000
  }

  private var sampler = PictureSampler()
  private var grid = SampleGrid()
  private var held: [Held] = []
  private var cells = Rect(x: 0, y: 0, width: 0, height: 0)
  private var style = PictureStyle.off
  private var refreshRow = 0
  private var brightnessLevels: [Int16] = []
  /// Mean brightness of the last picture, 0...255.
  package private(set) var brightness = 255

  package init() {}

  /// What the drawing depends on beside the image.
  package struct Settings: Sendable, Equatable {
    package var style = PictureStyle.blocks
    package var tolerance = 12
    package var depth = ColorDepth.indexed
    /// Rows brought up to date regardless of the tolerance, each frame.
    package var refreshedRows = 1
    package var ink = Color.white
    package var paper = Color.terminal

    package init() {}
  }

  /// Draws `region` of `image` over `cells` of the canvas.
  package mutating func draw(_ image: Image, region: Box, cells: Rect, settings: Settings, on canvas: inout CellGrid) {
    guard settings.style != .off, !cells.isEmpty else { return }
    if cells != self.cells || settings.style != style {
      self.cells = cells
      style = settings.style
      held.removeAll(keepingCapacity: true)
      held.append(contentsOf: repeatElement(Held(), count: cells.width * cells.height))
    }
    let density = style.samples
    sampler.sample(
      image, region: region, columns: cells.width * density.x, rows: cells.height * density.y, into: &grid)
    brightness = grid.meanBrightness
    switch style {
    case .blocks: blocks(settings)
    case .ascii: ascii(settings)
    case .braille: braille(settings)
    case .edges: edges(settings)
    case .off: break
    }
    refreshRow = (refreshRow + settings.refreshedRows) % max(1, cells.height)
    copy(settings, on: &canvas)
  }

  /// Draws once more what the cells hold: for a paused picture under moving overlays.
  package func redraw(settings: Settings, on canvas: inout CellGrid) { copy(settings, on: &canvas) }

  /// Where the last picture was drawn.
  package var drawnCells: Rect { cells }

  private func isRefreshed(_ row: Int, _ settings: Settings) -> Bool {
    let distance = (row - refreshRow + cells.height) % max(1, cells.height)
    return distance < settings.refreshedRows
  }

  private mutating func blocks(_ settings: Settings) {
    let spread = settings.depth < .indexed ? 48 : 0
    for y in 0..<cells.height {
      let tolerance = isRefreshed(y, settings) ? settings.tolerance / 3 : settings.tolerance
      for x in 0..<cells.width {
        var upper = grid.color(x, y * 2)
        var lower = grid.color(x, y * 2 + 1)
        let i = y * cells.width + x
        if spread > 0 {
          // Few colours: an ordered pattern stands in for the missing ones.
          upper = Self.dithered(upper, x, y * 2, spread)
          lower = Self.dithered(lower, x, y * 2 + 1, spread)
        }
        if held[i].level < 0 || upper.distance(to: held[i].first) > tolerance
          || lower.distance(to: held[i].second) > tolerance
        {
          held[i].first = upper
          held[i].second = lower
          held[i].level = 0
        }
      }
    }
  }

  private static let ramp: [Unicode.Scalar] = [" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"]

  private mutating func ascii(_ settings: Settings) {
    // A level stays until the brightness is well inside another one.
    let step = 256 / Self.ramp.count
    let slack = max(4, settings.tolerance)
    for y in 0..<cells.height {
      let margin = isRefreshed(y, settings) ? 0 : slack
      for x in 0..<cells.width {
        let brightness = grid.brightness(x, y)
        let i = y * cells.width + x
        let level = Int(held[i].level)
        if level < 0 || brightness < level * step - margin || brightness > (level + 1) * step + margin {
          held[i].level = Int16(min(Self.ramp.count - 1, brightness / step))
        }
      }
    }
  }

  /// Dots of a braille character by column and row within it.
  private static let brailleDots: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]

  private mutating func braille(_ settings: Settings) {
    dots(settings, colors: settings.depth >= .indexed) { grid, x, y in
      grid.brightness(x, y) - Self.bayer(x, y, 200) - 28
    }
  }

  private mutating func edges(_ settings: Settings) {
    brightnessLevels.removeAll(keepingCapacity: true)
    for y in 0..<grid.rows { for x in 0..<grid.columns { brightnessLevels.append(Int16(grid.brightness(x, y))) } }
    let levels = brightnessLevels
    let columns = grid.columns
    let rows = grid.rows
    dots(settings, colors: false) { _, x, y in
      guard x > 0, y > 0, x < columns - 1, y < rows - 1 else { return -255 }
      func at(_ dx: Int, _ dy: Int) -> Int { Int(levels[(y + dy) * columns + x + dx]) }
      // Sobel's operator.
      let gx = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1)
      let gy = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1)
      return (abs(gx) + abs(gy) - 130) / 3
    }
  }

  /// Sets dots where `excess` is positive; a dot changes only when it is so by a margin.
  private mutating func dots(_ settings: Settings, colors: Bool, excess: (SampleGrid, Int, Int) -> Int) {
    let slack = max(4, settings.tolerance)
    for y in 0..<cells.height {
      let refreshed = isRefreshed(y, settings)
      for x in 0..<cells.width {
        let i = y * cells.width + x
        var mask = held[i].dots
        for dx in 0..<2 {
          for dy in 0..<4 {
            let value = excess(grid, x * 2 + dx, y * 4 + dy)
            let bit = Self.brailleDots[dx][dy]
            let margin = refreshed || held[i].level < 0 ? 0 : slack
            if value > margin { mask |= bit } else if value <= -margin { mask &= ~bit }
          }
        }
        held[i].dots = mask
        held[i].level = 0
        if colors {
          let color = Self.lifted(
            grid.color(x * 2, y * 4 + 1).mixed(with: grid.color(x * 2 + 1, y * 4 + 2), share: 128))
          if held[i].first.isTerminal || color.distance(to: held[i].first) > settings.tolerance * 3 {
            held[i].first = color
          }
        }
      }
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

  private static func dithered(_ color: Color, _ x: Int, _ y: Int, _ spread: Int) -> Color {
    let shift = bayer(x, y, spread * 2) - spread
    return Color(
      UInt8(clamping: color.red + shift), UInt8(clamping: color.green + shift), UInt8(clamping: color.blue + shift))
  }

  private func copy(_ settings: Settings, on canvas: inout CellGrid) {
    guard held.count == cells.width * cells.height else { return }
    let ink = Style(settings.ink, on: settings.paper)
    for y in 0..<cells.height where cells.y + y < canvas.height {
      for x in 0..<cells.width where cells.x + x < canvas.width {
        let held = held[y * cells.width + x]
        switch style {
        case .blocks:
          canvas[cells.x + x, cells.y + y] = Cell("▄", Style(held.second, on: held.first))
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
