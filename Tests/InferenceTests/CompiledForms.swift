import Inference

extension CompiledKernelTests {
  /// Forms of operators beyond those of convolutional networks: reductions, padding, sampling, any broadcasting.
  static let moreForms: [Sample] =
    [
      Sample(
        name: "channels last and back",
        nodes: [
          conv("x", "w", "a"), OnnxNode("Transpose", ["a"], ["b"], [("perm", .ints([0, 2, 3, 1]))]),
          OnnxNode("LayerNormalization", ["b", "scale", "shift"], ["c"]),
          OnnxNode("Transpose", ["c"], ["d"], [("perm", .ints([0, 3, 1, 2]))]), OnnxNode("Mul", ["gain", "d"], ["e"]),
          OnnxNode("Sub", ["e", "gain"], ["f"]), OnnxNode("Add", ["f", "a"], ["y"]),
        ],
        constants: [
          ("w", weight([37, 9, 1, 1])), ("scale", weight([37])), ("shift", weight([37], seed: 5)),
          ("gain", weight([37, 1, 1], seed: 6)),
        ], shape: [2, 9, 6, 7]),
      Sample(
        name: "pictures as rows of words",
        nodes: [
          conv("x", "w", "a"), OnnxNode("Reshape", ["a", "shape"], ["b"]),
          OnnxNode("Transpose", ["b"], ["c"], [("perm", .ints([0, 2, 1]))]), OnnxNode("MatMul", ["c", "m"], ["y"]),
        ],
        constants: [
          ("w", weight([24, 5, 3, 3])), ("shape", Tensor([3], [Int64](arrayLiteral: 0, 0, -1))),
          ("m", weight([24, 10])),
        ], shape: [1, 5, 9, 8]),
      Sample(
        name: "wide dilation and a wide pointwise layer",
        nodes: [
          conv("x", "w1", "a", [("dilations", .ints([6, 9])), ("pads", .ints([6, 9, 6, 9]))]),
          conv("a", "w2", "b", [("dilations", .ints([70, 3])), ("pads", .ints([70, 3, 70, 3]))]),
          conv("b", "w3", "y"),
        ],
        constants: [("w1", weight([20, 4, 3, 3])), ("w2", weight([72, 20, 3, 3])), ("w3", weight([136, 72, 1, 1]))],
        shape: [1, 4, 66, 70]),
      Sample(
        name: "any broadcasting",
        nodes: [
          OnnxNode("Mul", ["x", "a"], ["b"]), OnnxNode("Sub", ["c", "b"], ["d"]), OnnxNode("Neg", ["d"], ["e"]),
          OnnxNode("Pow", ["e", "two"], ["f"]), OnnxNode("MatMul", ["f", "m"], ["y"]),
        ],
        constants: [
          ("a", weight([1, 5, 1, 6])), ("c", weight([3, 1, 7, 1], seed: 5)), ("two", Tensor(scalar: Float(2))),
          ("m", weight([3, 1, 6, 11], seed: 6)),
        ], shape: [3, 5, 7, 6]),
      Sample(
        name: "parts behind other axes",
        nodes: [
          OnnxNode("Split", ["x", "sizes"], ["a", "b", "c"], [("axis", .int(2))]), OnnxNode("Mul", ["a", "c"], ["d"]),
          OnnxNode("Concat", ["d", "b"], ["y"], [("axis", .int(-2))]),
        ], constants: [("sizes", Tensor([3], [Int64](arrayLiteral: 4, 3, 4)))], shape: [3, 5, 11, 6]),
      Sample(
        name: "groups normalised",
        nodes: [
          OnnxNode("Reshape", ["x", "groups"], ["a"]), OnnxNode("InstanceNormalization", ["a", "one", "zero"], ["b"]),
          OnnxNode("Reshape", ["b", "back"], ["c"]), OnnxNode("InstanceNormalization", ["c", "scale", "shift"], ["y"]),
        ],
        constants: [
          ("groups", Tensor([3], [Int64](arrayLiteral: 2, 4, -1))),
          ("one", Tensor([4], [Float](repeating: 1, count: 4))),
          ("zero", Tensor([4], [Float](repeating: 0, count: 4))),
          ("back", Tensor([4], [Int64](arrayLiteral: 2, 12, 5, 6))), ("scale", weight([12])),
          ("shift", weight([12], seed: 5)),
        ], shape: [2, 12, 5, 6]),
      Sample(
        name: "batch normalisation of rows",
        nodes: [
          OnnxNode("BatchNormalization", ["x", "scale", "shift", "mean", "variance"], ["a"]),
          OnnxNode("Relu", ["a"], ["y"]),
        ],
        constants: [
          ("scale", weight([19])), ("shift", weight([19], seed: 5)), ("mean", weight([19], seed: 6)),
          ("variance", Tensor([19], [Float](repeating: 0.7, count: 19))),
        ], shape: [6, 19], exact: false),
      Sample(
        name: "Einsum as products",
        nodes: [
          OnnxNode("Einsum", ["x", "k"], ["a"], [("equation", .string("b h i d, b h j d -> b h i j"))]),
          OnnxNode("Softmax", ["a"], ["p"], [("axis", .int(-1))]),
          OnnxNode("Einsum", ["p", "k"], ["y"], [("equation", .string("bhij,bhjd->bhid"))]),
        ], constants: [("k", weight([2, 3, 9, 8]))], shape: [2, 3, 9, 8]),
      Sample(
        name: "sums around reshapes",
        nodes: [
          OnnxNode("Transpose", ["x"], ["t"], [("perm", .ints([0, 1, 3, 2]))]), OnnxNode("MatMul", ["x", "t"], ["s"]),
          OnnxNode("Add", ["s", "m1"], ["a"]), OnnxNode("Reshape", ["a", "wide"], ["b"]),
          OnnxNode("Add", ["b", "m2"], ["c"]), OnnxNode("Reshape", ["c", "narrow"], ["d"]),
          OnnxNode("Softmax", ["d"], ["p"], [("axis", .int(-1))]), OnnxNode("MatMul", ["p", "x"], ["y"]),
        ],
        constants: [
          ("m1", weight([1, 3, 9, 9])), ("wide", Tensor([5], [Int64](arrayLiteral: 1, 4, 3, 9, 9))),
          ("m2", weight([1, 4, 1, 9, 9], seed: 5)), ("narrow", Tensor([4], [Int64](arrayLiteral: -1, 3, 9, 9))),
        ], shape: [4, 3, 9, 8]),
    ] + reductions + paddings + samplings

  private static let reductions: [Sample] =
    ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"].flatMap { name in
      [[1], [2, 3], [-1], [0, 1]].map { (axes: [Int64]) in
        Sample(
          name: "\(name) \(axes)",
          nodes: [OnnxNode(name, ["x"], ["y"], [("axes", .ints(axes)), ("keepdims", .int(0))])],
          shape: [3, 16, 7, 37], opset: 12)
      }
    } + [
      Sample(
        name: "mean of blocks",
        nodes: [
          conv("x", "w", "a"), OnnxNode("ReduceMean", ["a"], ["y"], [("axes", .ints([2, 3])), ("keepdims", .int(0))]),
        ],
        constants: [("w", weight([32, 3, 1, 1]))], shape: [2, 3, 9, 8])
    ]

  private static let paddings: [Sample] = ["constant", "reflect", "edge"].flatMap { mode in
    [[0, 0, 1, 2, 0, 0, 2, 1], [0, 1, 0, 0, 0, 0, 0, 0], [0, 0, -1, 2, 0, 0, 0, -3], [1, 0, 0, 3, 0, 1, 0, 0]].map {
      (pads: [Int64]) in
      Sample(
        name: "Pad \(mode) \(pads)",
        nodes: [OnnxNode("Pad", ["x", "pads", "value"], ["y"], [("mode", .string(mode))])],
        constants: [("pads", Tensor([8], pads)), ("value", Tensor(scalar: Float(-1.5)))], shape: [2, 3, 5, 6])
    }
  }

  private static let samplings: [Sample] = ["zeros", "border"].flatMap { padding in
    [0, 1].map { aligned in
      Sample(
        name: "GridSample \(padding) \(aligned)",
        nodes: [
          OnnxNode(
            "GridSample", ["x", "grid"], ["y"],
            [("padding_mode", .string(padding)), ("align_corners", .int(Int64(aligned)))])
        ], constants: [("grid", wideGrid)], shape: [2, 5, 8, 9])
    }
  }

  /// Places inside the picture, at its border and outside.
  private static let wideGrid: Tensor = {
    let values = weight([2, 10, 9, 2]).array(of: Float.self)
    return Tensor([2, 10, 9, 2], values.map { $0 * 1.4 })
  }()
}
