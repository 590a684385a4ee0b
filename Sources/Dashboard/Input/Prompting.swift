internal import Ground
internal import Perception
internal import Pipeline

/// Actions that ask for a line of text: names for detections, labels to choose from.
extension Controller {
  /// The most characters of an answer.
  private static let longestAnswer = 400

  func ask(_ action: Action, _ state: inout DashboardState) {
    if action == .typeLabels {
      guard session.labeller != nil else { return state.toast("this session takes no labels", .warning, .now) }
      let labels = state.snapshot.labels?.labels ?? []
      state.view.modal = .prompt(.labels, text: labels.joined(separator: ", "))
      return
    }
    guard session.memory != nil else { return state.toast("this session remembers nothing", .warning, .now) }
    // Without a selection the best one is meant, as Enter would choose it.
    let rows = state.rows.rows
    guard let row = rows.first(where: { $0.key == state.view.selectedDetection }) ?? rows.first(where: \.isPresent)
    else {
      return state.toast("nothing is detected that could be remembered", .warning, .now)
    }
    state.view.selectedDetection = row.key
    state.view.modal = .prompt(.reference(row: row.key), text: "")
  }

  func answer(_ key: Key, _ prompt: Prompt, _ text: String, _ state: inout DashboardState) -> Outcome {
    func show(_ text: String) { state.view.modal = .prompt(prompt, text: text) }
    switch key {
    case .escape: state.view.modal = nil
    case .enter:
      state.view.modal = nil
      accept(text, for: prompt, &state)
    case .backspace: show(String(text.dropLast()))
    case .control("u"): show("")
    case .character(let scalar) where text.count < Self.longestAnswer: show(text + String(Character(scalar)))
    default: break
    }
    return .none
  }

  private func accept(_ text: String, for prompt: Prompt, _ state: inout DashboardState) {
    func trimmed(_ text: Substring) -> String {
      let start = text.drop { $0 == " " }
      return String(start.prefix(start.count - start.reversed().prefix { $0 == " " }.count))
    }
    switch prompt {
    case .labels:
      session.labeller?.setLabels(text.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty })
    case .reference(let key):
      let name = trimmed(text[...])
      guard !name.isEmpty else { return }
      guard let result = state.result, let row = state.rows.rows.first(where: { $0.key == key }) else {
        return state.toast("it has gone meanwhile", .warning, .now)
      }
      session.memory?.markReference(row.detection, of: result, name: name)
    }
  }
}
