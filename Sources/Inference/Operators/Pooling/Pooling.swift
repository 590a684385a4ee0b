import Ground

/// MaxPool, AveragePool, LpPool and their global forms.
enum PoolingFamily {
  static let definitions: [OperatorDefinition] = [
    OperatorDefinition(
      "MaxPool", shapes: { try $0.shapes($1) }, kernel: { try PoolingKernels.window($0, $1) },
      make: { try MaxPool($0) }
    ).movesElements().late(.follows),
    OperatorDefinition(
      "AveragePool", shapes: { try $0.shapes($1) }, kernel: { try PoolingKernels.window($0, $1) },
      make: { try AveragePool($0) }
    ).late(.follows),
    OperatorDefinition("LpPool") { try LpPool($0) },
    OperatorDefinition("GlobalMaxPool", kernel: PoolingKernels.global) { _ in GlobalPool(kind: .max) }
      .shapes(globalShape),
    OperatorDefinition("GlobalAveragePool", kernel: PoolingKernels.global) { _ in GlobalPool(kind: .average) }
      .shapes(globalShape).late(.follows),
    OperatorDefinition("GlobalLpPool") { GlobalPool(kind: .lp(Float(try $0.int("p", default: 2)))) },
  ]
}

extension PoolingFamily {
  @Sendable
  fileprivate static func globalShape(_ question: ShapeQuestion) -> [Fact]? {
    guard let x = question.input(0), x.shape.count >= 2 else { return nil }
    return [Fact(x.type, Array(x.shape[..<2]) + [Int](repeating: 1, count: x.shape.count - 2))]
  }
}

extension MaxPool {
  fileprivate func shapes(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0) else { return nil }
    let shape = Array(x.shape.prefix(2)) + (try geometry(x.shape)).outputShape
    return [Fact(x.type, shape)] + (question.outputCount > 1 ? [Fact(.int64, shape)] : [])
  }
}

extension AveragePool {
  fileprivate func shapes(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0) else { return nil }
    return [Fact(x.type, Array(x.shape.prefix(2)) + (try geometry(x.shape)).outputShape)]
  }
}

extension WindowAttributes {
  /// The geometry of a pooling over an input of shape (batch, channels, spatial…).
  fileprivate func pooling(_ shape: [Int]) throws -> WindowGeometry {
    guard shape.count >= 3, let kernel else {
      throw InferenceError(.badShape, "a pooling needs kernel_shape and an input of three axes or more, not \(shape)")
    }
    return try WindowGeometry(self, spatial: Array(shape[2...]), kernel: kernel)
  }
}

extension WindowGeometry {
  /// The input positions along `axis` that the window at output position `position` covers, the padding left out.
  fileprivate func span(_ axis: Int, _ position: Int) -> StrideTo<Int> {
    var start = position * strides[axis] - padBegin[axis]
    let end = min(input[axis], start + kernel[axis] * dilations[axis])
    let step = dilations[axis]
    if start < 0 { start += (-start + step - 1) / step * step }
    return stride(from: start, to: max(start, end), by: step)
  }

  /// How many window elements lie in the input or its padding: what an average with padding divides by.
  fileprivate func paddedCount(_ position: (Int, Int, Int)) -> Int {
    func along(_ axis: Int, _ position: Int) -> Int {
      let start = position * strides[axis] - padBegin[axis]
      let end = min(input[axis] + padEnd[axis], start + kernel[axis] * dilations[axis])
      return max(0, (end - start + dilations[axis] - 1) / dilations[axis])
    }
    return along(0, position.0) * along(1, position.1) * along(2, position.2)
  }

  /// Calls `body` with each output index and its position, in order.
  fileprivate func forEachOutput(_ body: (_ index: Int, _ position: (Int, Int, Int)) throws -> Void) rethrows {
    var index = 0
    for o0 in 0..<output[0] {
      for o1 in 0..<output[1] {
        for o2 in 0..<output[2] {
          try body(index, (o0, o1, o2))
          index += 1
        }
      }
    }
  }

  /// Calls `body` with the offset inside a plane of each input element under the window at `position`.
  @inline(__always)
  fileprivate func forEachInput(_ position: (Int, Int, Int), _ body: (Int) -> Void) {
    for i0 in span(0, position.0) {
      for i1 in span(1, position.1) {
        let line = (i0 * input[1] + i1) * input[2]
        for i2 in span(2, position.2) { body(line + i2) }
      }
    }
  }
}

/// MaxPool, with the optional output of indices.
package struct MaxPool: Operator {
  package let window: WindowAttributes
  /// Indices count columns first when set.
  private let isColumnMajor: Bool

  init(_ attributes: NodeAttributes) throws {
    window = try WindowAttributes(attributes)
    isColumnMajor = try attributes.flag("storage_order")
  }

  package func geometry(_ shape: [Int]) throws -> WindowGeometry { try window.pooling(shape) }

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let input = try inputs.tensor(0, "X")
    let wantsIndices = context.outputCount > 1
    switch input.type {
    case .float32: return try run(Float.self, input, lowest: -.infinity, wantsIndices)
    case .float64: return try run(Double.self, input, lowest: -.infinity, wantsIndices)
    case .float16: return try run(Float16.self, input, lowest: -.infinity, wantsIndices)
    case .int8: return try run(Int8.self, input, lowest: .min, wantsIndices)
    case .uint8: return try run(UInt8.self, input, lowest: .min, wantsIndices)
    case .bfloat16:
      let wide = try run(Float.self, input.widened(), lowest: -.infinity, wantsIndices)
      return [.tensor(try wide[0].tensor().narrowed(to: .bfloat16))] + wide.dropFirst()
    default: throw InferenceError(.badType, "MaxPool is not defined for \(input.type.name)")
    }
  }

  private func run<T: TensorElement & Comparable>(
    _: T.Type, _ input: Tensor, lowest: T, _ wantsIndices: Bool
  ) throws -> [Value] {
    let geometry = try geometry(input.shape)
    let shape = [input.shape[0], input.shape[1]] + geometry.outputShape
    let result = try Tensor(uninitialized: T.type, shape)
    let indices = wantsIndices ? try Tensor(uninitialized: .int64, shape) : nil
    let (x, y) = (input.elements(as: T.self), result.elements(as: T.self))
    let places = indices?.elements(as: Int64.self)
    let plane = geometry.inputCount
    var watch = LoopWatch()
    for channel in 0..<(plane == 0 ? 0 : x.count / plane) {
      try geometry.forEachOutput { index, position in
        try watch.spend(geometry.kernelCount)
        var best = lowest
        var bestOffset = -1
        geometry.forEachInput(position) { offset in
          let value = x[channel * plane + offset]
          // The second condition takes the first element, and NaN over anything.
          if value > best || bestOffset < 0 || value != value {
            best = value
            bestOffset = offset
          }
        }
        y[channel * geometry.outputCount + index] = best
        places?[channel * geometry.outputCount + index] = Int64(channel * plane + linear(bestOffset, geometry))
      }
    }
    return [.tensor(result)] + (indices.map { [.tensor($0)] } ?? [])
  }

  private func linear(_ offset: Int, _ geometry: WindowGeometry) -> Int {
    guard isColumnMajor, offset >= 0 else { return offset }
    let i2 = offset % geometry.input[2]
    let i1 = offset / geometry.input[2] % geometry.input[1]
    let i0 = offset / geometry.input[2] / geometry.input[1]
    return (i2 * geometry.input[1] + i1) * geometry.input[0] + i0
  }
}

/// AveragePool.
package struct AveragePool: Operator {
  package let window: WindowAttributes
  package let countsPadding: Bool

  init(_ attributes: NodeAttributes) throws {
    window = try WindowAttributes(attributes)
    countsPadding = try attributes.flag("count_include_pad")
  }

  package func geometry(_ shape: [Int]) throws -> WindowGeometry { try window.pooling(shape) }

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let input = try inputs.tensor(0, "X")
    if input.type == .float64 { return [.tensor(try run(Double.self, input))] }
    return [.tensor(try run(Float.self, input.widened()).narrowed(to: input.type))]
  }

  private func run<T: TensorElement & BinaryFloatingPoint>(_: T.Type, _ input: Tensor) throws -> Tensor {
    let geometry = try geometry(input.shape)
    let result = try Tensor(uninitialized: T.type, [input.shape[0], input.shape[1]] + geometry.outputShape)
    let (x, y) = (input.elements(as: T.self), result.elements(as: T.self))
    let plane = geometry.inputCount
    var watch = LoopWatch()
    for channel in 0..<(plane == 0 ? 0 : x.count / plane) {
      try geometry.forEachOutput { index, position in
        try watch.spend(geometry.kernelCount)
        var sum: T = 0
        var count = 0
        geometry.forEachInput(position) { offset in
          sum += x[channel * plane + offset]
          count += 1
        }
        let divisor = countsPadding ? geometry.paddedCount(position) : count
        y[channel * geometry.outputCount + index] = divisor == 0 ? 0 : sum / T(divisor)
      }
    }
    return result
  }
}

/// LpPool: the p-norm of each window.
struct LpPool: Operator {
  private let window: WindowAttributes
  private let p: Float

  init(_ attributes: NodeAttributes) throws {
    window = try WindowAttributes(attributes)
    p = Float(try attributes.int("p", default: 2))
    guard p >= 1 else { throw InferenceError(.badAttribute, "attribute 'p' must be positive") }
  }

  func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let given = try inputs.tensor(0, "X")
    guard given.type != .float64 else { throw InferenceError(.badType, "LpPool is not defined for float64 here") }
    let input = try given.widened()
    let geometry = try window.pooling(input.shape)
    let result = try Tensor(uninitialized: .float32, [input.shape[0], input.shape[1]] + geometry.outputShape)
    let (x, y) = (input.elements(as: Float.self), result.elements(as: Float.self))
    let plane = geometry.inputCount
    var watch = LoopWatch()
    for channel in 0..<(plane == 0 ? 0 : x.count / plane) {
      try geometry.forEachOutput { index, position in
        try watch.spend(geometry.kernelCount)
        var sum: Float = 0
        geometry.forEachInput(position) { sum += power(x[channel * plane + $0].magnitude, p) }
        y[channel * geometry.outputCount + index] = power(sum, 1 / p)
      }
    }
    return [.tensor(try result.narrowed(to: given.type))]
  }
}

/// GlobalMaxPool, GlobalAveragePool, GlobalLpPool: one value a channel.
package struct GlobalPool: Operator {
  package enum Kind: Sendable { case max, average, lp(Float) }
  package let kind: Kind

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let input = try inputs.tensor(0, "X")
    if input.type == .float64 { return [.tensor(try run(Double.self, input))] }
    return [.tensor(try run(Float.self, input.widened()).narrowed(to: input.type))]
  }

  private func run<T: TensorElement & BinaryFloatingPoint>(_: T.Type, _ input: Tensor) throws -> Tensor {
    guard input.rank >= 2 else { throw InferenceError(.badShape, "a pooling of \(input.shape)") }
    let shape = Array(input.shape[..<2]) + [Int](repeating: 1, count: input.rank - 2)
    let result = try Tensor(uninitialized: T.type, shape)
    let y = result.elements(as: T.self)
    let plane = y.isEmpty ? 0 : input.count / y.count
    guard plane > 0 else {
      y.update(repeating: 0)
      return result
    }
    let x = input.elements(as: T.self)
    for channel in y.indices {
      y[channel] = reduce(UnsafeBufferPointer(rebasing: x[channel * plane..<(channel + 1) * plane]))
    }
    return result
  }

  private func reduce<T: BinaryFloatingPoint>(_ values: UnsafeBufferPointer<T>) -> T {
    switch kind {
    case .max: values.dropFirst().reduce(values[0]) { $1 > $0 || $1 != $1 ? $1 : $0 }
    case .average: values.reduce(0, +) / T(values.count)
    case .lp(let p): T(power(values.reduce(Float(0)) { $0 + power(Float($1.magnitude), p) }, 1 / p))
    }
  }
}
