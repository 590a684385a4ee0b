import Ground
import Glibc

/// Random tensors: RandomUniform, RandomNormal, their Like forms, Bernoulli, Multinomial, Dropout. With the same `seed` the same
/// numbers each time; ONNX does not say which.
enum RandomOperators {
  static let definitions: [OperatorDefinition] = [
    drawn("RandomUniform", like: false, uniform).random(.always),
    drawn("RandomUniformLike", like: true, uniform).random(.always),
    drawn("RandomNormal", like: false, normal).random(.always),
    drawn("RandomNormalLike", like: true, normal).random(.always),
    .tensor("Bernoulli") { attributes in
      let type =
        attributes.has("dtype") ? try CastOperators.elementType(attributes, "dtype", default: nil) : nil
      let seed = try attributes.float("seed")
      return { x in
        let odds = try x.tensor(0)
        var source = RandomSource(seed: seed)
        let draws = try odds.doubles().map { source.uniform() < $0 ? 1.0 : 0 }
        return try Tensor(odds.shape, draws).converted(to: type ?? odds.type)
      }
    }.random(.always),
    .tensors("Dropout") { attributes in
      let fixedRatio = Double(try attributes.float("ratio", default: 0.5))
      let seed = try attributes.int("seed").map { Float($0) }
      return { x in
        let data = try x.tensor(0)
        let ratio = try x.optionalTensor(1)?.scalarDouble() ?? fixedRatio
        let trains = try x.optionalTensor(2)?.scalarBool() ?? false
        // Inference drops nothing: the mask says that everything was kept.
        let all = try ReshapingOperators.expand(Tensor(scalar: true), to: data.shape)
        if !trains || ratio == 0 { return [data, all] }
        var source = RandomSource(seed: seed)
        let mask = try Tensor(uninitialized: .bool, data.shape)
        let kept = mask.elements(as: Bool.self)
        for index in kept.indices { kept[index] = source.uniform() >= ratio }
        let scale = try Tensor(scalar: Float(1 / (1 - ratio))).converted(to: data.type)
        let scaled = try arithmetic(Multiplication.self, data, scale)
        return [try select(mask, scaled, try Tensor(zeros: data.type, [])), mask]
      }
    }
    .shapes(ShapeRules.same).kernel(ViewKernels.whole).random(.inTraining),
    .tensor("Multinomial") { attributes in
      let type = try CastOperators.elementType(attributes, "dtype", default: .int32)
      let count = try attributes.int("sample_size", default: 1)
      let seed = try attributes.float("seed")
      return { x in
        let logits = try x.tensor(0)
        try require(logits.rank == 2 && logits.shape[1] > 0, "log-odds of shape \(logits.shape)")
        let result = try Tensor(uninitialized: .int64, [logits.shape[0], count])
        let target = result.elements(as: Int64.self)
        let odds = try SoftmaxOperators.apply(.softmax, logits, axis: 1).doubles()
        var source = RandomSource(seed: seed)
        let classes = logits.shape[1]
        for index in target.indices {
          var rest = source.uniform()
          var choice = 0
          while choice < classes - 1 && rest >= odds[index / count * classes + choice] {
            rest -= odds[index / count * classes + choice]
            choice += 1
          }
          target[index] = Int64(choice)
        }
        return try result.converted(to: type)
      }
    }.random(.always),
  ]

  private typealias Draw = @Sendable (NodeAttributes) throws -> @Sendable (inout RandomSource) -> Double

  private static let uniform: Draw = { attributes in
    let low = Double(try attributes.float("low", default: 0))
    let high = Double(try attributes.float("high", default: 1))
    return { low + (high - low) * $0.uniform() }
  }

  private static let normal: Draw = { attributes in
    let mean = Double(try attributes.float("mean", default: 0))
    let scale = Double(try attributes.float("scale", default: 1))
    return { mean + scale * $0.normal() }
  }

  private static func drawn(_ name: String, like: Bool, _ make: @escaping Draw) -> OperatorDefinition {
    .tensor(name) { attributes in
      let draw = try make(attributes)
      let named = attributes.has("dtype") ? try CastOperators.elementType(attributes, "dtype", default: nil) : nil
      let shape = try attributes.ints("shape") ?? []
      let seed = try attributes.float("seed")
      return { x in
        let pattern = like ? try x.tensor(0) : nil
        let result = try Tensor(uninitialized: .float64, pattern?.shape ?? shape)
        let target = result.elements(as: Double.self)
        var source = RandomSource(seed: seed)
        for index in target.indices { target[index] = draw(&source) }
        return try result.converted(to: named ?? pattern?.type ?? .float32)
      }
    }
  }
}

/// SplitMix64 (Steele, Lea, Flood, 2014).
struct RandomSource {
  private var state: UInt64

  /// Without a seed the numbers differ from run to run.
  init(seed: Float?) { state = seed.map { UInt64($0.bitPattern) } ?? UInt64.random(in: 0 ... .max) }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// In 0..<1.
  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// By Box and Muller's transform.
  mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * Double.pi * uniform())
  }
}
