import Configuration
import Ground
import Perception
import Pipeline
import Recording

/// Whether the detection that is to start a recording can come at all.
struct TriggerCheck {
  var trigger: RecordingTrigger
  /// Objects below are dropped before a recording sees them.
  var confidence: Float
  /// The networks whose objects may start it.
  var models: [String]

  init(_ trigger: RecordingTrigger, _ configuration: SessionConfiguration) {
    self.trigger = trigger
    confidence = configuration.minimumConfidence
    let specs = configuration.primaries + (configuration.stages ?? []) + configuration.addedStages
    models = specs.filter { !$0.runsOnObjects }.compactMap(\.model)
  }

  /// The error of a label that no network of the session has; nil where one has it, or does not say its labels.
  func unknownLabel(_ provider: any ModelProvider) -> ServiceError? {
    guard trigger.label != "*", !models.isEmpty else { return nil }
    var labels: [String] = []
    for name in models {
      // A network that cannot be described is reported when it is loaded.
      guard let description = try? provider.describe(name), !description.labels.isEmpty else { return nil }
      labels += description.labels
    }
    guard !labels.contains(trigger.label) else { return nil }
    let near = Spelling.nearest(to: trigger.label, among: labels)
    return ServiceError(
      .badArgument, "'\(trigger.label)' is not a label of \(models.joined(separator: ", "))", place: "--on",
      remedy: near.map { "did you mean '\($0)'?" } ?? "'ocellus models show \(models[0])' lists the labels")
  }

  /// What to say of a trigger below the confidence of all objects; nil where it is not.
  var lowConfidence: String? {
    guard trigger.confidence < confidence else { return nil }
    return "--on \(trigger.label):\(trigger.confidence): objects below --confidence \(confidence) are dropped, so that "
      + "none between \(trigger.confidence) and \(confidence) starts a recording"
  }
}
