import Configuration
import Ground
import Inference

/// Finds the decoder that fits a network file.
enum Recognizer {
  /// The first definition of the registry that claims the network, with its reason.
  static func recognize(_ facts: NetworkFacts) -> (definition: DecoderDefinition, reason: String)? {
    for definition in DecoderRegistry.all {
      if let reason = definition.claims(facts) { return (definition, reason) }
    }
    return nil
  }

  /// An error that says what was seen and shows the manifest that would settle it.
  static func notUnderstood(_ facts: NetworkFacts, path: String) -> PerceptionError {
    let inputs = facts.inputs.map(describe).joined(separator: ", ")
    let outputs = facts.outputs.map(describe).joined(separator: ", ")
    let missing =
      facts.picture == nil
      ? "no input looks like a picture ([1, 3, height, width] and the like)"
      : facts.trialFailure ?? "no known network family has such outputs"
    return PerceptionError(
      .notUnderstood, "cannot tell what this network is: \(missing); inputs \(inputs); outputs \(outputs)",
      place: path, remedy: "write \(manifestPath(path)): \(exampleManifest(facts).replacing("\n", with: " ⏎ "))")
  }

  /// Where the manifest of a network file belongs.
  static func manifestPath(_ path: String) -> String {
    path.hasSuffix(".onnx") ? String(path.dropLast(5)) + ".toml" : path + ".toml"
  }

  /// Five lines that would settle it, filled in as far as the file tells.
  static func exampleManifest(_ facts: NetworkFacts) -> String {
    let picture = facts.picture
    return """
      task = "detection"
      decoder = "yolov8"
      labels = ["first class", "second class"]
      [input]
      size = [\(picture?.width ?? 640), \(picture?.height ?? 640)]
      """
  }

  private static func describe(_ port: NetworkPort) -> String {
    let shape = port.shape.map { "[" + $0.map { $0.map(String.init) ?? "?" }.joined(separator: ",") + "]" } ?? "[…]"
    return "'\(port.name)' \(port.type.name)\(shape)"
  }
}
