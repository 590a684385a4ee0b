import Configuration
import Ground
import Perception
import Pipeline

/// Actions that ask for a line of text: a name for a detection, labels to classify by.
extension Controller {
  /// The most characters of an answer.
  private static let longestAnswer = 400

  mutating func perform(_ action: PromptAction) {
    switch action {
    case .classifyByLabels: promptForLabels()
    case .nameDetection: promptForName()
    }
  }

  private mutating func promptForLabels() {
    guard session.can(.labels) else { return warn(SessionCapability.labels.refusal) }
    guard canPairTextWithPictures else {
      return warn(
        "labels, separated by commas, need a pair of image and text networks such as CLIP's: "
          + "copy both into \(UserFolders.data("models")) (docs/MODELS.md)")
    }
    let labels = state.snapshot.labels?.labels ?? []
    state.view.modal = .prompt(.labels, text: labels.joined(separator: ", "))
  }

  /// Whether some network on offer compares pictures with text. One that has not been read may be such a network.
  private var canPairTextWithPictures: Bool {
    let listings = state.snapshot.detectors + state.snapshot.classifiers
    return state.snapshot.labels != nil || state.snapshot.pipeline.contains { $0.model?.text != nil }
      || listings.contains { listing in listing.description.map { $0.text != nil } ?? !listing.hasFailed }
  }

  /// Names the selected detection; without a selection the first one that is present, as Enter would choose it.
  private mutating func promptForName() {
    guard session.can(.references) else { return warn(SessionCapability.references.refusal) }
    let rows = state.rows.rows
    guard let row = rows.first(where: { $0.key == state.view.selectedDetection }) ?? rows.first(where: \.isPresent)
    else {
      return warn("no detection to remember")
    }
    state.view.selectedDetection = row.key
    state.view.modal = .prompt(.reference(row: row.key), text: "")
  }

  mutating func handleInPrompt(_ key: Key, prompt: Prompt, text: String) -> Outcome {
    if key == .escape {
      state.view.modal = nil
    } else if key == .enter {
      state.view.modal = nil
      accept(text, for: prompt)
    } else if let edited = TypedLine.edited(text, by: key, longest: Self.longestAnswer) {
      state.view.modal = .prompt(prompt, text: edited)
    }
    return .none
  }

  private mutating func accept(_ text: String, for prompt: Prompt) {
    switch prompt {
    case .labels:
      ask(.setLabels(text.split(separator: ",").map { TypedLine.trimmed($0) }.filter { !$0.isEmpty }))
    case .reference(let key):
      let name = TypedLine.trimmed(text)
      guard !name.isEmpty else { return }
      guard let result = state.result, let row = state.rows.rows.first(where: { $0.key == key }) else {
        return warn("that object is no longer visible")
      }
      ask(.markReference(result.id(of: row.detection), name: name))
    }
  }
}
