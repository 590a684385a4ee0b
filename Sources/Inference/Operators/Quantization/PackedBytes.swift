import Ground
import Kernels

/// 8-bit weights less their zero points, and how many bytes each is the sum of.
struct CenteredWeights {
  let values: [Int16]
  let parts: Int32

  /// - Parameter zero: the zero point of the weight at an index of the tensor.
  init(_ weight: Tensor, zero: (Int) -> Int) {
    let bytes = UnsafeRawBufferPointer(start: weight.base, count: weight.count)
    let isSigned = weight.type == .int8
    values = withExtendedLifetime(weight) {
      bytes.indices.map { index in
        let value = isSigned ? Int(Int8(bitPattern: bytes[index])) : Int(bytes[index])
        return Int16(value - zero(index))
      }
    }
    let (low, high) = (-Int(values.min() ?? 0), Int(values.max() ?? 0))
    parts = Int32(max(1, (low + 127) / 128, (high + 126) / 127))
  }
}

/// Weights packed for one form of the inner product, and the sum of each output's.
struct PackedBytes: Sendable {
  private let storage: TensorStorage
  let outputs: Int
  private let sumsOffset: Int

  init(
    _ request: CompileRequest, _ weight: Tensor, recipe: String, weightBytes: Int, outputs: Int,
    _ pack: (UnsafeMutablePointer<Int8>, UnsafeMutablePointer<Int32>) -> Void
  ) throws {
    self.outputs = outputs
    let offset = (weightBytes + 63) / 64 * 64
    sumsOffset = offset
    let sumBytes = ock_byte_lanes(Int32(outputs)) * MemoryLayout<Int32>.stride
    storage = try request.weights.packed(weight, recipe: "bytes \(recipe)", byteCount: offset + sumBytes) { target in
      pack(target.assumingMemoryBound(to: Int8.self), (target + offset).assumingMemoryBound(to: Int32.self))
    }
  }

  var weights: UnsafePointer<Int8>? {
    UnsafePointer(storage.bytes.baseAddress?.assumingMemoryBound(to: Int8.self))
  }

  /// The sum of each output's weights, whole blocks of lanes.
  var sums: UnsafeBufferPointer<Int32> {
    // Safe: the storage holds as many sums behind the weights, and lives as long as this value.
    let start = storage.bytes.baseAddress.unsafelyUnwrapped + sumsOffset
    return UnsafeBufferPointer(
      start: UnsafePointer(start.assumingMemoryBound(to: Int32.self)), count: ock_byte_lanes(Int32(outputs)))
  }
}

/// What becomes of a product's sums: each output's bias and factor, in whole blocks of lanes.
struct ByteEpilogue: Sendable {
  private let bias: [Int32]
  private let scales: [Float]
  let steps: ock_steps
  let inputZero: Int32
  let isFloat: Bool

  init(_ product: ByteProduct, _ packed: PackedBytes, bias: [Int32]?, outputs: Int, offset: Int32) {
    let sums = packed.sums
    let zero = Int32(product.input.zero) - offset
    self.bias = sums.indices.map { lane in
      lane < outputs ? (bias?[lane] ?? 0) &- zero &* sums[lane] : 0
    }
    scales = sums.indices.map { $0 < outputs ? product.factor($0) : 0 }
    steps = ock_steps(
      zero: Int32(product.output?.zero ?? 0), low: Int32(product.range.lowerBound),
      high: Int32(product.range.upperBound))
    inputZero = Int32(product.input.zero)
    isFloat = product.output == nil
  }

  func withPointers(_ body: (UnsafePointer<Int32>?, UnsafePointer<Float>?) -> Void) {
    bias.withUnsafeBufferPointer { bias in
      scales.withUnsafeBufferPointer { body(bias.baseAddress, $0.baseAddress) }
    }
  }
}

extension CompileRequest {
  /// The constant at `index` as 32-bit integers.
  func integers(_ index: Int) -> [Int32]? {
    guard index < constants.count, let tensor = constants[index], tensor.type == .int32 else { return nil }
    return tensor.array(of: Int32.self)
  }
}
