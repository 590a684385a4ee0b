/// A rectangle of cells.
package struct Rect: Hashable, Sendable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = max(0, width)
    self.height = max(0, height)
  }

  package var right: Int { x + width }
  package var bottom: Int { y + height }
  package var isEmpty: Bool { width == 0 || height == 0 }

  /// The rectangle inside a border of one cell.
  package var inner: Rect { Rect(x: x + 1, y: y + 1, width: width - 2, height: height - 2) }

  package func contains(_ column: Int, _ row: Int) -> Bool {
    column >= x && column < right && row >= y && row < bottom
  }
}

/// How text looks.
package struct Style: Hashable, Sendable {
  package struct Attributes: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let bold = Attributes(rawValue: 1)
    package static let dim = Attributes(rawValue: 2)
    package static let underline = Attributes(rawValue: 4)
    package static let reverse = Attributes(rawValue: 8)
  }

  package var foreground: Color
  package var background: Color
  package var attributes: Attributes

  package init(_ foreground: Color, on background: Color = .terminal, _ attributes: Attributes = []) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }

  package func with(_ attributes: Attributes) -> Style {
    Style(foreground, on: background, self.attributes.union(attributes))
  }

  package func on(_ background: Color) -> Style { Style(foreground, on: background, attributes) }
}

/// One cell of the screen as the dashboard wants it. A wide character takes two: its own, and a ``trailing`` one.
package struct Cell: Hashable, Sendable {
  /// The scalar of the second column of a wide character.
  package static let trailing: UInt32 = 0

  package var scalar: UInt32
  package var foreground: Color
  package var background: Color
  package var attributes: Style.Attributes

  package init(_ scalar: Unicode.Scalar = " ", _ style: Style = Style(.terminal)) {
    self.scalar = scalar.value
    foreground = style.foreground
    background = style.background
    attributes = style.attributes
  }

  /// Makes this the second column of a wide character.
  fileprivate mutating func trail(_ style: Style) {
    self = Cell(" ", style)
    scalar = Cell.trailing
  }
}

/// The next screen: a grid of cells that panes draw into. Drawing outside of it has no effect.
package struct CellCanvas: Sendable {
  package private(set) var width: Int
  package private(set) var height: Int
  package var cells: [Cell]

  package init(width: Int, height: Int) {
    self.width = max(0, width)
    self.height = max(0, height)
    cells = [Cell](repeating: Cell(), count: self.width * self.height)
  }

  package var bounds: Rect { Rect(x: 0, y: 0, width: width, height: height) }

  /// Everything blank in one style; keeps the memory.
  package mutating func clear(_ style: Style) {
    let blank = Cell(" ", style)
    for i in cells.indices { cells[i] = blank }
  }

  package mutating func resize(width: Int, height: Int) {
    guard width != self.width || height != self.height else { return }
    self = CellCanvas(width: width, height: height)
  }

  package subscript(_ x: Int, _ y: Int) -> Cell {
    get { x >= 0 && x < width && y >= 0 && y < height ? cells[y * width + x] : Cell() }
    set { if x >= 0 && x < width && y >= 0 && y < height { cells[y * width + x] = newValue } }
  }

  /// Writes text from a place rightwards and returns the columns it took.
  ///
  /// Labels come from untrusted files: control characters become blanks, and characters without a width of their own
  /// (combining marks, joiners, changes of direction) are left out. A wide character that does not fit whole is left out too.
  @discardableResult
  package mutating func text(_ text: some StringProtocol, _ x: Int, _ y: Int, _ style: Style, width limit: Int = .max)
    -> Int
  {
    guard y >= 0, y < height, limit > 0 else { return 0 }
    var column = x
    let end = limit > width - x ? width : x + limit
    for scalar in text.unicodeScalars {
      let columns = Text.columns(of: scalar)
      guard column + columns <= end else { break }
      guard columns > 0 else { continue }
      put(Text.printable(scalar), columns: columns, column, y, style)
      column += columns
    }
    return column - x
  }

  private mutating func put(_ scalar: Unicode.Scalar, columns: Int, _ x: Int, _ y: Int, _ style: Style) {
    if x >= 0 {
      cells[y * width + x] = Cell(scalar, style)
      if columns == 2 { cells[y * width + x + 1].trail(style) }
    } else if x + columns > 0 {
      // The left half is cut off.
      cells[y * width] = Cell(" ", style)
    }
  }

  /// Text that ends before column `right`.
  package mutating func text(_ text: String, endingAt right: Int, _ y: Int, _ style: Style) {
    self.text(text, right - Text.columns(text), y, style)
  }

  /// The cell as it is shown: half of a wide character whose other half was drawn over is a blank.
  package func resolved(_ x: Int, _ y: Int) -> Cell {
    let i = y * width + x
    var cell = cells[i]
    if cell.scalar == Cell.trailing {
      if x > 0, Text.isWide(cells[i - 1].scalar) {
        let scalar = cell.scalar
        cell = cells[i - 1]
        cell.scalar = scalar
      } else {
        cell.scalar = 32
      }
    } else if Text.isWide(cell.scalar), x + 1 >= width || cells[i + 1].scalar != Cell.trailing {
      cell.scalar = 32
    }
    return cell
  }

  package mutating func fill(_ rect: Rect, _ scalar: Unicode.Scalar = " ", _ style: Style) {
    let cell = Cell(scalar, style)
    for y in max(0, rect.y)..<max(0, rect.y, min(height, rect.bottom)) {
      for x in max(0, rect.x)..<max(0, rect.x, min(width, rect.right)) { cells[y * width + x] = cell }
    }
  }

  /// Darkens a rectangle: for a picture that is out of date.
  package mutating func dim(_ rect: Rect) {
    for y in max(0, rect.y)..<max(0, rect.y, min(height, rect.bottom)) {
      for x in max(0, rect.x)..<max(0, rect.x, min(width, rect.right)) {
        let i = y * width + x
        cells[i].foreground = cells[i].foreground.mixed(with: .black, share: 150)
        cells[i].background = cells[i].background.mixed(with: .black, share: 150)
      }
    }
  }

  /// The characters of a row, for tests and for text snapshots.
  package func line(_ y: Int) -> String {
    guard y >= 0, y < height else { return "" }
    var text = String.UnicodeScalarView()
    for x in 0..<width {
      let scalar = resolved(x, y).scalar
      if scalar != Cell.trailing { text.append(Unicode.Scalar(scalar) ?? " ") }
    }
    return String(text)
  }
}
