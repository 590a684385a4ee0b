import Ground
import Glibc
import Kernels

/// Tables, sums, products and concatenations of bytes, and the ways between floats and bytes.
enum ByteElementwiseKernels {
  @Sendable static func table(_ operation: ByteTable, _ request: CompileRequest) -> Compilation? {
    guard let input = request.inputs[0], input.type == .uint8
    else { return nil }
    let kernel = Table(table: operation.table, count: input.byteCount)
    var compiled = CompiledKernel(kernel, inputs: 1, layout: input.layout)
    compiled.inPlace = [(input: 0, output: 0)]
    return .kernel(compiled)
  }

  @Sendable static func binary(_ operation: QuantizedBinary, _ request: CompileRequest) -> Compilation? {
    guard let a = request.inputs[0],
      let b = request.inputs[1], a.type == .uint8, b.type == .uint8, let output = request.outputs.first
    else { return nil }
    if a.shape == b.shape {
      let layout: Layout = a.layout == .blocked || b.layout == .blocked ? .blocked : .planar
      var compiled = CompiledKernel(
        Binary(operation: operation.kernelForm, count: output.laid(layout).byteCount), inputs: 2, layout: layout)
      compiled.inPlace = [(input: 0, output: 0), (input: 1, output: 0)]
      return .kernel(compiled)
    }
    // One number a channel, as squeeze and excite has it.
    let isSwapped = a.count < b.count
    let (large, small) = isSwapped ? (b, a) : (a, b)
    guard large.shape == output.shape, large.canBeBlocked, small.canBeBlocked, large.shape.count == small.shape.count,
      large.shape[0] == small.shape[0], large.shape[1] == small.shape[1], small.area == 1,
      large.channelBlock == Fact.wideByteBlock, large.fitsKernels
    else { return nil }
    let kernel = ChannelBinary(
      operation: (isSwapped ? operation.swapped : operation).kernelForm, isSwapped: isSwapped,
      blocks: large.blockCount, area: large.area)
    return .kernel(CompiledKernel(kernel, inputs: 2, layout: .blocked))
  }

  @Sendable static func concat(_ operation: QuantizedConcat, _ request: CompileRequest) throws -> Compilation? {
    let facts = request.inputs.compactMap { $0 }
    guard let output = request.outputs.first,
      facts.count == request.inputs.count, operation.tables.count == facts.count,
      facts.allSatisfy({ $0.type == .uint8 })
    else { return nil }
    let axis = try normalizedAxis(operation.axis, rank: output.shape.count)
    let wantsBlocks =
      axis == 1 && output.canBeBlocked && Fact.areAligned(facts) && facts.contains { $0.layout == .blocked }
    let layout: Layout = wantsBlocks ? .blocked : .planar
    let outer = output.shape[..<axis].reduce(1, *)
    let rowBytes = facts.map { outer == 0 ? 0 : $0.laid(layout).byteCount / outer }
    var compiled = CompiledKernel(
      Concat(outer: outer, rowBytes: rowBytes, tables: operation.tables), inputs: facts.count, layout: layout)
    if outer == 1 {
      var offset = 0
      for (index, bytes) in rowBytes.enumerated() {
        // A part that goes through a table may have other readers, so it is not made in place.
        if operation.tables[index] == nil { compiled.placements.append((input: index, byteOffset: offset)) }
        offset += bytes
      }
    }
    return .kernel(compiled)
  }

  @Sendable static func quantize(_ operation: Quantize, _ request: CompileRequest) -> Compilation? {
    guard request.isFloat(0), let input = request.inputs[0],
      input.fitsKernels, let output = request.outputs.first
    else { return nil }
    // Pictures are laid out for convolutions on the way; what has other axes, or is read as it stands, stays as it is.
    let isPicture =
      input.layout == .planar && input.shape.count == 4 && output.canBeBlocked
      && !request.readers.isSubset(of: ["Dequantize", "QuantizedLinear", "Transpose", "Reshape"])
    let way: Way = input.layout == .blocked ? .betweenBlocks : isPicture ? .toBlocks : .plain
    let kernel = QuantizeKernel(scale: operation.output, extents: Extents(input), way: way)
    var compiled = CompiledKernel(kernel, inputs: 1, layout: input.layout)
    compiled.outputLayouts = [way == .plain ? .planar : .blocked]
    return .kernel(compiled)
  }

  @Sendable static func dequantize(_ operation: Dequantize, _ request: CompileRequest) -> Compilation? {
    guard let input = request.inputs[0], input.type == .uint8,
      input.fitsKernels
    else { return nil }
    let way: Way = input.layout == .blocked ? .betweenBlocks : .plain
    let kernel = DequantizeKernel(scale: operation.input, extents: Extents(input), way: way)
    return .kernel(CompiledKernel(kernel, inputs: 1, layout: input.layout))
  }

  @Sendable static func softmax(_ operation: QuantizedSoftmax, _ request: CompileRequest) throws -> Compilation? {
    guard let input = request.inputs[0],
      input.type == .uint8
    else { return nil }
    let lines = try operation.lines(input.shape)
    guard lines.step == 1, lines.length > 0 else { return nil }
    let table = SoftmaxTable(scale: operation.input, output: operation.output, length: lines.length)
    var compiled = CompiledKernel(SoftmaxLines(table: table, count: lines.count, length: lines.length), inputs: 1)
    compiled.inPlace = [(input: 0, output: 0)]
    return .kernel(compiled)
  }

  // MARK: kernels

  private struct SoftmaxLines: Kernel {
    let table: SoftmaxTable
    let count, length: Int

    func run(_ call: KernelCall) {
      let (x, y) = (call.input(0, as: UInt8.self), call.output(0, as: UInt8.self))
      for line in 0..<count { table.apply(x + line * length, y + line * length, step: 1) }
    }
  }

  private struct Table: Kernel {
    let table: [UInt8]
    let count: Int

    func run(_ call: KernelCall) { ock_byte_table(table, call.input(0), call.output(0), count, call.threads) }
  }

  private struct Binary: Kernel {
    let operation: ock_qbinary
    let count: Int

    func run(_ call: KernelCall) {
      withUnsafePointer(to: operation) {
        ock_byte_binary($0, call.input(0), call.input(1), call.output(0), count, call.threads)
      }
    }
  }

  private struct ChannelBinary: Kernel {
    let operation: ock_qbinary
    let isSwapped: Bool
    let blocks, area: Int

    func run(_ call: KernelCall) {
      withUnsafePointer(to: operation) {
        ock_byte_binary_channel(
          $0, call.input(isSwapped ? 1 : 0), call.input(isSwapped ? 0 : 1), call.output(0), blocks, area, call.threads)
      }
    }
  }

  private struct Concat: Kernel {
    let outer: Int
    let rowBytes: [Int]
    let tables: [[UInt8]?]

    func run(_ call: KernelCall) {
      let total = rowBytes.reduce(0, +)
      var offset = 0
      for index in rowBytes.indices {
        let source = call.input(index, as: UInt8.self)
        let target = call.output(0, as: UInt8.self) + offset
        let bytes = rowBytes[index]
        offset += bytes
        if let table = tables[index] {
          for row in 0..<outer {
            ock_byte_table(table, source + row * bytes, target + row * total, bytes, call.threads)
          }
        } else if UnsafeRawPointer(source) != UnsafeRawPointer(target) {
          for row in 0..<outer { memcpy(target + row * total, source + row * bytes, bytes) }
        }
      }
    }
  }

  private enum Way { case plain, toBlocks, betweenBlocks }

  private struct Extents: Sendable {
    let batch, channels, area: Int32
    let count: Int

    init(_ fact: Fact) {
      count = fact.count
      let isBlocks = fact.shape.count >= 3
      batch = isBlocks ? Int32(fact.shape[0]) : 1
      channels = isBlocks ? Int32(fact.shape[1]) : 1
      area = isBlocks ? Int32(fact.area) : 1
    }
  }

  private struct QuantizeKernel: Kernel {
    let scale: ByteScale
    let extents: Extents
    let way: Way

    func run(_ call: KernelCall) {
      let e = extents
      let (x, y) = (call.input(0, as: Float.self), call.output(0, as: UInt8.self))
      switch way {
      case .plain: ock_quantize(x, y, e.count, scale.scale, scale.steps, call.threads)
      case .toBlocks:
        ock_quantize_to_blocked(x, y, e.batch, e.channels, e.area, scale.scale, scale.steps, call.threads)
      case .betweenBlocks:
        ock_quantize_blocked(x, y, e.batch, e.channels, e.area, scale.scale, scale.steps, call.threads)
      }
    }
  }

  private struct DequantizeKernel: Kernel {
    let scale: ByteScale
    let extents: Extents
    let way: Way

    func run(_ call: KernelCall) {
      let e = extents
      let (x, y) = (call.input(0, as: UInt8.self), call.output(0, as: Float.self))
      if way == .plain {
        ock_dequantize(x, y, e.count, scale.scale, Int32(scale.zero), call.threads)
      } else {
        ock_dequantize_blocked(x, y, e.batch, e.channels, e.area, scale.scale, Int32(scale.zero), call.threads)
      }
    }
  }
}

extension ByteScale {
  /// All bytes, around the zero point.
  var steps: ock_steps { ock_steps(zero: Int32(zero), low: 0, high: 255) }
}

extension QuantizedBinary {
  /// The same with the operands exchanged.
  var swapped: QuantizedBinary {
    var other = self
    (other.a, other.b) = (b, a)
    return other
  }

  var kernelForm: ock_qbinary {
    let arithmetic = arithmetic
    // The zero point is in the shift: it is rounded with the rest.
    let steps = ock_steps(zero: 0, low: Int32(range.lowerBound), high: Int32(range.upperBound))
    return ock_qbinary(
      product: isProduct, a_scale: arithmetic.ratioA, b_scale: arithmetic.ratioB, shift: arithmetic.shift,
      a_zero: Int32(a.zero), b_zero: Int32(b.zero), steps: steps)
  }
}
