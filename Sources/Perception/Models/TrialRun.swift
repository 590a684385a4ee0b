import Inference
import Vision

/// Runs a network on pictures of our own: to learn shapes that its file leaves open, and whether it keeps the pictures of a
/// batch apart.
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

  /// Whether the answer to the first picture of a batch is the same whatever the others are. A Softmax over axis 0, a norm over
  /// the batch or a batch normalisation left in training mode make it depend on them.
  static func keepsPicturesApart(_ network: any PreparedNetwork, _ inputs: InputTensors, batch: Int) throws -> Bool {
    guard let image = TrialRun.halves() else { return true }
    let side = Float(image.height)
    let (left, right) = (Box(x: 0, y: 0, width: side, height: side), Box(x: side, y: 0, width: side, height: side))
    func answers(_ others: Box) throws -> [[Float]] {
      let regions: [Box?] = [left] + [Box?](repeating: others, count: batch - 1)
      return try network.run(inputs.fill(image, regions: regions).tensors).map { output in
        try FloatConversion.float32(output).array(of: Float.self)
      }
    }
    let (alone, mixed) = try (answers(left), answers(right))
    return zip(alone, mixed).allSatisfy { TrialRun.areAlike($0.prefix($0.count / batch), $1.prefix($1.count / batch)) }
  }

  /// Alike but for what quantisation over a whole batch changes: a tenth of the numbers' own length.
  private static func areAlike(_ first: ArraySlice<Float>, _ second: ArraySlice<Float>) -> Bool {
    var (length, distance): (Double, Double) = (0, 0)
    for (one, other) in zip(first, second) where one.isFinite && other.isFinite {
      length += Double(one) * Double(one)
      distance += (Double(one) - Double(other)) * (Double(one) - Double(other))
    }
    return distance.squareRoot() <= 0.1 * length.squareRoot() + 1e-6
  }

  /// Two squares side by side with nothing in common.
  private static func halves() -> Image? {
    guard let image = Image.grey(128, 64, .rgb24) else { return nil }
    withExtendedLifetime(image.storage) {
      let pixels = image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self)
      for index in 0..<(128 * 64) {
        let (x, y) = (index % 128, index / 128)
        let color = x < 64 ? (x * 4, 255 - y * 4, 40) : ((x ^ y) & 8 == 0 ? 255 : 0, 30, 255 - x)
        (pixels[index * 3], pixels[index * 3 + 1]) = (UInt8(clamping: color.0), UInt8(clamping: color.1))
        pixels[index * 3 + 2] = UInt8(clamping: color.2)
      }
    }
    return image
  }
}
