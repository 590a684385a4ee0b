import Pipeline

/// Moving within the focused pane, and choosing there.
extension Controller {
  mutating func cancel() {
    state.view.selectedDetection = nil
    state.view.toasts.removeAll()
  }

  /// The pane that movements are meant for: one that is not on the screen takes none, and the detections, which are
  /// marked in the picture as well, take its place.
  private var activePane: PaneID { state.view.layout.panes[state.view.focus] == nil ? .detections : state.view.focus }

  mutating func move(_ movement: Movement) {
    switch activePane {
    case .picture: movePicture(movement)
    case .models: moveModels(movement)
    case .events: moveEvents(movement)
    case .detections, .classes, .latency, .rates, .recording: moveDetections(movement)
    }
  }

  mutating func choose() {
    switch activePane {
    case .models: chooseModel()
    case .picture, .events: break
    case .detections, .classes, .latency, .rates, .recording: chooseDetection()
    }
  }

  private mutating func movePicture(_ movement: Movement) {
    switch movement {
    case .up: state.view.viewport.pan(0, -0.1)
    case .down: state.view.viewport.pan(0, 0.1)
    case .left: state.view.viewport.pan(-0.1, 0)
    case .right: state.view.viewport.pan(0.1, 0)
    case .pageUp: perform(PictureAction.zoomIn)
    case .pageDown: perform(PictureAction.zoomOut)
    case .first: state.view.viewport.reset()
    case .last: break
    }
  }

  /// The line that a movement leads to in a list of `count` lines; nil in an empty list.
  private static func line(after movement: Movement, from present: Int?, count: Int) -> Int? {
    guard count > 0 else { return nil }
    let here = present ?? -1
    let wanted =
      switch movement {
      case .up, .left: present == nil ? count - 1 : here - 1
      case .down, .right: here + 1
      case .pageUp: here - pageLines
      case .pageDown: here + pageLines
      case .first: 0
      case .last: count - 1
      }
    return min(count - 1, max(0, wanted))
  }

  private mutating func moveDetections(_ movement: Movement) {
    let rows = state.rows.rows
    let present = rows.firstIndex { $0.key == state.view.selectedDetection }
    guard let line = Self.line(after: movement, from: present, count: rows.count) else { return }
    state.view.selectedDetection = rows[line].key
  }

  /// Selects the first detection, or none if one was selected.
  private mutating func chooseDetection() {
    let isSelected = state.rows.rows.contains { $0.key == state.view.selectedDetection }
    state.view.selectedDetection = isSelected ? nil : state.rows.rows.first?.key
  }

  private mutating func moveModels(_ movement: Movement) {
    let entries = ModelsPane.entries(state.snapshot)
    let present = min(state.view.selectedModel, max(0, entries.count - 1))
    guard let line = Self.line(after: movement, from: present, count: entries.count) else { return }
    state.view.selectedModel = line
  }

  mutating func chooseModel() {
    let entries = ModelsPane.entries(state.snapshot)
    let present = min(state.view.selectedModel, entries.count - 1)
    guard entries.indices.contains(present) else { return }
    let name = entries[present].listing.name
    ask(entries[present].isClassifier ? .selectClassifier(name) : .selectDetector(name))
  }

  /// Upwards is back in time.
  private mutating func moveEvents(_ movement: Movement) {
    let most = max(0, state.snapshot.events.count - 1)
    let step =
      switch movement {
      case .up: 1
      case .down: -1
      case .pageUp: Self.pageLines
      case .pageDown: -Self.pageLines
      case .first: most
      case .last: -most
      case .left, .right: 0
      }
    state.view.eventScroll = min(most, max(0, state.view.eventScroll + step))
  }
}
