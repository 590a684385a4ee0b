import Foundation
import Inference
import TestSupport
import Testing

/// What ONNX Runtime's optimiser and quantiser write, against the formulas of its documentation.
@Suite struct MicrosoftOperatorTests {
  private static let domain = "com.microsoft"

  private func tensors(
    _ name: String, _ attributes: [String: NodeAttributes.Attribute] = [:], _ inputs: [Tensor?], outputs: Int = 1
  ) throws -> [Tensor] {
    try OperatorHarness.tensors(name, domain: Self.domain, opset: 1, attributes, inputs, outputs: outputs)
  }

  /// softmax(q kᵀ / sqrt(size) + bias) v over one batch entry, rows as arrays.
  private func attention(_ q: [[Float]], _ k: [[Float]], _ v: [[Float]], hidden: (Int, Int) -> Bool) -> [[Float]] {
    q.enumerated().map { row, query in
      let scores = k.enumerated().map { column, key -> Double in
        let dot = zip(query, key).reduce(0) { $0 + Double($1.0 * $1.1) }
        return hidden(row, column) ? -Double.infinity : dot / Double(query.count).squareRoot()
      }
      let weights = scores.map { exp($0 - (scores.max() ?? 0)) }
      let sum = weights.reduce(0, +)
      return v[0].indices.map { column in
        Float(zip(weights, v).reduce(0) { $0 + $1.0 / sum * Double($1.1[column]) })
      }
    }
  }

  private func rows(_ x: Tensor, width: Int, columns: Range<Int>) -> [[Float]] {
    let all = x.array(of: Float.self)
    return (0..<(all.count / width)).map { row in
      let start = row * width
      return Array(all[(start + columns.lowerBound)..<(start + columns.upperBound)])
    }
  }

  @Test(arguments: [false, true]) func packedAttentionProjectsMasksAndJoins(isCausal: Bool) throws {
    var random = SeededGenerator(81)
    let (x, w, b) = (random.floats([1, 5, 6]), random.floats([6, 12], -0.5...0.5), random.floats([12]))
    let mask = Tensor([1, 5], [1, 1, 1, 1, 0] as [Int32])
    let y = try tensors(
      "Attention", ["num_heads": .int(2), "unidirectional": .int(isCausal ? 1 : 0)], [x, w, b, mask], outputs: 2)
    let projected = try OperatorHarness.tensor("Add", [try OperatorHarness.tensor("MatMul", [x, w]), b])
    #expect(y[0].shape == [1, 5, 4] && y[1].shape == [2, 1, 2, 5, 2])
    for head in 0..<2 {
      let parts = (0..<3).map { rows(projected, width: 12, columns: ($0 * 4 + head * 2)..<($0 * 4 + head * 2 + 2)) }
      let expected = attention(parts[0], parts[1], parts[2]) { row, column in column == 4 || (isCausal && column > row)
      }
      let given = rows(y[0], width: 4, columns: (head * 2)..<(head * 2 + 2))
      // The last query of the causal case sees what the mask leaves it.
      #expect(isClose(given.flatMap { $0 }, expected.flatMap { $0 }))
    }
  }

  @Test func multiHeadAttentionTakesPackedInputsAndCaches() throws {
    var random = SeededGenerator(82)
    let (q, k, v) = (random.floats([2, 3, 8]), random.floats([2, 4, 8]), random.floats([2, 4, 8]))
    let heads: [String: NodeAttributes.Attribute] = ["num_heads": .int(2)]
    let apart = try tensors("MultiHeadAttention", heads, [q, k, v])[0]
    func fourAxes(_ x: Tensor) throws -> Tensor {
      try OperatorHarness.tensor("Reshape", [x, Tensor([5], [2, Int64(x.shape[1]), 2, 1, 4])])
    }
    let packed = try OperatorHarness.tensor("Concat", ["axis": .int(3)], [try fourAxes(k), try fourAxes(v)])
    #expect(
      isClose(
        try tensors("MultiHeadAttention", heads, [q, packed])[0].array(of: Float.self), apart.array(of: Float.self)))
    // The same keys, two of them from the cache.
    func cut(_ x: Tensor, _ from: Int64, _ to: Int64) throws -> Tensor {
      try OperatorHarness.tensor(
        "Slice", [x, Tensor([1], [from]), Tensor([1], [to]), Tensor([1], [Int64(1)])])
    }
    func cached(_ x: Tensor) throws -> Tensor {
      let four = try OperatorHarness.tensor("Reshape", [try cut(x, 0, 2), Tensor([4], [2, 2, 2, 4] as [Int64])])
      return try OperatorHarness.tensor("Transpose", ["perm": .ints([0, 2, 1, 3])], [four])
    }
    let resumed = try tensors(
      "MultiHeadAttention", heads,
      [q, try cut(k, 2, 4), try cut(v, 2, 4), nil, nil, nil, try cached(k), try cached(v)], outputs: 3)
    #expect(isClose(resumed[0].array(of: Float.self), apart.array(of: Float.self)))
    #expect(resumed[1].shape == [2, 2, 4, 4])
  }

  @Test func groupedAttentionIsMultiHeadAttentionOfRepeatedHeads() throws {
    var random = SeededGenerator(83)
    let (q, k, v) = (random.floats([1, 4, 8]), random.floats([1, 4, 4]), random.floats([1, 4, 4]))
    let lengths = Tensor([1], [3] as [Int32])
    let given = try tensors(
      "GroupQueryAttention", ["num_heads": .int(2), "kv_num_heads": .int(1)],
      [q, k, v, nil, nil, lengths, Tensor([1], [4] as [Int32])], outputs: 3)
    func twice(_ x: Tensor) throws -> Tensor { try OperatorHarness.tensor("Concat", ["axis": .int(2)], [x, x]) }
    let expected = try tensors(
      "MultiHeadAttention", ["num_heads": .int(2), "unidirectional": .int(1)], [q, try twice(k), try twice(v)])[0]
    #expect(isClose(given[0].array(of: Float.self), expected.array(of: Float.self)))
  }

  @Test func skippedSumsAreTheFourthOutput() throws {
    var random = SeededGenerator(84)
    let (x, skip) = (random.floats([2, 3, 8]), random.floats([2, 3, 8]))
    let (scale, shift, bias) = (random.floats([8]), random.floats([8]), random.floats([8]))
    let y = try tensors("SkipLayerNormalization", [:], [x, skip, scale, shift, bias], outputs: 4)
    let sum = try OperatorHarness.tensor("Sum", [x, skip, bias])
    #expect(isClose(y[3].array(of: Float.self), sum.array(of: Float.self)))
    let plain = try OperatorHarness.tensor(
      "LayerNormalization", ["epsilon": .float(1e-12)], [sum, scale, shift])
    #expect(isClose(y[0].array(of: Float.self), plain.array(of: Float.self)))
  }

  @Test func embeddingsAreSummedAndNormalised() throws {
    var random = SeededGenerator(85)
    let (words, places, kinds) = (random.floats([5, 4]), random.floats([3, 4]), random.floats([2, 4]))
    let (scale, shift) = (random.floats([4]), random.floats([4]))
    let ids = Tensor([1, 3], [4, 0, 2] as [Int32])
    let segments = Tensor([1, 3], [0, 1, 1] as [Int32])
    let mask = Tensor([1, 3], [1, 1, 0] as [Int32])
    let y = try tensors(
      "EmbedLayerNormalization", [:], [ids, segments, words, places, kinds, scale, shift, mask], outputs: 3)
    let (word, place, kind) = (
      words.array(of: Float.self), places.array(of: Float.self), kinds.array(of: Float.self)
    )
    let (wordOf, kindOf): ([Int], [Int]) = ([4, 0, 2], [0, 1, 1])
    let sum = (0..<12).map { index -> Float in
      let (row, column) = (index / 4, index % 4)
      let first = word[wordOf[row] * 4 + column] + place[row * 4 + column]
      return first + kind[kindOf[row] * 4 + column]
    }
    #expect(isClose(y[2].array(of: Float.self), sum))
    #expect(y[1].array(of: Int32.self) == [2])
    let plain = try OperatorHarness.tensor(
      "LayerNormalization", ["epsilon": .float(1e-12)], [Tensor([1, 3, 4], sum), scale, shift])
    #expect(isClose(y[0].array(of: Float.self), plain.array(of: Float.self)))
  }

  @Test func quantisedAttentionIsAttentionOfTheNumbersMeant() throws {
    var random = SeededGenerator(86)
    let x = Tensor([1, 4, 6], (0..<24).map { _ in UInt8.random(in: 0...255, using: &random) })
    let w = Tensor([6, 12], (0..<72).map { _ in Int8.random(in: -128...127, using: &random) })
    let (xScale, wScale) = (Tensor(scalar: Float(0.01)), Tensor(scalar: Float(0.02)))
    let (xZero, wZero) = (Tensor(scalar: UInt8(120)), Tensor(scalar: Int8(3)))
    let b = random.floats([12])
    let quantised = try tensors(
      "QAttention", ["num_heads": .int(2)], [x, w, b, xScale, wScale, nil, xZero, wZero])[0]
    let plain = try tensors(
      "Attention", ["num_heads": .int(2)],
      [
        try OperatorHarness.tensor("DequantizeLinear", [x, xScale, xZero]),
        try OperatorHarness.tensor("DequantizeLinear", [w, wScale, wZero]), b,
      ])[0]
    #expect(isClose(quantised.array(of: Float.self), plain.array(of: Float.self), 1e-4))
  }

  @Test func channelsLastConvolutionIsTheOtherTransposed() throws {
    var random = SeededGenerator(87)
    let x = Tensor([1, 3, 5, 6], (0..<90).map { _ in UInt8.random(in: 0...255, using: &random) })
    let w = Tensor([4, 3, 3, 3], (0..<108).map { _ in Int8.random(in: -128...127, using: &random) })
    let rest: [Tensor?] = [
      w, Tensor(scalar: Float(0.01)), Tensor(scalar: Int8(0)), Tensor(scalar: Float(0.3)), Tensor(scalar: UInt8(128)),
    ]
    let parameters: [Tensor?] = [Tensor(scalar: Float(0.02)), Tensor(scalar: UInt8(100))]
    func turned(_ x: Tensor, _ order: [Int64]) throws -> Tensor {
      try OperatorHarness.tensor("Transpose", ["perm": .ints(order)], [x])
    }
    let plain = try OperatorHarness.tensor("QLinearConv", [x] + parameters + rest)
    let last = try tensors(
      "QLinearConv", ["channels_last": .int(1)], [try turned(x, [0, 2, 3, 1])] + parameters + rest)[0]
    #expect(last.shape == [1, 3, 4, 4])
    #expect(try turned(last, [0, 3, 1, 2]).array(of: UInt8.self) == plain.array(of: UInt8.self))
    let pooled = try tensors("NhwcMaxPool", ["kernel_shape": .ints([2, 2])], [try turned(x, [0, 2, 3, 1])])[0]
    let expected = try OperatorHarness.tensor("MaxPool", ["kernel_shape": .ints([2, 2])], [x])
    #expect(try turned(pooled, [0, 3, 1, 2]).array(of: UInt8.self) == expected.array(of: UInt8.self))
  }

  @Test func weightsOfFourBitsAreUnpacked() throws {
    // Two columns of four numbers in blocks of two: low half first.
    let packed = Tensor([2, 2, 1], [0x21, 0x43, 0xF8, 0x80] as [UInt8])
    let scales = Tensor([4], [1, 10, 0.5, 2] as [Float])
    let x = Tensor([1, 4], [1, 1, 1, 1] as [Float])
    let y = try tensors(
      "MatMulNBits", ["K": .int(4), "N": .int(2), "bits": .int(4), "block_size": .int(2)], [x, packed, scales])[0]
    // (1 - 8) + (2 - 8) + 10 * ((3 - 8) + (4 - 8)); 0.5 * ((8 - 8) + (15 - 8)) + 2 * ((0 - 8) + (8 - 8)).
    let expected: [Float] = [-103, -12.5]
    #expect(y.array(of: Float.self) == expected)
  }

  @Test func inversesUndoTheirMatrices() throws {
    var random = SeededGenerator(88)
    let x = random.floats([2, 5, 5])
    let y = try tensors("Inverse", [:], [x])[0]
    let product = try OperatorHarness.tensor("MatMul", [x, y]).array(of: Float.self)
    let identity = (0..<50).map { $0 % 25 % 6 == 0 ? Float(1) : 0 }
    #expect(isClose(product, identity, 1e-4))
  }

  @Test func dynamicallyQuantisedLSTMIsNearTheFloatOne() throws {
    var random = SeededGenerator(89)
    let x = random.floats([4, 2, 6], -1...1)
    let w = Tensor([1, 6, 20], (0..<120).map { _ in Int8.random(in: -100...100, using: &random) })
    let r = Tensor([1, 5, 20], (0..<100).map { _ in Int8.random(in: -100...100, using: &random) })
    let scale = Tensor([1], [0.01] as [Float])
    let zero = Tensor([1], [0] as [Int8])
    let quantised = try tensors(
      "DynamicQuantizeLSTM", ["hidden_size": .int(5)],
      [x, w, r, nil, nil, nil, nil, nil, scale, zero, scale, zero], outputs: 3)
    func floats(_ steps: Tensor) throws -> Tensor {
      let numbers = try OperatorHarness.tensor("DequantizeLinear", [steps, Tensor(scalar: Float(0.01))])
      return try OperatorHarness.tensor("Transpose", ["perm": .ints([0, 2, 1])], [numbers])
    }
    let plain = try OperatorHarness.tensors(
      "LSTM", ["hidden_size": .int(5)], [x, try floats(w), try floats(r)], outputs: 3)
    for (a, b) in zip(quantised, plain) {
      #expect(a.shape == b.shape)
      for (x, y) in zip(a.array(of: Float.self), b.array(of: Float.self)) { #expect(abs(x - y) < 0.03) }
    }
  }

  @Test func rotatingByNothingChangesNothing() throws {
    var random = SeededGenerator(90)
    let x = random.floats([1, 2, 3, 4])
    let cosines = Tensor([8, 2], [Float](repeating: 1, count: 16))
    let sines = Tensor([8, 2], [Float](repeating: 0, count: 16))
    let places = Tensor([1], [Int64(2)])
    #expect(
      try tensors("RotaryEmbedding", [:], [x, places, cosines, sines])[0].array(of: Float.self)
        == x.array(of: Float.self))
    // A quarter turn exchanges the halves.
    let turned = try tensors("RotaryEmbedding", [:], [x, places, sines, cosines])[0].array(of: Float.self)
    let given = x.array(of: Float.self)
    let quarter: [Float] = [-given[2], -given[3], given[0], given[1]]
    #expect(Array(turned[..<4]) == quarter)
  }

  @Test func groupsAreNormalisedWithChannelsLast() throws {
    var random = SeededGenerator(91)
    let x = random.floats([2, 3, 3, 4])
    let (scale, shift) = (random.floats([4]), random.floats([4]))
    let y = try tensors("GroupNorm", ["groups": .int(2), "activation": .int(1)], [x, scale, shift])[0]
    let first = try OperatorHarness.tensor("Transpose", ["perm": .ints([0, 3, 1, 2])], [x])
    let plain = try OperatorHarness.tensor("GroupNormalization", ["num_groups": .int(2)], [first, scale, shift])
    let gated = try OperatorHarness.tensor("Mul", [plain, try OperatorHarness.tensor("Sigmoid", [plain])])
    let last = try OperatorHarness.tensor("Transpose", ["perm": .ints([0, 2, 3, 1])], [gated])
    #expect(isClose(y.array(of: Float.self), last.array(of: Float.self)))
  }

  @Test func treesVote() throws {
    // One tree: x0 <= 1 gives target 0 the weight 5, else x1 in {2, 3} gives target 1 the weight 7, else target 0 -1.
    let y = try OperatorHarness.tensor(
      "TreeEnsemble", domain: "ai.onnx.ml", opset: 5,
      [
        "tree_roots": .ints([0]), "n_targets": .int(2), "nodes_featureids": .ints([0, 1]),
        "nodes_modes": .tensor(Tensor([2], [0, 6] as [UInt8])),
        "nodes_splits": .tensor(Tensor([2], [1, 0] as [Float])),
        "nodes_truenodeids": .ints([0, 1]), "nodes_trueleafs": .ints([1, 1]), "nodes_falsenodeids": .ints([1, 2]),
        "nodes_falseleafs": .ints([0, 1]), "leaf_targetids": .ints([0, 1, 0]),
        "leaf_weights": .tensor(Tensor([3], [5, 7, -1] as [Float])),
        "membership_values": .tensor(Tensor([3], [2, 3, .nan] as [Float])),
      ], [Tensor([3, 2], [0, 0, 2, 3, 2, 4] as [Float])])
    let votes: [Float] = [5, 0, 0, 7, -1, 0]
    #expect(y.array(of: Float.self) == votes)
  }

  struct Blocks: Sendable {
    let channels, filters, groups: Int
  }

  /// Convolutions over blocks of channels are plain ones whose weights lie otherwise, and so are pools and reorders.
  @Test(arguments: [
    Blocks(channels: 3, filters: 32, groups: 1), Blocks(channels: 32, filters: 48, groups: 1),
    Blocks(channels: 32, filters: 32, groups: 32),
  ])
  func networksOverBlocksOfChannelsAnswerAsPlainOnes(blocks: Blocks) throws {
    var random = SeededGenerator(83)
    let (x, b) = (random.tensor([1, blocks.channels, 6, 6]), random.tensor([blocks.filters]))
    let w = random.tensor([blocks.filters, blocks.channels / blocks.groups, 3, 3])
    let blockedDomain = "com.microsoft.nchwc"
    let attributes: [(String, OnnxAttribute)] = [
      ("pads", .ints([1, 1, 1, 1])), ("group", .int(Int64(blocks.groups))), ("activation", .string("Relu")),
    ]
    let pool: [(String, OnnxAttribute)] = [("kernel_shape", .ints([2, 2])), ("strides", .ints([2, 2]))]
    // Pictures of few channels go in as they are.
    let reorders = blocks.channels % BlockedWeights.block == 0
    let nodes =
      (reorders ? [OnnxNode("ReorderInput", ["x"], ["r"], domain: blockedDomain)] : []) + [
        OnnxNode("Conv", [reorders ? "r" : "x", "w", "b"], ["c"], attributes, domain: blockedDomain),
        OnnxNode("MaxPool", ["c"], ["p"], pool, domain: blockedDomain),
        OnnxNode(
          "Upsample", ["p"], ["u"], [("scales", .ints([1, 1, 2, 2])), ("mode", .string("nearest"))],
          domain: blockedDomain),
        OnnxNode("ReorderOutput", ["u"], ["y"], [("channels", .int(20))], domain: blockedDomain),
      ]
    let plainNodes = [
      OnnxNode("FusedConv", ["x", "w", "b"], ["c"], attributes, domain: Self.domain),
      OnnxNode("MaxPool", ["c"], ["p"], pool),
      OnnxNode("Upsample", ["p", "s"], ["u"]),
      OnnxNode("Slice", ["u"], ["y"], [("starts", .ints([0])), ("ends", .ints([20])), ("axes", .ints([1]))]),
    ]
    let plain = OnnxModel(
      graph: OnnxGraph(
        nodes: plainNodes, inputs: [("x", .float32, x.shape)], outputs: ["y"],
        initializers: [("w", w), ("b", b), ("s", Tensor([4], [1, 1, 2, 2] as [Float]))]), opset: 9)
    let blocked = OnnxModel(
      graph: OnnxGraph(
        nodes: nodes, inputs: [("x", .float32, x.shape)], outputs: ["y"],
        initializers: [("w", inBlocks(w, blocks)), ("b", b)]))
    let expected = try plain.withFile {
      try OcellusNetwork(path: $0, options: NetworkOptions(optimize: false)).run([x])[0]
    }
    for optimize in [false, true] {
      let network = try blocked.withFile { try OcellusNetwork(path: $0, options: NetworkOptions(optimize: optimize)) }
      #expect(relativeError(try network.run([x])[0], expected) <= 2e-6)
      if optimize { #expect(network.rewritesFired["FusedConv to Conv"] == 1) }
    }
  }

  /// The weights as ONNX Runtime lays them out on this machine.
  private func inBlocks(_ w: Tensor, _ blocks: Blocks) -> Tensor {
    let (block, depth, area) = (BlockedWeights.block, w.shape[1], w.shape[2] * w.shape[3])
    let width = depth % block == 0 && blocks.channels >= block ? block : 1
    let source = w.array(of: Float.self)
    var result: [Float] = []
    for index in indices(of: [w.shape[0] / block, depth / width, area, width, block]) {
      let (filter, channel) = (index[0] * block + index[4], index[1] * width + index[3])
      result.append(source[(filter * depth + channel) * area + index[2]])
    }
    return Tensor(w.shape, result)
  }
}
