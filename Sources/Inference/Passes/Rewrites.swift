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

/// Rewrites that run one after the other, each until it no longer fires.
package struct RewritePhase: Sendable {
  package let name: String
  /// Why the phase stands where it does, for readers and tests.
  package let reason: String
  package let rewrites: [Rewrite]

  init(_ name: String, _ reason: String, _ rewrites: [Rewrite]) {
    self.name = name
    self.reason = reason
    self.rewrites = rewrites
  }
}

/// The graph rewrites, in order. To add one, write it in a file of its own and put it into its phase.
package enum Rewrites {
  package static let phases: [RewritePhase] = [
    RewritePhase(
      "spelling",
      "First, so that every later pattern has one spelling to match: operators of ONNX Runtime's optimiser become those "
        + "of the specification, and nodes that change nothing or can be one node go.",
      [
        .convolutionFromMicrosoft, .poolFromBlocked, .dropReorders, .dropIdentities, .productFromEinsum,
        .sumThroughReshape, .sumOfConstants, .mergeReshapes, .mergeTransposes,
      ]),
    RewritePhase(
      "activations",
      "Before bytes and epilogues, which both ask whether a node is an activation. The composed ones come after the "
        + "single ones that they are made of.",
      [.recogniseActivations, .fuseSilu, .fuseHardSwish, .fuseGelu]),
    RewritePhase(
      "bytes",
      "Before weights are folded or products fused: the patterns need the float operators between DequantizeLinear and "
        + "QuantizeLinear as the file has them. Movement sinks first, so that the pairs stand side by side; tables come "
        + "last, because they take whatever no operator on bytes has taken.",
      [
        .quantizeFromOperators, .sinkDequantize, .sinkDequantizeBelowResize, .mergeQuantizePairs, .quantizeConvolution,
        .quantizeLinear, .quantizeBinary, .quantizeAverage, .quantizeSoftmax, .quantizeConcat, .tabulate,
      ]),
    RewritePhase(
      "bytes, remainder",
      "Sinking and merging run again because the operators of the phase before have removed what stood between pairs. "
        + "Products with float results come only now: each would otherwise have gained a quantised result. What is "
        + "then left of quantising and dequantising becomes single kernels.",
      [
        .sinkDequantize, .mergeQuantizePairs, .quantizeProductToFloat, .dynamicProduct, .dynamicMicrosoftProduct,
        .addDynamicBias, .recogniseDequantize, .recogniseQuantize, .foldDequantizedConstants,
      ]),
    RewritePhase(
      "into convolutions",
      "Before epilogues: weights can take a normalisation only while nothing is fused behind the convolution. Layer "
        + "normalisation comes first, because its sums and products look like scales.",
      [.fuseLayerNormalization, .foldPadding, .foldBatchNormalization, .foldScaleIntoConvolution]),
    RewritePhase(
      "into products",
      "Gemm and MatMul with constant matrices become one operator, which then takes bias and scale; before epilogues for "
        + "the same reason.",
      [.linearFromGemm, .linearFromMatMul, .addLinearBias, .foldLinearScale]),
    RewritePhase(
      "epilogues",
      "The activation is fused before and after the residual sum, since networks write both act(product) + residual and "
        + "act(product + residual).",
      [
        .fuseConvolutionActivation, .fuseConvolutionResidual, .fuseConvolutionActivation, .fuseLinearActivation,
        .fuseLinearResidual, .fuseLinearActivation,
      ]),
    RewritePhase(
      "elementwise",
      "After epilogues: only normalisations and activations that no product could take are left.",
      [.scaleShiftFromBatchNormalization, .fuseElementwiseActivation, .fuseNotANumberGuard]),
    RewritePhase(
      "attention",
      "Last: it matches the products, scales and guards in the form that the phases before leave them in.",
      [.fuseAttention]),
  ]

  /// Every step, in order.
  package static let all: [Rewrite] = phases.flatMap(\.rewrites)

  /// Applies every rewrite until it no longer fires, and drops the nodes that nothing needs.
  ///
  /// Signed bytes become unsigned ones before the first phase, and equal nodes are merged after the last.
  ///
  /// - Returns: the graph, its facts, and how often each rewrite fired.
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
          try NetworkBudget.current?.checkTime()
          while try editor.nodes[index] != nil && !editor.isExhausted && rewrite.apply(index, editor) { count += 1 }
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
