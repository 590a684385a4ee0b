import Inference
import Vision

/// The preprocessing of Caffe's networks, told by the names that its exports keep: an input `data` and an output `prob`. They take
/// BGR pictures in 0...255 less the mean colour of ImageNet, from the middle of a picture of 256x256 (Caffe's `deploy.prototxt`
/// and `classify.py`; Jia et al., 2014).
enum CaffePreprocessing {
  /// Names of the input in exports of Caffe and Caffe2, and of the output by the layer that makes it.
  private static let inputs: Set<String> = ["data", "data_0", "gpu_0/data_0"]
  private static let outputs: Set<String> = [
    "prob", "prob_1", "softmaxout_1", "softmax_1", "gpu_0/softmax_1", "loss3/loss3", "pool10", "pool10_1", "fc8",
    "fc8_1",
  ]
  /// The side that AlexNet, CaffeNet and SqueezeNet have in Caffe, and hardly any network elsewhere.
  private static let side = 227
  private static let mean: [Float] = [104, 117, 123]

  /// `recipe` as Caffe would have it; nil where nothing speaks of Caffe.
  static func recipe(_ recipe: InputRecipe, _ facts: NetworkFacts) -> (recipe: InputRecipe, reason: String)? {
    guard let picture = facts.picture, picture.layout == .nchw, picture.channels == 3, let output = facts.outputs.first
    else { return nil }
    let input = facts.inputs[picture.index].name
    guard inputs.contains(input.lowercased()),
      outputs.contains(output.name.lowercased()) || (picture.width == side && picture.height == side)
    else { return nil }
    var copy = recipe
    copy.rule = .stretchCrop(width: 256, height: 256)
    copy.normalization = Normalization(order: .bgr, scale: 1, mean: mean, deviation: [1, 1, 1], pad: 117)
    let size = picture.width.map { ", \($0) pixels" } ?? ""
    return (
      copy,
      "assumed: Caffe's preprocessing, by the names '\(input)' and '\(output.name)'\(size): BGR less (104, 117, 123)"
    )
  }
}
