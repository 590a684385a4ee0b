import Foundation

/// A small emulator of an xterm: what the bytes of a program look like on its screen.
struct TerminalScreen {
  struct Cell: Equatable {
    var scalar: Unicode.Scalar = " "
    var foreground = ""
    var background = ""
    var isBold = false
  }

  private(set) var columns: Int
  private(set) var rows: Int
  private(set) var cells: [Cell]
  private(set) var cursor = (x: 0, y: 0)
  private(set) var isAlternate = false
  /// How often the alternate screen was entered or left.
  private(set) var alternations = 0
  private(set) var cursorIsVisible = true
  /// DEC private modes that are on.
  private(set) var modes: Set<Int> = []
  private(set) var updates = 0
  /// Answers to queries, to be written back to the program.
  var answers = ""
  /// Whether the terminal knows synchronised output.
  var knowsSynchronisedOutput = true

  private var pen = Cell()
  private var last: Unicode.Scalar = " "
  private var state = State.text
  private var sequence = ""
  private var utf8: [UInt8] = []
  private var wrapsNext = false
  private var primary: [Cell] = []

  private enum State { case text, escape, control, string, charset }

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    cells = [Cell](repeating: Cell(), count: columns * rows)
  }

  var penIsPlain: Bool { pen == Cell() }

  func line(_ y: Int) -> String {
    var text = String.UnicodeScalarView()
    for x in 0..<columns { text.append(cells[y * columns + x].scalar) }
    return String(text)
  }

  var text: String { (0..<rows).map { line($0) }.joined(separator: "\n") }

  /// The column and row where a text begins, the topmost first.
  func place(of text: String) -> (x: Int, y: Int)? {
    for y in 0..<rows {
      let line = line(y)
      guard let range = line.range(of: text) else { continue }
      return (line.unicodeScalars.distance(from: line.startIndex, to: range.lowerBound), y)
    }
    return nil
  }

  func cell(_ x: Int, _ y: Int) -> Cell { cells[y * columns + x] }

  mutating func resize(columns: Int, rows: Int) {
    var resized = [Cell](repeating: Cell(), count: columns * rows)
    for y in 0..<min(rows, self.rows) {
      for x in 0..<min(columns, self.columns) { resized[y * columns + x] = cells[y * self.columns + x] }
    }
    cells = resized
    self.columns = columns
    self.rows = rows
    cursor = (min(cursor.x, columns - 1), min(cursor.y, rows - 1))
  }

  mutating func feed(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { feed(byte) }
  }

  private mutating func feed(_ byte: UInt8) {
    // An escape begins a new sequence wherever it comes, as on every terminal: the one before was cut off.
    if byte == 0x1B, state != .string {
      state = .escape
      sequence = ""
      utf8.removeAll()
      return
    }
    switch state {
    case .text:
      if byte < 0x20 {
        control(byte)
      } else {
        collect(byte)
      }
    case .escape: escape(byte)
    case .charset: state = .text
    case .string: if byte == 0x07 || byte == 0x5C { state = .text }
    case .control:
      sequence.unicodeScalars.append(Unicode.Scalar(byte))
      if (0x40...0x7E).contains(byte) {
        state = .text
        run(sequence)
      }
    }
  }

  private mutating func escape(_ byte: UInt8) {
    state = .text
    switch byte {
    case UInt8(ascii: "["): state = .control
    case UInt8(ascii: "]"), UInt8(ascii: "P"): state = .string
    case UInt8(ascii: "("), UInt8(ascii: ")"): state = .charset
    case UInt8(ascii: "M"): if cursor.y > 0 { cursor.y -= 1 }
    case UInt8(ascii: "D"): lineFeed()
    default: break
    }
  }

  private mutating func control(_ byte: UInt8) {
    wrapsNext = false
    switch byte {
    case 8: cursor.x = max(0, cursor.x - 1)
    case 10: lineFeed()
    case 13: cursor.x = 0
    default: break
    }
  }

  private mutating func lineFeed() {
    if cursor.y < rows - 1 {
      cursor.y += 1
    } else {
      cells.removeFirst(columns)
      cells.append(contentsOf: repeatElement(Cell(), count: columns))
    }
  }

  private mutating func collect(_ byte: UInt8) {
    utf8.append(byte)
    let needed = utf8[0] < 0x80 ? 1 : utf8[0] < 0xE0 ? 2 : utf8[0] < 0xF0 ? 3 : 4
    guard utf8.count == needed else { return }
    for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars { put(scalar) }
    utf8.removeAll()
  }

  private mutating func put(_ scalar: Unicode.Scalar) {
    if wrapsNext {
      cursor.x = 0
      lineFeed()
      wrapsNext = false
    }
    var cell = pen
    cell.scalar = scalar
    cells[cursor.y * columns + cursor.x] = cell
    last = scalar
    if cursor.x == columns - 1 { wrapsNext = true } else { cursor.x += 1 }
  }

  private mutating func run(_ sequence: String) {
    guard let final = sequence.last else { return }
    let body = sequence.dropLast()
    let isPrivate = body.first == "?"
    let numbers = body.drop { $0 == "?" || $0 == ">" }.split(separator: ";", omittingEmptySubsequences: false)
      .map { Int($0.filter(\.isNumber)) ?? 0 }
    let n = max(1, numbers.first ?? 1)
    if final != "m" { wrapsNext = false }
    switch final {
    case "A": cursor.y = max(0, cursor.y - n)
    case "B": cursor.y = min(rows - 1, cursor.y + n)
    case "C": cursor.x = min(columns - 1, cursor.x + n)
    case "D": cursor.x = max(0, cursor.x - n)
    case "G": cursor.x = min(columns, n) - 1
    case "d": cursor.y = min(rows, n) - 1
    case "H", "f": cursor = (min(columns, max(1, numbers.count > 1 ? numbers[1] : 1)) - 1, min(rows, n) - 1)
    case "J": erase(numbers.first ?? 0, from: cursor.y * columns + cursor.x, in: 0..<cells.count)
    case "K":
      erase(
        numbers.first ?? 0, from: cursor.y * columns + cursor.x,
        in: (cursor.y * columns)..<((cursor.y + 1) * columns))
    case "X": for i in 0..<min(n, columns - cursor.x) { cells[cursor.y * columns + cursor.x + i] = blank }
    case "P": shift(by: n, inserting: false)
    case "@": shift(by: n, inserting: true)
    case "b": for _ in 0..<min(n, columns * rows) { put(last) }
    case "m": select(numbers)
    case "h", "l": if isPrivate { for mode in numbers { set(mode, final == "h") } }
    case "n": if numbers.first == 5 { answers += "\u{1B}[0n" }
    case "p": if body.hasSuffix("$") { answers += "\u{1B}[?\(n);\(knowsSynchronisedOutput ? 2 : 0)$y" }
    default: break
    }
  }

  private var blank: Cell {
    var cell = Cell()
    cell.background = pen.background
    return cell
  }

  private mutating func erase(_ what: Int, from: Int, in range: Range<Int>) {
    let part = what == 0 ? from..<range.upperBound : what == 1 ? range.lowerBound..<(from + 1) : range
    for i in part { cells[i] = blank }
  }

  private mutating func shift(by n: Int, inserting: Bool) {
    let start = cursor.y * columns + cursor.x
    let end = (cursor.y + 1) * columns
    for _ in 0..<min(n, end - start) {
      if inserting {
        cells.remove(at: end - 1)
        cells.insert(blank, at: start)
      } else {
        cells.remove(at: start)
        cells.insert(blank, at: end - 1)
      }
    }
  }

  private mutating func set(_ mode: Int, _ on: Bool) {
    if on { modes.insert(mode) } else { modes.remove(mode) }
    switch mode {
    case 25: cursorIsVisible = on
    case 2026: if !on { updates += 1 }
    case 1049, 47, 1047:
      guard on != isAlternate else { return }
      isAlternate = on
      alternations += 1
      if on {
        primary = cells
        cells = [Cell](repeating: Cell(), count: columns * rows)
      } else if primary.count == cells.count {
        cells = primary
      }
    default: break
    }
  }

  private mutating func select(_ numbers: [Int]) {
    var k = 0
    let numbers = numbers.isEmpty ? [0] : numbers
    while k < numbers.count {
      switch numbers[k] {
      case 0: pen = Cell()
      case 1: pen.isBold = true
      case 22: pen.isBold = false
      case 30...37, 90...97: pen.foreground = "\(numbers[k])"
      case 40...47, 100...107: pen.background = "\(numbers[k])"
      case 39: pen.foreground = ""
      case 49: pen.background = ""
      case 38, 48:
        let length = k + 1 < numbers.count && numbers[k + 1] == 5 ? 3 : 5
        let color = numbers[k..<min(numbers.count, k + length)].map { String($0) }.joined(separator: ";")
        if numbers[k] == 38 { pen.foreground = color } else { pen.background = color }
        k += length - 1
      default: break
      }
      k += 1
    }
  }
}
