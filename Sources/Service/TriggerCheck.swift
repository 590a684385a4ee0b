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
  /// The classes that each of the stages is limited to; all where empty.
  var classes: [[String]]

  init(_ trigger: RecordingTrigger, _ configuration: SessionConfiguration) {
    self.trigger = trigger
    confidence = configuration.minimumConfidence
    let specs = configuration.primaries + (configuration.stages ?? []) + configuration.addedStages
    let looking = specs.filter { !$0.runsOnObjects && $0.model != nil }
    models = looking.compactMap(\.model)
    // As `--classes` is handed to stages that say none of their own.
    classes = looking.map { $0.classes.isEmpty ? configuration.classes : $0.classes }
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

  /// The error of a label that no stage is limited to, so that its objects never come; nil where one lets it through.
  var leftOutLabel: ServiceError? {
    guard trigger.label != "*", !classes.isEmpty, classes.allSatisfy({ !$0.isEmpty && !$0.contains(trigger.label) })
    else { return nil }
    return ServiceError(
      .badArgument,
      "'\(trigger.label)' is left out by the classes that are asked for "
        + "(\(Set(classes.flatMap(\.self)).sorted().joined(separator: ", "))): no recording would start", place: "--on",
      remedy: "add it to --classes")
  }

  /// What to say of a trigger below the confidence of all objects; nil where it is not.
  var lowConfidence: String? {
    guard trigger.confidence < confidence else { return nil }
    return "--on \(trigger.label):\(trigger.confidence): objects below --confidence \(confidence) are dropped, so that "
      + "none between \(trigger.confidence) and \(confidence) starts a recording"
  }
}
