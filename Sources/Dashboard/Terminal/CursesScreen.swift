import Ground
import CNcurses

/// Puts a ``CellCanvas`` on ncurses' standard screen: only what differs from the last one.
package struct CursesScreen {
  private let palette: TerminalPalette
  private var pairs: PairCache
  private var shown: CellCanvas
  private var run: [OCNCell] = []

  package init(palette: TerminalPalette) {
    self.palette = palette
    pairs = PairCache(capacity: Int(ocn_pair_count()))
    shown = CellCanvas(width: 0, height: 0)
  }

  /// Hands the differences to ncurses, which writes its bytes to the sink.
  package mutating func present(_ canvas: CellCanvas) {
    if canvas.width != shown.width || canvas.height != shown.height {
      shown = CellCanvas(width: canvas.width, height: canvas.height)
      for i in shown.cells.indices { shown.cells[i].scalar = .max }
    }
    if !put(canvas) {
      // Out of colour pairs: forget them all and paint everything once more.
      pairs.reset()
      ocn_reset_pairs()
      for i in shown.cells.indices { shown.cells[i].scalar = .max }
      _ = put(canvas)
    }
    ocn_update()
  }

  /// Forgets what is on the screen.
  package mutating func invalidate() {
    ocn_screen_repaint()
    for i in shown.cells.indices { shown.cells[i].scalar = .max }
  }

  private mutating func put(_ canvas: CellCanvas) -> Bool {
    for y in 0..<canvas.height {
      let row = y * canvas.width
      var x = 0
      while x < canvas.width {
        while x < canvas.width, canvas.resolved(x, y) == shown.cells[row + x] { x += 1 }
        guard x < canvas.width else { break }
        let start = x
        run.removeAll(keepingCapacity: true)
        while x < canvas.width {
          let wanted = canvas.resolved(x, y)
          guard wanted != shown.cells[row + x] else { break }
          // ncurses places the second half of a wide character itself.
          if wanted.scalar != Cell.trailing {
            guard let cell = curses(wanted) else { return false }
            run.append(cell)
          }
          shown.cells[row + x] = wanted
          x += 1
        }
        run.withUnsafeBufferPointer { ocn_put_cells(Int32(y), Int32(start), $0.baseAddress, Int32($0.count)) }
      }
    }
    return true
  }

  private mutating func curses(_ cell: Cell) -> OCNCell? {
    let lower: UInt32 = 0x2584
    let upper: UInt32 = 0x2580
    let foreground = palette.index(cell.foreground)
    let background = palette.index(cell.background)
    var scalar = cell.scalar
    // Equal halves need no block at all; a blank's foreground is never seen.
    if scalar == lower || scalar == upper, foreground == background { scalar = 32 }
    let isBlank = scalar == 32 && !cell.attributes.contains(.underline) && !cell.attributes.contains(.reverse)
    let front = isBlank ? background : foreground
    guard let found = pairs.lookup(front, background, maySwap: scalar == lower || scalar == upper) else { return nil }
    if found.swapped { scalar = scalar == lower ? upper : lower }
    var attributes = UInt32(cell.attributes.rawValue)
    if palette.depth == .mono, isInverse(cell) { attributes |= UInt32(Style.Attributes.reverse.rawValue) }
    return OCNCell(scalar: scalar, pair: found.pair, attributes: attributes)
  }

  /// Without colours, dark text on a light ground is shown reversed: selections and labels stay visible.
  private func isInverse(_ cell: Cell) -> Bool {
    !cell.background.isTerminal && !cell.foreground.isTerminal
      && cell.background.brightness > cell.foreground.brightness + 40
  }
}
