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

  /// An error that says what was seen, and what would settle it where something would.
  static func notUnderstood(_ facts: NetworkFacts, path: String) -> PerceptionError {
    let ports = "inputs \(list(facts.inputs)); outputs \(list(facts.outputs))"
    if let reason = foreignness(of: facts) {
      return PerceptionError(
        .notUnderstood, "\(reason); \(ports)", place: path,
        remedy: "should one input be a picture, name it under [input] in a manifest; `ocellus infer` runs any network")
    }
    let missing = facts.trialFailure ?? "no known network family has such outputs"
    return PerceptionError(
      .notUnderstood, "cannot tell what this network is: \(missing); \(ports)", place: path,
      remedy: "a manifest says it: `ocellus models show \(path)` prints one to begin with")
  }

  /// Why a network is not one that finds or names things in pictures, whatever a manifest says; nil where it may be one.
  static func foreignness(of facts: NetworkFacts) -> String? {
    guard let picture = facts.picture else {
      return "not a network for pictures: no input looks like one ([1, 3, height, width] and the like)"
    }
    let pictures = facts.inputs.filter { port in
      guard NetworkFacts.pictureTypes.contains(port.type), let shape = port.shape, shape.count == 4 else {
        return false
      }
      return shape[1] == 3 || shape[3] == 3
    }
    if pictures.count > 1 {
      return "a network that compares \(pictures.count) pictures, such as a tracker of one object"
    }
    guard facts.outputs.count == 1, let shape = facts.outputs[0].shape, shape.count == 4 else { return nil }
    let sides = picture.layout.isInterleaved ? Array(shape[1...2]) : Array(shape[2...3])
    let channels = picture.layout.isInterleaved ? shape[3] : shape[1]
    guard channels == picture.channels else { return nil }
    // Open sides may be anything; fixed ones are those of the input, or several times as long.
    let grows = zip(sides, [picture.height, picture.width]).allSatisfy { out, into in
      guard let out, let into else { return out == nil || out ?? 0 >= 64 }
      return out >= into && out % into == 0
    }
    return grows ? "a network that makes pictures of pictures, such as super-resolution: it finds nothing in them" : nil
  }

  private static func list(_ ports: [NetworkPort]) -> String {
    let shown = ports.prefix(4).map(describe).joined(separator: ", ")
    return ports.count > 4 ? "\(shown) and \(ports.count - 4) more" : shown
  }

  /// Where the manifest of a network file belongs.
  static func manifestPath(_ path: String) -> String {
    path.hasSuffix(".onnx") ? String(path.dropLast(5)) + ".toml" : path + ".toml"
  }

  /// Lines that would settle it, filled in as far as the file tells.
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
