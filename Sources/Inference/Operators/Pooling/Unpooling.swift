import Ground

/// MaxUnpool: values put back where a MaxPool found them.
enum UnpoolingOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("MaxUnpool") { attributes in
      let kernel = try attributes.ints("kernel_shape") ?? []
      let ones = kernel.map { _ in 1 }
      let strides = try attributes.ints("strides") ?? ones
      let pads = try attributes.ints("pads") ?? (ones + ones).map { _ in 0 }
      try require(
        strides.count == kernel.count && pads.count == 2 * kernel.count
          && (kernel + strides + pads).allSatisfy { $0 >= 0 && $0 < 1 << 20 }, "a window of \(kernel)")
      return { x in
        let (data, indices) = (try x.tensor(0), try x.tensor(1))
        try require(
          data.rank == kernel.count + 2 && indices.shape == data.shape,
          "indices of shape \(indices.shape) for data of shape \(data.shape)")
        _ = try Tensor.checkedByteCount(data.type, data.shape)
        let natural = try kernel.indices.map { axis in
          let (span, overflow) = (data.shape[axis + 2] - 1).multipliedReportingOverflow(by: strides[axis])
          try require(!overflow, "strides of \(strides)")
          return span + kernel[axis] - pads[axis] - pads[axis + kernel.count]
        }
        let shape = try x.optionalTensor(2)?.integers() ?? data.shape[..<2] + natural
        return try unpool(data, try indices.integers(), natural: Array(data.shape[..<2]) + natural, into: shape)
      }
    }
    .shapedBy(2)
  ]

  /// Indices count through a tensor of the natural shape; the output may be larger.
  private static func unpool(
    _ x: Tensor, _ indices: [Int], natural: [Int], into shape: [Int]
  ) throws -> Tensor {
    guard x.type != .string else { throw InferenceError(.badType, "MaxUnpool of strings") }
    try require(shape.count == natural.count, "an output of shape \(shape) for \(natural)")
    let result = try Tensor(zeros: x.type, shape)
    _ = try Tensor.checkedByteCount(.bool, natural)
    let (limit, width) = (natural.reduce(1, *), x.type.byteCount)
    let strides = denseStrides(shape)
    for (number, index) in indices.enumerated() {
      try require(index >= 0 && index < limit, "index \(index) in \(limit) elements")
      var (rest, offset, fits) = (index, 0, true)
      for axis in natural.indices.reversed() {
        let place = rest % natural[axis]
        rest /= natural[axis]
        fits = fits && place < shape[axis]
        offset += place * strides[axis]
      }
      try require(fits, "index \(index) outside an output of shape \(shape)")
      copyElement(result.base + offset * width, x.base + number * width, width)
    }
    return result
  }
}
