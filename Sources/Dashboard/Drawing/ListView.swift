/// A list in a rectangle, one item per row, of which one may be selected: decides which items are visible, draws them, and
/// tells which item is at a place on the screen.
package struct ListView: Sendable, Equatable {
  /// Where items are drawn: below the heading, if there is one.
  package let room: Rect
  package let count: Int
  package let selected: Int?
  /// The first visible item.
  package let first: Int

  /// - Parameters:
  ///   - centered: the item to keep in view when none is selected.
  package init(in room: Rect, count: Int, selected: Int?, centered: Int? = nil) {
    self.room = room
    self.count = max(0, count)
    self.selected = selected.flatMap { $0 >= 0 && $0 < count ? $0 : nil }
    let anchor = self.selected ?? centered
    first = anchor.map { max(0, min($0 - room.height / 2, count - room.height)) } ?? 0
  }

  package var visible: Range<Int> { first..<max(first, min(count, first + room.height)) }
  /// Whether items are hidden above or below.
  package var continuesAbove: Bool { first > 0 && !room.isEmpty }
  package var continuesBelow: Bool { visible.upperBound < count && !room.isEmpty }

  /// The item under a cell of the screen; nil beside the items.
  package func item(atColumn x: Int, row y: Int) -> Int? {
    guard room.contains(x, y) else { return nil }
    let item = first + y - room.y
    return visible.contains(item) ? item : nil
  }

  /// One row while it is drawn.
  package struct Line {
    package let item: Int
    package let rect: Rect
    package let isSelected: Bool
    fileprivate let selection: Style
    fileprivate let plain: Color

    /// The background of everything on this row.
    package var ground: Color { isSelected ? selection.background : plain }

    /// Text in a colour, or in the selection's colour on the selected row.
    package func text(_ color: Color, _ attributes: Style.Attributes = []) -> Style {
      Style(isSelected ? selection.foreground : color, on: ground, attributes)
    }

    /// Something that keeps its colour on the selected row.
    package func mark(_ color: Color) -> Style { Style(color, on: ground) }
  }

  /// Draws the visible items; the selected row has the selection's background in its whole width.
  ///
  /// - Parameters:
  ///   - selection: colours of the selected row.
  ///   - ground: the background of all other rows.
  package func draw(
    selection: Style, ground: Color, on canvas: inout CellCanvas, line draw: (Line, inout CellCanvas) -> Void
  ) {
    for item in visible {
      let rect = Rect(x: room.x, y: room.y + item - first, width: room.width, height: 1)
      let line = Line(item: item, rect: rect, isSelected: item == selected, selection: selection, plain: ground)
      if line.isSelected { canvas.fill(rect, " ", selection) }
      draw(line, &canvas)
    }
  }

  /// Arrows at the column right of the room where the list continues.
  package func drawArrows(_ style: Style, glyphs: Glyphs, on canvas: inout CellCanvas) {
    if continuesBelow { canvas[room.right, room.bottom - 1] = Cell(glyphs.down, style) }
    if continuesAbove { canvas[room.right, room.y] = Cell(glyphs.up, style) }
  }
}
