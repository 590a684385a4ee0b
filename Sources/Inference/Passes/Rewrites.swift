/// A local change of a graph that keeps what it computes.
package struct Rewrite: Sendable {
  package let name: String
  /// Whether results may round differently; such rewrites are left out in exact runs.
  package let changesRounding: Bool
  /// Tries the rewrite with the node at `index` as the last of its pattern. True if the graph changed.
  let apply: @Sendable (_ index: Int, _ editor: GraphEditor) throws -> Bool

  init(
    _ name: String, changesRounding: Bool = false,
    apply: @escaping @Sendable (_ index: Int, _ editor: GraphEditor) throws -> Bool
  ) {
    self.name = name
    self.changesRounding = changesRounding
    self.apply = apply
  }
}

/// The graph passes, in order. To add one, write it in a file of its own and put it in its place here.
package enum Rewrites {
  package static let all: [Rewrite] = [
    .convolutionFromMicrosoft, .poolFromBlocked, .dropReorders, .dropIdentities, .productFromEinsum,
    .sumThroughReshape, .sumOfConstants, .mergeReshapes, .mergeTransposes,
    .recogniseActivations, .fuseSilu, .fuseHardSwish, .fuseGelu,
    .quantizeFromOperators, .sinkDequantize, .sinkDequantizeBelowResize, .mergeQuantizePairs, .quantizeConvolution,
    .quantizeLinear, .quantizeBinary, .quantizeAverage, .quantizeSoftmax, .quantizeConcat, .tabulate, .sinkDequantize,
    .mergeQuantizePairs, .quantizeProductToFloat, .dynamicProduct,
    .dynamicMicrosoftProduct, .addDynamicBias, .recogniseDequantize, .recogniseQuantize, .foldDequantizedConstants,
    .fuseLayerNormalization, .foldPadding, .foldBatchNormalization, .foldScaleIntoConvolution, .linearFromGemm,
    .linearFromMatMul, .addLinearBias, .foldLinearScale, .fuseConvolutionActivation, .fuseConvolutionResidual,
    .fuseConvolutionActivation, .fuseLinearActivation, .fuseLinearResidual, .fuseLinearActivation,
    .scaleShiftFromBatchNormalization, .fuseElementwiseActivation, .fuseNotANumberGuard,
    .fuseAttention,
  ]

  /// Applies every pass until none fires, and drops what nothing needs.
  ///
  /// - Returns: the graph, its facts, and how often each pass fired.
  package static func apply(
    to graph: Graph, facts: [Fact?], exact: Bool
  ) throws -> (graph: Graph, facts: [Fact?], fired: [String: Int]) {
    let editor = GraphEditor(graph, facts: facts)
    var fired: [String: Int] = [:]
    let turned = UnsignedBytes.apply(editor)
    if turned > 0 { fired["unsigned bytes"] = turned }
    for rewrite in all where !(exact && rewrite.changesRounding) {
      // A rewrite may open the way for itself; graphs are finite, but the bound keeps a mistake from hanging.
      for _ in 0..<8 {
        var count = 0
        for index in editor.nodes.indices where editor.nodes[index] != nil {
          while try editor.nodes[index] != nil && rewrite.apply(index, editor) { count += 1 }
        }
        if count == 0 { break }
        fired[rewrite.name, default: 0] += count
      }
    }
    let merged = CommonSubexpressions.merge(editor)
    if merged > 0 { fired["common subexpressions"] = merged }
    let result = try editor.finish()
    return (result.graph, result.facts, fired)
  }
}
