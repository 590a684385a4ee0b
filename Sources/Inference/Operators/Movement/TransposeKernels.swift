import Ground
import Kernels

/// Transpose of 4-byte and 8-byte elements, any axes.
enum TransposeKernels {
  @Sendable static func compile(_ request: CompileRequest) throws -> Compilation? {
    guard let input = request.inputs[0], input.type != .string, let output = request.outputs.first, input.count > 0
    else { return nil }
    let rank = input.shape.count
    let order = try request.node.attributes.ints("perm") ?? Array((0..<rank).reversed())
    guard order.count == rank, Set(order) == Set(0..<rank) else { return nil }
    if let moved = channelsLast(input, output, order) { return moved }
    let plain = simplified(input.shape, order)
    if plain.order == Array(0..<plain.order.count) { return .views(byteOffsets: [0], layout: .planar) }
    if input.type.byteCount == 4, let (batch, rows, columns) = matrices(plain),
      max(batch, rows, columns) <= Int(Int32.max)
    {
      let kernel = MatrixTranspose(batch: Int32(batch), rows: Int32(rows), columns: Int32(columns))
      return .kernel(CompiledKernel(kernel, inputs: 1))
    }
    var strides = [Int](repeating: 1, count: plain.shape.count)
    for axis in strides.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * plain.shape[axis + 1] }
    // What stays last moves as one run of bytes.
    let keepsLast = plain.order.last == plain.shape.count - 1
    let run = keepsLast ? plain.shape.last ?? 1 : 1
    let axes = keepsLast ? plain.order.dropLast() : plain.order[...]
    let kernel = StridedCopy(
      shape: axes.map { plain.shape[$0] }, strides: axes.map { strides[$0] * input.type.byteCount },
      runBytes: run * input.type.byteCount, count: output.count / run)
    return .kernel(CompiledKernel(kernel, inputs: 1))
  }

  /// Channels to the last place from blocks, or from there into blocks: runs of channels move as they are.
  private static func channelsLast(_ input: Fact, _ output: Fact, _ order: [Int]) -> Compilation? {
    let rank = order.count
    guard rank >= 3, input.type == .float32 else { return nil }
    if input.layout == .blocked, input.fitsKernels, order == [0] + Array(2..<rank) + [1] {
      let kernel = ChannelMove(
        toBlocked: false, batch: Int32(input.shape[0]), channels: Int32(input.shape[1]), area: Int32(input.area),
        blockedBatch: input.batchStride)
      var compiled = CompiledKernel(kernel, inputs: 1)
      compiled.inputLayouts = [.blocked]
      return .kernel(compiled)
    }
    // Only pictures go on to what wants blocks; three axes are mostly matrices.
    if input.layout == .planar, rank == 4, output.canBeBlocked, output.fitsKernels,
      order == [0, rank - 1] + Array(1..<(rank - 1))
    {
      let kernel = ChannelMove(
        toBlocked: true, batch: Int32(output.shape[0]), channels: Int32(output.shape[1]), area: Int32(output.area),
        blockedBatch: output.laid(.blocked).batchStride)
      var compiled = CompiledKernel(kernel, inputs: 1)
      compiled.outputLayouts = [.blocked]
      return .kernel(compiled)
    }
    return nil
  }

  private struct ChannelMove: Kernel {
    let toBlocked: Bool
    let batch, channels, area: Int32
    let blockedBatch: Int

    func run(_ call: KernelCall) {
      if toBlocked {
        ock_blocked_from_channels_last(
          call.input(0), call.output(0), blockedBatch, batch, channels, area, call.threads)
      } else {
        ock_channels_last_from_blocked(
          call.input(0), blockedBatch, call.output(0), batch, channels, area, call.threads)
      }
    }
  }

  /// The same movement with axes of extent 1 dropped and axes that stay neighbours joined.
  private static func simplified(_ shape: [Int], _ order: [Int]) -> (shape: [Int], order: [Int]) {
    let kept = order.filter { shape[$0] != 1 }
    var groups: [[Int]] = []
    for axis in kept {
      // Axes of extent 1 in between do not part neighbours.
      if let last = groups.last?.last, last < axis, shape[(last + 1)..<axis].allSatisfy({ $0 == 1 }) {
        groups[groups.count - 1].append(axis)
      } else {
        groups.append([axis])
      }
    }
    let sorted = groups.sorted { $0[0] < $1[0] }
    let extents = sorted.map { $0.reduce(1) { $0 * shape[$1] } }
    let places = groups.compactMap { group in sorted.firstIndex { $0[0] == group[0] } }
    return (extents, places)
  }

  /// Batch, rows and columns if the movement is the transpose of each of a row of matrices.
  private static func matrices(_ plain: (shape: [Int], order: [Int])) -> (Int, Int, Int)? {
    switch plain.order {
    case [1, 0]: (1, plain.shape[0], plain.shape[1])
    case [0, 2, 1]: (plain.shape[0], plain.shape[1], plain.shape[2])
    default: nil
    }
  }

  private struct MatrixTranspose: Kernel {
    let batch, rows, columns: Int32

    func run(_ call: KernelCall) {
      ock_transpose(call.input(0), call.output(0), batch, rows, columns, call.threads)
    }
  }

  /// Copies runs of bytes, the source walked by `strides`.
  private struct StridedCopy: Kernel {
    let shape: [Int]
    let strides: [Int]
    let runBytes: Int
    let count: Int

    func run(_ call: KernelCall) {
      shape.withUnsafeBufferPointer { shape in
        strides.withUnsafeBufferPointer { strides in
          ock_strided_copy(
            call.input(0, as: UInt8.self), call.output(0, as: UInt8.self), shape.baseAddress, strides.baseAddress,
            Int32(shape.count), runBytes, call.threads)
        }
      }
    }
  }
}
