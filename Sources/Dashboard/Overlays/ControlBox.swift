import Capture
import Ground

/// Draws the box of the camera's controls.
extension Modals {
  private static let nameColumns = 27
  private static let valueColumns = 16
  private static let markColumns = 10

  /// Returns the list of controls.
  func controls(_ listing: ControlListing, selected: Int, keys: KeyMap, on canvas: inout CellCanvas) -> ListView {
    let controls = listing.controls
    let selected = min(selected, max(0, controls.count - 1))
    let room = window(
      "camera controls", width: 78, height: min(max(1, controls.count) + 4, max(8, canvas.height / 2)),
      note: "Left Right change, d default, D all", sparesPicture: true, on: &canvas)
    let list = ListView(
      in: Rect(x: room.x, y: room.y, width: room.width, height: max(0, room.height - 2)), count: controls.count,
      selected: selected)
    guard !controls.isEmpty else {
      let line = listing.isKnown ? "the camera's driver has no controls" : "reading the camera's controls"
      canvas.text(line, room.x, room.y, theme.style(.inactive), width: room.width)
      return list
    }
    list.draw(selection: theme.selected, ground: theme[.mainBackground], on: &canvas) { line, canvas in
      draw(controls[line.item], on: line, canvas: &canvas)
    }
    list.drawArrows(theme.style(.graphText), glyphs: glyphs, on: &canvas)
    let foot = [Self.range(of: controls[selected]), Self.memory(of: listing, keys)]
    for (i, text) in foot.enumerated() where room.height > 2 {
      canvas.text(
        Text.fit(text, room.width, ellipsis: glyphs.ellipsis), room.x, room.bottom - 2 + i,
        theme.style(i == 0 ? .graphText : .inactive), width: room.width)
    }
    return list
  }

  private func draw(_ control: CameraControl, on line: ListView.Line, canvas: inout CellCanvas) {
    let (rect, y) = (line.rect, line.rect.y)
    let name = min(Self.nameColumns, rect.width / 2)
    canvas.text(
      Text.fit(control.name, name - 1, ellipsis: glyphs.ellipsis), rect.x, y,
      line.text(theme[control.isLocked ? .inactive : .mainForeground], line.isSelected ? .bold : []))
    let mark = control.isReadOnly ? "read-only" : control.isLocked ? "inactive" : ""
    canvas.text(mark, endingAt: rect.right, y, line.text(theme[.inactive]))
    let end = rect.right - Self.markColumns
    let bar = end - Self.valueColumns - rect.x - name
    if let share = control.share, bar > 3 {
      canvas.meter(
        rect.x + name, y, width: bar - 1, fraction: share, gradient: Gradient(theme[.highlight]),
        rest: line.mark(theme[.divider]), glyphs: glyphs)
    }
    // Words need the room of the bar that they do not have.
    let start = control.share == nil ? rect.x + name : max(rect.x + name, end - Self.valueColumns)
    let value = Self.value(of: control)
    canvas.text(Text.fit(value, max(0, end - start), ellipsis: glyphs.ellipsis), start, y, line.mark(theme[.highlight]))
  }

  private static func value(of control: CameraControl) -> String {
    if control.kind == .button { return "Enter presses it" }
    guard let value = control.value else { return "cannot be read" }
    return control.words(for: value) + (control.unit.isEmpty ? "" : " " + control.unit)
  }

  /// "1 to 2000, default 100 x 100 µs; PgUp PgDn by a tenth".
  private static func range(of control: CameraControl) -> String {
    let standard = "default \(control.words(for: control.standard))"
    switch control.kind {
    case .button: return "a button: it does one thing and keeps no value"
    case .boolean: return "on or off, \(standard)"
    case .menu: return control.choices.map(\.name).joined(separator: ", ") + "; \(standard)"
    case .integer, .bitmask:
      let step = control.step > 1 ? " in steps of \(control.step)" : ""
      let unit = control.unit.isEmpty ? "" : " \(control.unit)"
      return "\(control.minimum) to \(control.maximum)\(step), \(standard)\(unit); PgUp PgDn by a tenth"
    }
  }

  private static func memory(of listing: ControlListing, _ keys: KeyMap) -> String {
    listing.isRemembered
      ? "remembered for this camera" : "\(keys.name(of: .appearance(.save))) remembers them for this camera"
  }
}
