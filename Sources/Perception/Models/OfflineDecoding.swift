package import Inference
import Vision

/// Decodes outputs that were computed elsewhere, as if a network had just put them out: for tests, and for comparing
/// engines.
package enum OfflineDecoding {
  /// What a network with these facts and this manifest makes of `outputs` for a frame of the given size.
  ///
  /// - Throws: as loading and running the network would.
  package static func decode(
    _ facts: NetworkFacts, manifest: Manifest?, outputs: [Tensor], frameWidth: Int, frameHeight: Int
  ) throws -> (findings: Findings, description: ModelDescription) {
    let (decode, description) = try prepared(
      facts, manifest: manifest, frameWidth: frameWidth, frameHeight: frameHeight)
    return (try decode(outputs), description)
  }

  /// The same for many outputs: the decoder keeps its memory, as it does for frames.
  package static func prepared(
    _ facts: NetworkFacts, manifest: Manifest?, frameWidth: Int, frameHeight: Int
  ) throws -> (decode: ([Tensor]) throws -> Findings, description: ModelDescription) {
    let plan = try ModelPlan(facts: facts, path: facts.name + ".onnx", fileBytes: 0, manifest: manifest)
    let decoder = try plan.makeDecoder()
    let size = plan.recipe.inputSize(frameWidth: Float(frameWidth), frameHeight: Float(frameHeight))
    let placement = Placement(
      sourceWidth: frameWidth, sourceHeight: frameHeight, width: size.width, height: size.height,
      rule: plan.recipe.rule)
    let context = DecodingContext(
      placement: placement, frameWidth: frameWidth, frameHeight: frameHeight, labels: plan.description.labels,
      confidence: plan.confidence, suppression: plan.suppression, top: plan.top)
    return (
      { outputs in
        let floats = try outputs.map(FloatConversion.float32)
        var findings = Findings()
        try withExtendedLifetime(floats) { try decoder.decode(floats.map(FloatView.init), context, into: &findings) }
        return findings
      }, plan.description
    )
  }

  /// Every decoder's name.
  package static var decoders: [String] { DecoderRegistry.all.map(\.name) }
}

extension OfflineDecoding {
  /// The decoder that recognition chooses, or nil.
  package static func decoder(for facts: NetworkFacts) throws -> String? {
    Recognizer.recognize(facts)?.definition.name
  }

  /// What a network with these facts is taken for.
  package static func describe(_ facts: NetworkFacts, manifest: Manifest? = nil) throws -> ModelDescription {
    try ModelPlan(facts: facts, path: facts.name + ".onnx", fileBytes: 0, manifest: manifest).description
  }
}
