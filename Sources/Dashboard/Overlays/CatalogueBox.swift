import Ground

/// Draws the catalogue of networks that can be downloaded.
extension Modals {
  private static let nameColumns = 24
  private static let taskColumns = 22
  private static let sizeColumns = 9
  private static let licenseColumns = 14

  /// Returns the list of networks.
  func catalogue(_ offers: [NetworkOffer], selected: Int, asks: Bool, keys: KeyMap, on canvas: inout CellCanvas)
    -> ListView
  {
    let room = window(
      "catalogue", width: 88, height: min(offers.count + 5, canvas.height - 4),
      note: asks ? "Enter downloads, Esc goes back" : "Enter chooses, Esc closes", on: &canvas)
    let foot = 3
    let list = ListView(
      in: Rect(x: room.x, y: room.y, width: room.width, height: max(1, room.height - foot)), count: offers.count,
      selected: selected)
    list.draw(selection: theme.selected, ground: theme[.mainBackground], on: &canvas) { line, canvas in
      draw(offers[line.item], on: line, canvas: &canvas)
    }
    list.drawArrows(theme.style(.graphText), glyphs: glyphs, on: &canvas)
    guard offers.indices.contains(selected), room.height > foot else { return list }
    let lines = Text.wrapped(
      Self.question(offers[selected], asks: asks), room.width, most: foot, ellipsis: glyphs.ellipsis)
    for (i, line) in lines.enumerated() {
      canvas.text(
        line, room.x, room.bottom - lines.count + i, asks ? theme.style(.highlight, .bold) : theme.style(.graphText),
        width: room.width)
    }
    return list
  }

  private static func question(_ offer: NetworkOffer, asks: Bool) -> String {
    if offer.isInstalled { return "\(offer.name) is here: Enter uses it" }
    let origin = offer.source.isEmpty ? "" : " from \(offer.source)"
    let facts = "licence \(offer.license), \(Text.bytes(Double(offer.bytes)))\(origin)"
    return asks ? "Download \(offer.name) under its licence? \(facts). Enter downloads it." : "\(offer.name): \(facts)"
  }

  private func draw(_ offer: NetworkOffer, on line: ListView.Line, canvas: inout CellCanvas) {
    let (rect, y) = (line.rect, line.rect.y)
    var x = rect.x
    func column(_ text: String, _ width: Int, _ style: Style) {
      guard x < rect.right else { return }
      canvas.text(Text.fit(text, min(width - 1, rect.right - x), ellipsis: glyphs.ellipsis), x, y, style)
      x += width
    }
    // On narrow screens the licence is in the lines below.
    let isNarrow = rect.width < Self.nameColumns + Self.taskColumns + Self.sizeColumns + Self.licenseColumns + 10
    column(offer.name, Self.nameColumns, line.text(theme[.mainForeground], line.isSelected ? .bold : []))
    column(offer.task, isNarrow ? 15 : Self.taskColumns, line.text(theme[.graphText]))
    column(
      Text.right(Text.bytes(Double(offer.bytes)), Self.sizeColumns - 1), Self.sizeColumns + 1,
      line.text(theme[.graphText]))
    column(offer.license, Self.licenseColumns, line.text(theme[.graphText]))
    let mark = offer.isInstalled ? "here" : offer.isSuggested ? "start here" : ""
    canvas.text(mark, endingAt: rect.right, y, line.mark(theme[.highlight]))
  }
}
