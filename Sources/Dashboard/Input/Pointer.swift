import Capture
import Perception
import Pipeline
import Vision

/// The mouse: lists, boxes and the footer's hints can be clicked.
extension Controller {
  mutating func click(_ button: Key.MouseButton, column x: Int, row y: Int) -> Outcome {
    if button == .left, screen.toast?.contains(x, y) == true {
      state.view.toasts.removeAll()
      return .none
    }
    if let modal = state.view.modal { return click(button, in: modal, column: x, row: y) }
    if button == .left, let action = screen.button(atColumn: x, row: y) { return perform(action) }
    if button == .left, screen.timeline?.contains(x, y) == true {
      state.view.isScrubbing = true
      scrub(toColumn: x)
      return .none
    }
    guard let pane = screen.layout.pane(atColumn: x, row: y) else { return .none }
    state.view.focus = pane
    switch button {
    case .wheelUp: move(pane == .picture ? .pageUp : .up)
    case .wheelDown: move(pane == .picture ? .pageDown : .down)
    case .left: select(in: pane, column: x, row: y)
    case .right: if pane == .picture { state.view.viewport.reset() }
    case .middle: break
    }
    return .none
  }

  /// The wheel moves in lists, a click chooses a line, and a click beside them closes.
  private mutating func click(_ button: Key.MouseButton, in modal: Modal, column x: Int, row y: Int) -> Outcome {
    switch button {
    case .wheelUp: return handle(.up, on: screen)
    case .wheelDown: return handle(.down, on: screen)
    case .left, .middle, .right: break
    }
    let line = button == .left ? screen.overlayList?.item(atColumn: x, row: y) : nil
    switch modal {
    case .palette(let text, _):
      if let line { return clickInPalette(line, text: text) }
      state.view.modal = nil
    case .options(let selected):
      // Closing the options saves them, as Escape does.
      guard let line else { return handle(.escape, on: screen) }
      clickInOptions(line, selected: selected)
    case .catalogue(let selected, let asks):
      if let line { clickInCatalogue(line, selected: selected, asks: asks) } else { state.view.modal = nil }
    case .controls(let selected):
      if let line { clickInControls(line, selected: selected) } else { state.view.modal = nil }
    case .moments:
      if let line { goToMoment(line) } else { state.view.modal = nil }
    case .help, .prompt: state.view.modal = nil
    }
    return .none
  }

  private mutating func select(in pane: PaneID, column x: Int, row y: Int) {
    let line = screen.lists[pane]?.item(atColumn: x, row: y)
    switch pane {
    case .picture: selectDetection(underColumn: x, row: y)
    case .detections:
      if let line, state.rows.rows.indices.contains(line) {
        state.view.selectedDetection = state.rows.rows[line].key
      }
    case .models:
      guard let line, ModelsPane.entries(state.snapshot).indices.contains(line) else { return }
      // A second click on the selected line chooses it.
      let wasSelected = screen.lists[pane]?.selected == line
      state.view.selectedModel = line
      if wasSelected { chooseModel() }
    case .classes, .latency, .rates, .recording, .events: break
    }
  }

  /// Shows the value at a place in a picture of measured values, until the next click beside it.
  mutating func probe(column x: Int, row y: Int) {
    guard state.result?.frame.image.levels != nil, let point = screen.picture?.pixel(column: x, row: y) else {
      state.view.probe = nil
      return
    }
    state.view.probe = Probe(x: point.x, y: point.y)
  }

  /// Selects the smallest box at a place in the picture, or none.
  private mutating func selectDetection(underColumn x: Int, row y: Int) {
    guard let point = screen.picture?.pixel(column: x, row: y) else { return }
    probe(column: x, row: y)
    let under = state.rows.rows.filter {
      let box = $0.detection.box
      return $0.isPresent && point.x >= box.x && point.x <= box.right && point.y >= box.y && point.y <= box.bottom
    }
    state.view.selectedDetection = under.min { $0.detection.box.area < $1.detection.box.area }?.key
  }
}
