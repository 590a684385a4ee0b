import Capture
package import Ground
import Pipeline

/// The box of the camera's controls.
extension Controller {
  /// Automatic modes change controls: they are read this often while they are on the screen, in milliseconds.
  private static let controlsPeriod = 1000.0

  private var controls: [CameraControl] { state.snapshot.controls?.controls ?? [] }

  mutating func openControls() {
    guard session.can(.controls) else { return warn(SessionCapability.controls.refusal) }
    state.view.modal = .controls(selected: 0)
    state.view.controlsAsked = nil
    keepControlsFresh(now: .now)
  }

  /// Has the controls read again while they are on the screen.
  package mutating func keepControlsFresh(now: MonotonicTime) {
    guard case .controls = state.view.modal else { return }
    if let asked = state.view.controlsAsked, now.milliseconds(since: asked) < Self.controlsPeriod { return }
    state.view.controlsAsked = now
    ask(.adjust(.read))
  }

  mutating func handleInControls(_ key: Key, selected: Int) -> Outcome {
    let selected = min(selected, max(0, controls.count - 1))
    switch key {
    case .character("d"): withControl(selected) { .reset(name: $0.name) }
    case .character("D"): ask(.adjust(.resetAll))
    default: return act(state.settings.keys.action(for: key), selected)
    }
    return .none
  }

  private mutating func act(_ action: Action?, _ selected: Int) -> Outcome {
    switch action {
    case .move(let movement): moveInControls(movement, selected)
    case .panes(.focusNext): moveInControls(.down, selected)
    case .panes(.focusPrevious): moveInControls(.up, selected)
    case .choose, .session(.pause): change(selected) { $0.next }
    case .appearance(.save): ask(.adjust(.remember))
    case .program(.repaint): return .repaint
    case .cancel, .overlay(.controls), .program(.quit): state.view.modal = nil
    // Every other action is for the panes below, which take no keys now.
    default: break
    }
    return .none
  }

  private mutating func moveInControls(_ movement: Movement, _ selected: Int) {
    switch movement {
    case .up: state.view.modal = .controls(selected: max(0, selected - 1))
    case .down: state.view.modal = .controls(selected: max(0, min(controls.count - 1, selected + 1)))
    case .left: change(selected) { $0.value(after: -1) }
    case .right: change(selected) { $0.value(after: 1) }
    case .pageUp: change(selected) { $0.value(after: 1, pages: true) }
    case .pageDown: change(selected) { $0.value(after: -1, pages: true) }
    case .first: change(selected) { $0.choices.first?.value ?? $0.minimum }
    case .last: change(selected) { $0.choices.last?.value ?? $0.maximum }
    }
  }

  /// A click selects a control; a second one does what Enter does.
  mutating func clickInControls(_ index: Int, selected: Int) {
    if index == selected { change(index) { $0.next } } else { state.view.modal = .controls(selected: index) }
  }

  private mutating func change(_ index: Int, to value: (CameraControl) -> Int?) {
    withControl(index) { control in
      guard let wanted = value(control), control.kind == .button || wanted != control.value else { return nil }
      return .set(name: control.name, value: wanted)
    }
    // The next key starts from the value that is on its way.
    state.snapshot.controls = session.snapshot().controls
  }

  private mutating func withControl(_ index: Int, _ request: (CameraControl) -> ControlRequest?) {
    guard controls.indices.contains(index) else { return }
    let control = controls[index]
    guard !control.isReadOnly else { return warn("\(control.name) is read-only: only the camera changes it") }
    guard !control.isLocked else {
      return warn("\(control.name) is ruled by an automatic mode or another program: switch that off first")
    }
    if let request = request(control) { ask(.adjust(request)) }
  }
}
