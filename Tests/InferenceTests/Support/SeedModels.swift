import Ground
import Inference
import TestSupport

/// Small models that mutation tests start from, and what they do with a mutation.
enum SeedModels {
  /// A model with something of everything: typed data, bodies, functions, many attributes.
  static let models: [OnnxModel] = {
    var random = SeededGenerator(21)
    let body = OnnxGraph(
      nodes: [
        OnnxNode("Add", ["v", "step"], ["w"]), OnnxNode("Identity", ["cond"], ["again"]),
        OnnxNode("Identity", ["w"], ["scan"]),
      ], inputs: [("i", .int64, []), ("cond", .bool, []), ("v", .float32, [2])], outputs: ["again", "w", "scan"],
      initializers: [("step", Tensor([2], [Float(1), Float(2)]))])
    let convolutions = OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode(
            "Conv", ["x", "w", "b"], ["a"],
            [
              ("pads", .ints([1, 1, 1, 1])), ("strides", .ints([1, 1])), ("dilations", .ints([1, 1])),
              ("group", .int(1)),
            ]),
          OnnxNode("BatchNormalization", ["a", "s", "s", "s", "s"], ["n"], [("epsilon", .float(1e-5))]),
          OnnxNode("Relu", ["n"], ["r"]),
          OnnxNode("MaxPool", ["r"], ["m"], [("kernel_shape", .ints([2, 2])), ("strides", .ints([2, 2]))]),
          OnnxNode("ConvTranspose", ["m", "t"], ["u"], [("strides", .ints([2, 2]))]),
          OnnxNode("Resize", ["u", "", "k"], ["z"], [("mode", .string("nearest"))]),
          OnnxNode("Concat", ["z", "z"], ["c"], [("axis", .int(1))]),
          OnnxNode("Transpose", ["c"], ["p"], [("perm", .ints([0, 2, 3, 1]))]),
          OnnxNode("Reshape", ["p", "shape"], ["q"]), OnnxNode("Softmax", ["q"], ["f"], [("axis", .int(-1))]),
          OnnxNode("Slice", ["f", "from", "to"], ["y"]),
        ], inputs: [("x", .float32, [1, 2, 4, 4])], outputs: ["y"],
        initializers: [
          ("w", random.tensor([3, 2, 3, 3])), ("b", random.tensor([3])), ("s", random.tensor([3], in: 0.5...1)),
          ("t", random.tensor([3, 2, 2, 2])), ("k", Tensor([4], [Float](arrayLiteral: 1, 1, 2, 2))),
          ("shape", Tensor([2], [Int64(-1), Int64(4)])), ("from", Tensor([1], [Int64(1)])),
          ("to", Tensor([1], [Int64(9)])),
        ]))
    let control = OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode("Loop", ["trips", "go", "x"], ["last", "all"], [("body", .graph(body))]),
          OnnxNode("Twice", ["all"], ["d"], domain: "local"),
          OnnxNode("Gather", ["d", "index"], ["g"], [("axis", .int(0))]),
          OnnxNode("TopK", ["g", "one"], ["v", "y"]), OnnxNode("Expand", ["v", "wide"], ["e"]),
          OnnxNode("NonZero", ["e"], ["z"]), OnnxNode("Pad", ["e", "pads"], ["o"]),
        ], inputs: [("x", .float32, [2])], outputs: ["y", "z", "o"],
        initializers: [
          ("trips", Tensor(scalar: Int64(3))), ("go", Tensor(scalar: true)),
          ("index", Tensor([2], [Int64(0), Int64(2)])),
          ("one", Tensor([1], [Int64(1)])), ("wide", Tensor([2], [Int64(2), Int64(4)])),
          ("pads", Tensor([4], [Int64](arrayLiteral: 0, 1, 1, 0))),
        ]),
      functions: [
        OnnxFunction(
          domain: "local", name: "Twice", inputs: ["a"], outputs: ["b"], nodes: [OnnxNode("Add", ["a", "a"], ["b"])])
      ])
    let quantised = OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode("QuantizeLinear", ["x", "s", "z"], ["q"]),
          OnnxNode("QLinearConv", ["q", "s", "z", "w", "s", "i", "s", "z"], ["c"], [("pads", .ints([1, 1, 1, 1]))]),
          OnnxNode("QLinearAdd", ["c", "s", "z", "c", "s", "z", "s", "z"], ["a"], domain: "com.microsoft"),
          OnnxNode("DequantizeLinear", ["a", "s", "z"], ["d"]),
          OnnxNode("ReduceMean", ["d"], ["m"], [("axes", .ints([2, 3]))]),
          OnnxNode("Squeeze", ["m", "axes"], ["f"]), OnnxNode("Gemm", ["f", "g"], ["y"], [("transB", .int(1))]),
          OnnxNode("ArgMax", ["y"], ["best"], [("axis", .int(1))]),
        ], inputs: [("x", .float32, [1, 2, 5, 5])], outputs: ["y", "best"],
        initializers: [
          ("s", Tensor(scalar: Float(0.1))), ("z", Tensor(scalar: UInt8(100))), ("i", Tensor(scalar: Int8(0))),
          ("w", Tensor([3, 2, 3, 3], (0..<54).map { Int8($0 - 27) })), ("axes", Tensor([2], [Int64(2), Int64(3)])),
          ("g", random.tensor([4, 3])),
        ]))
    let attention = OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode("LayerNormalization", ["x", "s", "b"], ["n"], [("axis", .int(-1))]),
          OnnxNode("Attention", ["n", "w", "b3"], ["a"], [("num_heads", .int(2))], domain: "com.microsoft"),
          OnnxNode("Add", ["a", "x"], ["r"]), OnnxNode("LSTM", ["r", "lw", "lr"], ["l"], [("hidden_size", .int(3))]),
          OnnxNode("Einsum", ["l", "l"], ["e"], [("equation", .string("abcd,abcd->acd"))]),
          OnnxNode("GatherND", ["e", "at"], ["g"]), OnnxNode("ScatterElements", ["g", "to", "u"], ["y"]),
        ], inputs: [("x", .float32, [2, 3, 4])], outputs: ["y"],
        initializers: [
          ("s", random.tensor([4])), ("b", random.tensor([4])), ("w", random.tensor([4, 12])),
          ("b3", random.tensor([12])),
          ("lw", random.tensor([1, 12, 4])), ("lr", random.tensor([1, 12, 3])),
          ("at", Tensor([2, 2], [0, 1, 1, 2] as [Int64])), ("to", Tensor([1, 3], [1, 0, 1] as [Int64])),
          ("u", random.tensor([1, 3])),
        ]))
    return [convolutions, control, quantised, attention]
  }()

  /// Loads the bytes as a model and, if that works, runs it on small inputs. True if it did not fail.
  static func survives(_ bytes: [UInt8]) throws -> Bool {
    try withTemporaryFile(bytes) { path in
      do {
        let network = try OcellusNetwork(path: path)
        var inputs: [Tensor] = []
        for port in network.inputs {
          let shape = (port.shape ?? []).map { $0 ?? 2 }
          guard shape.count <= 8, shape.allSatisfy({ $0 <= 64 }), port.type != .string,
            (try? Tensor.checkedCount(shape)).map({ $0 <= 1 << 16 }) ?? false
          else { return false }
          let tensor = try Tensor(uninitialized: port.type, shape)
          tensor.storage.bytes.initializeMemory(as: UInt8.self, repeating: 0)
          inputs.append(tensor)
        }
        _ = try network.run(inputs)
        return true
      } catch is InferenceError { return false }
    }
  }
}
