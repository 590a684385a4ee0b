import Inference
import Vision

/// Runs a network once on a grey picture: to learn shapes that its file leaves open, and to find out whether it works.
enum TrialRun {
  /// The outputs' shapes, or nil if the run fails.
  static func outputShapes(_ network: any PreparedNetwork, _ facts: NetworkFacts, _ recipe: InputRecipe) -> [[Int]]? {
    guard let inputs = try? InputTensors(facts: facts, recipe: recipe, inputName: nil), let grey = greyPicture(),
      let filled = try? inputs.fill(grey, regions: [nil]), let outputs = try? network.run(filled.tensors),
      outputs.count == facts.outputs.count
    else { return nil }
    return outputs.map(\.shape)
  }

  /// A grey VGA picture.
  static func greyPicture() -> Image? {
    let storage = PixelStorage(count: 640 * 480)
    storage.bytes.initializeMemory(as: UInt8.self, repeating: 128)
    return Image(packed: 640, 480, .gray8, fullRange: true, storage: storage)
  }
}
