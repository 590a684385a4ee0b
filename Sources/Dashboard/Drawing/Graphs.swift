import Ground

/// Bars, graphs and frames.
extension CellCanvas {
  /// A frame with a title set into its top line, as btop draws it; returns the room inside.
  @discardableResult
  package mutating func frame(
    _ rect: Rect, title: String, hotkey: Int?, glyphs: Glyphs, line: Style, titleStyle: Style, hotkeyStyle: Style,
    note: String = ""
  ) -> Rect {
    guard rect.width >= 2, rect.height >= 2 else { return Rect(x: rect.x, y: rect.y, width: 0, height: 0) }
    let border = glyphs.border
    for x in (rect.x + 1)..<(rect.right - 1) {
      self[x, rect.y] = Cell(border.horizontal, line)
      self[x, rect.bottom - 1] = Cell(border.horizontal, line)
    }
    for y in (rect.y + 1)..<max(rect.y + 1, rect.bottom - 1) {
      self[rect.x, y] = Cell(border.vertical, line)
      self[rect.right - 1, y] = Cell(border.vertical, line)
    }
    self[rect.x, rect.y] = Cell(border.topLeft, line)
    self[rect.right - 1, rect.y] = Cell(border.topRight, line)
    self[rect.x, rect.bottom - 1] = Cell(border.bottomLeft, line)
    self[rect.right - 1, rect.bottom - 1] = Cell(border.bottomRight, line)
    guard !title.isEmpty, rect.width >= 8 else { return rect.inner }
    var x = rect.x + 2
    self[x, rect.y] = Cell(border.titleLeft, line)
    x += 1
    if let hotkey {
      self[x, rect.y] = Cell(glyphs.hotkey(hotkey), hotkeyStyle)
      x += 1
    }
    x += text(Text.fit(title, rect.right - 2 - x, ellipsis: glyphs.ellipsis), x, rect.y, titleStyle)
    self[x, rect.y] = Cell(border.titleRight, line)
    let room = rect.right - 2 - (x + 1)
    if !note.isEmpty, Text.columns(note) + 2 <= room {
      let start = rect.right - 3 - Text.columns(note)
      self[start - 0, rect.y] = Cell(border.titleLeft, line)
      text(note, start + 1, rect.y, titleStyle)
      self[rect.right - 2, rect.y] = Cell(border.titleRight, line)
    }
    return rect.inner
  }

  /// A bar of `width` cells, coloured by position along its gradient.
  package mutating func meter(
    _ x: Int, _ y: Int, width: Int, fraction: Double, gradient: Gradient, rest: Style, glyphs: Glyphs
  ) {
    guard width > 0 else { return }
    let share = fraction.isFinite ? min(1, max(0, fraction)) : 0
    let full = Int(saturating: (share * Double(width)).rounded())
    for i in 0..<width {
      let style = i < full ? Style(gradient.at(Double(i + 1) / Double(width)), on: rest.background) : rest
      self[x + i, y] = Cell(i < full ? glyphs.meter : glyphs.meterRest, style)
    }
  }

  /// A graph of the newest values, right-aligned, filling `rect` from its bottom; values are shares of `top`.
  package mutating func graph(
    _ values: some RandomAccessCollection<Double>, in rect: Rect, top: Double, gradient: Gradient, background: Color,
    glyphs: Glyphs
  ) {
    guard !rect.isEmpty, top > 0 else { return }
    if glyphs.kind == .full {
      brailleGraph(values, in: rect, top: top, gradient: gradient, background: background)
    } else {
      blockGraph(values, in: rect, top: top, gradient: gradient, background: background, glyphs: glyphs)
    }
  }

  private mutating func brailleGraph(
    _ values: some RandomAccessCollection<Double>, in rect: Rect, top: Double, gradient: Gradient, background: Color
  ) {
    // Dots of the left and right column, from the bottom up (Unicode braille patterns).
    let left: [UInt32] = [0x00, 0x40, 0x44, 0x46, 0x47]
    let right: [UInt32] = [0x00, 0x80, 0xA0, 0xB0, 0xB8]
    let newest = Array(values.suffix(rect.width * 2))
    let missing = rect.width * 2 - newest.count
    func height(_ i: Int) -> Int {
      guard i >= missing else { return 0 }
      let share = min(1, max(0, newest[i - missing] / top))
      guard share.isFinite else { return 0 }
      return max(1, Int(saturating: (share * Double(rect.height * 4)).rounded()))
    }
    for column in 0..<rect.width {
      let a = height(column * 2)
      let b = height(column * 2 + 1)
      for row in 0..<rect.height {
        let base = (rect.height - 1 - row) * 4
        let dots = left[min(4, max(0, a - base))] | right[min(4, max(0, b - base))]
        guard dots != 0, let scalar = Unicode.Scalar(0x2800 + dots) else { continue }
        let color = gradient.at(Double(max(a, b)) / Double(rect.height * 4))
        self[rect.x + column, rect.y + row] = Cell(scalar, Style(color, on: background))
      }
    }
  }

  private mutating func blockGraph(
    _ values: some RandomAccessCollection<Double>, in rect: Rect, top: Double, gradient: Gradient, background: Color,
    glyphs: Glyphs
  ) {
    let levels = glyphs.levels
    let newest = Array(values.suffix(rect.width))
    for (i, value) in newest.enumerated() {
      let share = value.isFinite ? min(1, max(0, value / top)) : 0
      let height = max(1, Int(saturating: (share * Double(rect.height * levels.count)).rounded()))
      let x = rect.right - newest.count + i
      for row in 0..<rect.height {
        let level = min(levels.count, height - (rect.height - 1 - row) * levels.count)
        guard level > 0 else { continue }
        self[x, rect.y + row] = Cell(levels[level - 1], Style(gradient.at(share), on: background))
      }
    }
  }
}
