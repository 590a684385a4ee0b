import Capture
import Ground
import Pipeline

/// Turns keys into actions, and actions into changes of the dashboard's state and requests to the session. Knows no
/// terminal.
///
/// Each family of ``Action`` has its methods in a file of its own in this folder.
package struct Controller {
  /// What the main loop has to do after a key.
  package enum Outcome: Sendable, Equatable { case none, quit, suspend, repaint, save }

  package var state: DashboardState
  package private(set) var themes: ThemeLibrary
  let session: SessionPort
  let configuration: ConfigurationFile
  let catalogue: (any NetworkCatalogue)?
  /// The screen that the present key or click refers to.
  private(set) var screen: ScreenMap
  /// Lines that Page Up and Page Down move by.
  static let pageLines = 10

  package init(
    session: SessionPort, themes: ThemeLibrary, configuration: ConfigurationFile, state: DashboardState,
    catalogue: (any NetworkCatalogue)? = nil
  ) {
    self.session = session
    self.themes = themes
    self.configuration = configuration
    self.state = state
    self.catalogue = catalogue
    self.state.view.hasCatalogue = catalogue != nil
    screen = ScreenMap(columns: state.view.columns, rows: state.view.rows)
  }

  /// Handles a key, or a click, on the screen that the user sees.
  package mutating func handle(_ key: Key, on screen: ScreenMap) -> Outcome {
    self.screen = screen
    state.view.isInUse = true
    state.view.columns = screen.columns
    state.view.rows = screen.rows
    switch key {
    case .mouse(let button, let x, let y): return click(button, column: x, row: y)
    // A paste is for fields of text: over the panes its letters would be keys.
    case .paste where !state.view.takesText: return .none
    case .drag(let x, let y):
      if state.view.isScrubbing { scrub(toColumn: x) } else if state.view.probe != nil { probe(column: x, row: y) }
      return .none
    case .released:
      state.view.isScrubbing = false
      return .none
    case KeyMap.fixed: return .quit
    default: return press(key)
    }
  }

  private mutating func press(_ key: Key) -> Outcome {
    switch state.view.modal {
    case .palette(let text, let selected): return handleInPalette(key, text: text, selected: selected)
    case .options(let selected): return handleInOptions(key, selected: selected)
    case .catalogue(let selected, let asks): return handleInCatalogue(key, selected: selected, asks: asks)
    case .controls(let selected): return handleInControls(key, selected: selected)
    case .moments(let selected): return handleInMoments(key, selected: selected)
    case .help(let scroll): return handleInHelp(key, scroll: scroll)
    case .prompt(let prompt, let text): return handleInPrompt(key, prompt: prompt, text: text)
    case nil: return state.settings.keys.action(for: key).map { perform($0) } ?? .none
    }
  }

  package mutating func perform(_ action: Action) -> Outcome {
    switch action {
    case .program(.quit): return .quit
    case .program(.suspend): return .suspend
    case .program(.repaint): return .repaint
    case .overlay(let action): open(action)
    case .session(let action): perform(action)
    case .model(let action): perform(action)
    case .prompt(let action): perform(action)
    case .picture(let action): perform(action)
    case .panes(let action): perform(action)
    case .appearance(.save): return .save
    case .appearance(let action): perform(action)
    case .move(let movement): move(movement)
    case .choose: choose()
    case .cancel: if !cancelDownload() { cancel() }
    case .replay(let action): perform(action)
    }
    return .none
  }

  private mutating func open(_ overlay: OverlayAction) {
    switch overlay {
    case .help: state.view.modal = .help(scroll: 0)
    case .commands: state.view.modal = .palette(text: "", selected: 0)
    case .options: state.view.modal = .options(selected: 0)
    case .moments: openMoments()
    case .controls: openControls()
    case .catalogue: openCatalogue()
    case .argument(let name): state.view.modal = .palette(text: name + " ", selected: 0)
    }
  }

  /// Sends a command to the session; shows a message if the session cannot do it.
  mutating func ask(_ command: SessionCommand) {
    if let lacking = session.send(command) { warn(lacking.refusal) }
  }

  mutating func warn(_ text: String) { state.toast(text, .warning, .now) }

  /// Tells the user what a key changed.
  mutating func confirm(_ text: String) { state.toast(text, .info, .now) }
}
