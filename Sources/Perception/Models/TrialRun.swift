import Inference
import Vision

/// Runs a network once on a grey picture: to learn shapes that its file leaves open, and to find out whether it works.
enum TrialRun {
  /// The outputs' shapes.
  ///
  /// - Throws: why the network does not run.
  static func outputShapes(_ network: any PreparedNetwork, _ facts: NetworkFacts, _ recipe: InputRecipe) throws
    -> [[Int]]
  {
    guard let grey = Image.grey(640, 480) else { return [] }
    let inputs = try InputTensors(facts: facts, recipe: recipe, inputName: nil)
    return try network.run(try inputs.fill(grey, regions: [Box?](repeating: nil, count: facts.batch)).tensors).map(
      \.shape)
  }
}
