import Pipeline

/// The last line of the screen: hints from the key table, each of which can be clicked, and what the screen costs.
struct Footer {
  /// - Parameter buttons: takes the places of the hints.
  static func draw(
    _ rect: Rect, _ context: PaneContext, buttons: inout [(rect: Rect, action: Action)], on canvas: inout CellCanvas
  ) {
    let theme = context.theme
    canvas.fill(rect, " ", theme.style(.mainForeground))
    let end = drawCost(in: rect, context, on: &canvas)
    var x = rect.x + 1
    let keys = context.settings.keys
    for binding in keys.bindings {
      guard let hint = hint(binding, context, keys) else { continue }
      let width = Text.columns(hint.keys) + 1 + Text.columns(hint.text)
      guard x + width + 1 < end else { continue }
      buttons.append((Rect(x: x, y: rect.y, width: width, height: 1), binding.action))
      let text = x + canvas.text(hint.keys, x, rect.y, theme.style(.highlight)) + 1
      canvas.text(hint.text, text, rect.y, theme.style(.graphText))
      x += width + 2
    }
  }

  /// Bytes and pictures per second at the right; returns the column where they begin.
  private static func drawCost(in rect: Rect, _ context: PaneContext, on canvas: inout CellCanvas) -> Int {
    guard rect.width >= 60 else { return rect.right }
    let cost =
      (context.own.isCongested ? "slow link " : "") + Text.bytes(context.own.bytesPerSecond) + "/s "
      + Text.fixed(context.own.shownRate, 0) + " fps "
    canvas.text(
      cost, endingAt: rect.right, rect.y, context.theme.style(context.own.isCongested ? .warning : .graphText))
    return rect.right - Text.columns(cost)
  }

  /// The threshold's hint shows its value, and both of its keys.
  private static func hint(_ binding: KeyBinding, _ context: PaneContext, _ keys: KeyMap)
    -> (keys: String, text: String)?
  {
    guard let hint = binding.hint, let key = binding.keys.first?.name else { return nil }
    guard binding.action == .session(.raiseThreshold) else { return (key, hint) }
    return (
      key + keys.name(of: .session(.lowerThreshold)),
      "\(hint) \(Text.percent(Double(context.snapshot.minimumConfidence)))"
    )
  }
}
