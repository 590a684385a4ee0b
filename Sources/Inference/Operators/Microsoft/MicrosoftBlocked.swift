import Ground
import Kernels

/// The domain com.microsoft.nchwc, which ONNX Runtime's optimiser writes at its highest level: operators over tensors
/// whose channels lie in blocks of the processor's vectors.
///
/// Here their tensors stay planar, with as many channels as the blocks have: a network only ever sees them between
/// ReorderInput and ReorderOutput. What is laid out in blocks in the file are the weights.
enum MicrosoftBlockedOperators {
  static let domain = "com.microsoft.nchwc"

  static let definitions: [OperatorDefinition] =
    [
      .tensor("ReorderInput", domain: domain) { attributes in
        let isChannelsLast = try attributes.flag("channels_last")
        return { x in
          let data = try x.tensor(0)
          try require(data.rank == 4, "blocks of channels in a tensor of shape \(data.shape)")
          let planar = try ChannelsLast(rank: 4, applies: isChannelsLast).first(data)
          let missing = (BlockedWeights.block - planar.shape[1] % BlockedWeights.block) % BlockedWeights.block
          if missing == 0 { return planar }
          let zeros = try Tensor(zeros: planar.type, [planar.shape[0], missing, planar.shape[2], planar.shape[3]])
          return try SlicingOperators.concatenate([planar, zeros], axis: 1)
        }
      },
      .tensor("ReorderOutput", domain: domain) { attributes in
        let isChannelsLast = try attributes.flag("channels_last")
        let channels = try attributes.int("channels", default: 0)
        return { x in
          let data = try x.tensor(0)
          try require(
            data.rank == 4 && channels > 0 && channels <= data.shape[1],
            "\(channels) channels of a tensor of shape \(data.shape)")
          let parts = try SlicingOperators.split(data, axis: 1, lengths: [channels, data.shape[1] - channels])
          return try ChannelsLast(rank: 4, applies: isChannelsLast).last(parts[0])
        }
      },
      .tensor("Conv", domain: domain) { attributes in
        let convolution = try Convolution(attributes)
        let activation = try FusedActivation(attributes)
        return { x in
          var inputs = Array(x.values.prefix(3))
          let data = try x.tensor(0)
          inputs[1] = .tensor(try BlockedWeights.planar(try x.tensor(1), channels: data.shape, convolution.groups))
          var result = try convolution.evaluate(inputs, x.context)[0].tensor()
          if let sum = try x.optionalTensor(3) { result = try arithmetic(Addition.self, result, sum) }
          return try activation.apply(result, x.context)
        }
      }
      .shapes(MicrosoftFusedOperators.convolutionShape),
      .tensor("Upsample", domain: domain) { attributes in
        let scales = try attributes.ints("scales") ?? []
        let values: [String: NodeAttributes.Attribute] = [
          "mode": .string(try attributes.string("mode", default: "nearest")), "nearest_mode": .string("floor"),
          "coordinate_transformation_mode": .string(
            try attributes.string("coordinate_transformation_mode", default: "asymmetric")),
        ]
        let inner = NodeAttributes(values, opset: 13, inputCount: 3, outputCount: 1)
        guard let resize = try OperatorRegistry.definition(domain: "", name: "Resize", opset: 13)?.make(inner) else {
          throw InferenceError(.unknownOperator, "unknown operator 'Resize'")
        }
        let factors = Tensor([scales.count], scales.map(Float.init))
        return { x in
          try resize.evaluate([.tensor(try x.tensor(0)), nil, .tensor(factors)], x.context)[0].tensor()
        }
      },
    ] + ["MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"].map(planar)

  /// An operator that does not look at channels.
  private static func planar(_ name: String) -> OperatorDefinition {
    OperatorDefinition(name, domain: domain, sameAs: { OperatorRegistry.definition(domain: "", name: name, opset: 11) })
  }
}

/// Weights that ONNX Runtime has laid out for its convolutions over blocks of channels.
package enum BlockedWeights {
  /// Channels of a block on this machine, as ONNX Runtime chooses it: the file is only of use on such machines.
  package static let block: Int = {
    #if arch(x86_64)
      ock_isa_available(OCK_ISA_AVX512) ? 16 : 8
    #else
      16
    #endif
  }()

  /// The weights as (out, in / groups, height, width), for an input of shape `channels` (batch, channels, …).
  static func planar(_ weight: Tensor, channels input: [Int], _ groups: Int) throws -> Tensor {
    let shape = weight.shape
    try require(
      weight.type == .float32 && weight.rank == 4 && input.count == 4 && shape[0] % block == 0 && weight.count > 0,
      "weights of shape \(shape) in blocks of \(block) for an input of shape \(input)")
    let (outBlocks, depth, area) = (shape[0] / block, shape[1], shape[2] * shape[3])
    // Pictures of few channels come planar and single channels stay single: then only the outputs are in blocks.
    let isInputBlocked = depth % block == 0 && input[1] >= block
    let width = isInputBlocked ? block : 1
    let result = try Tensor(uninitialized: .float32, shape)
    let (source, target) = (weight.elements(as: Float.self), result.elements(as: Float.self))
    var place = 0
    for outBlock in 0..<outBlocks {
      for inBlock in 0..<depth / width {
        for pixel in 0..<area {
          for lane in 0..<width {
            for filter in 0..<block {
              let (out, channel) = (outBlock * block + filter, inBlock * width + lane)
              target[(out * depth + channel) * area + pixel] = source[place]
              place += 1
            }
          }
        }
      }
    }
    return result
  }
}
