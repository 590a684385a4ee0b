internal import Perception
internal import Pipeline
internal import Vision

/// The mouse.
extension Controller {
  /// What a press of a mouse button does: everything that can be seen can be clicked.
  func click(
    _ button: Key.MouseButton, _ x: Int, _ y: Int, _ state: inout DashboardState, _ composer: Composer
  ) -> Outcome {
    if let modal = state.view.modal {
      switch (button, modal) {
      case (.wheelUp, _): return handle(.up, &state, composer)
      case (.wheelDown, _): return handle(.down, &state, composer)
      case (_, .options): return handle(.escape, &state, composer)
      default:
        state.view.modal = nil
        return .none
      }
    }
    if button == .left, let hit = composer.hits.last(where: { $0.0.contains(x, y) }) { return perform(hit.1, &state) }
    guard let pane = composer.layout.pane(atColumn: x, row: y), let rect = composer.layout.panes[pane] else {
      return .none
    }
    let shown = state.view
    state.view.focus = pane
    switch button {
    case .wheelUp: move(pane == .picture ? .pageUp : .up, &state)
    case .wheelDown: move(pane == .picture ? .pageDown : .down, &state)
    case .left: select(in: pane, rect, x, y, as: shown, &state, composer)
    case .right: if pane == .picture { state.view.viewport.reset() }
    case .middle: break
    }
    return .none
  }

  /// - Parameter shown: the view that was clicked into; the click itself has changed the focus.
  private func select(
    in pane: PaneID, _ rect: Rect, _ x: Int, _ y: Int, as shown: ViewState, _ state: inout DashboardState,
    _ composer: Composer
  ) {
    switch pane {
    case .picture:
      guard let mapping = composer.mapping else { return }
      let point = mapping.pixel(column: x, row: y)
      // The smallest box under the pointer is the one that is meant.
      let under = state.rows.rows.filter {
        let box = $0.detection.box
        return $0.isPresent && point.x >= box.x && point.x <= box.right && point.y >= box.y && point.y <= box.bottom
      }
      state.view.selectedDetection = under.min { $0.detection.box.area < $1.detection.box.area }?.key
    case .detections:
      let room = rect.inner
      let hasHeading = room.height >= 8 && DetectionsPane.Columns(width: room.width - 2).hasHeading
      let list = room.height - (hasHeading ? 1 : 0)
      let selected = state.rows.rows.firstIndex { $0.key == state.view.selectedDetection }
      let line =
        y - room.y - (hasHeading ? 1 : 0)
        + DetectionsPane.firstVisible(selected: selected, count: state.rows.rows.count, room: list)
      if state.rows.rows.indices.contains(line) { state.view.selectedDetection = state.rows.rows[line].key }
    case .models:
      let room = Panes.room(inside: rect)
      let window = ModelsPane.window(room, state.snapshot, shown)
      let line = y - room.y + window.start
      guard y - room.y < window.height, ModelsPane.entries(state.snapshot).indices.contains(line) else { return }
      // A second click on the same line picks it.
      if window.selected == line { moveModels(.activate, &state) }
      state.view.selectedModel = line
    default: break
    }
  }
}
