import Ground
import Kernels

/// Operators that move elements without computing: Slice, Expand, Gather at a fixed place, DepthToSpace. All are one
/// strided copy, or none where the elements lie together already.
enum MovementKernels {
  @Sendable static func slice(_ request: CompileRequest) throws -> Compilation? {
    guard let input = request.inputs[0], let output = request.outputs.first, input.type != .string, output.count > 0
    else { return nil }
    func integers(_ index: Int, _ name: String) throws -> [Int]? {
      if let ints = try request.node.attributes.ints(name) { return ints }
      guard index < request.constants.count, let tensor = request.constants[index] else { return nil }
      return tensor.type == .int64
        ? tensor.array(of: Int64.self).map(Int.init)
        : tensor.type == .int32
          ? tensor.array(of: Int32.self).map(Int.init) : nil
    }
    guard let starts = try integers(1, "starts") else { return nil }
    let axes = try integers(3, "axes") ?? Array(starts.indices)
    let strides = try integers(4, "steps") ?? [Int](repeating: 1, count: starts.count)
    guard axes.count == starts.count, strides.count == starts.count else { return nil }
    var steps = rowMajorSteps(input.shape)
    var start = 0
    for (index, given) in axes.enumerated() {
      let axis = given < 0 ? given + input.shape.count : given
      guard input.shape.indices.contains(axis) else { return nil }
      let extent = input.shape[axis]
      let first = starts[index] < 0 ? starts[index].addingReportingOverflow(extent).partialValue : starts[index]
      let place = min(max(first, 0), strides[index] < 0 ? extent - 1 : extent)
      start += place * steps[axis]
      if output.shape[axis] > 1 { steps[axis] *= strides[index] }
    }
    let copied = zip(output.shape, steps).map { CopyAxis(extent: $0, step: $1) }
    let whole = CopyAxis.merged(copied)
    if whole.count == 1, whole[0].step == 1 {
      return .views(byteOffsets: [start * input.type.byteCount], layout: .planar)
    }
    var reads = [Bool](repeating: false, count: request.inputs.count)
    reads[0] = true
    return copy(copied, start: start, input.type, inputs: request.inputs.count, reads: reads)
  }

  @Sendable static func expand(_ request: CompileRequest) -> Compilation? {
    guard let input = request.inputs[0], let output = request.outputs.first, input.type != .string, output.count > 0,
      output.shape.count >= input.shape.count
    else { return nil }
    let lead = output.shape.count - input.shape.count
    let steps = rowMajorSteps(input.shape)
    let axes = output.shape.enumerated().map { axis, extent in
      let repeats = axis < lead || input.shape[axis - lead] == 1
      return CopyAxis(extent: extent, step: repeats ? 0 : steps[axis - lead])
    }
    return copy(axes, start: 0, input.type, inputs: 2, reads: [true, false])
  }

  /// Gather of one constant place, as exporters take apart stacked queries, keys and values.
  @Sendable static func gather(_ request: CompileRequest) throws -> Compilation? {
    guard let input = request.inputs[0], input.type != .string, let indices = request.constants[1], indices.count == 1,
      indices.type == .int64, let output = request.outputs.first, output.count > 0
    else { return nil }
    let given = try request.node.attributes.int("axis", default: 0)
    let axis = given < 0 ? given + input.shape.count : given
    guard input.shape.indices.contains(axis) else { return nil }
    let index = indices.array(of: Int64.self)[0]
    let place = index < 0 ? Int(index) + input.shape[axis] : Int(index)
    guard (0..<input.shape[axis]).contains(place) else { return nil }
    let steps = rowMajorSteps(input.shape)
    let start = place * steps[axis]
    if input.shape[..<axis].allSatisfy({ $0 == 1 }) {
      return .views(byteOffsets: [start * input.type.byteCount], layout: .planar)
    }
    var axes = zip(input.shape, steps).map { CopyAxis(extent: $0, step: $1) }
    axes.remove(at: axis)
    return copy(axes, start: start, input.type, inputs: 2, reads: [true, false])
  }

  @Sendable static func depthToSpace(_ request: CompileRequest) throws -> Compilation? {
    guard let input = request.inputs[0], input.type != .string, input.shape.count == 4, input.count > 0,
      let block = try request.node.attributes.int("blocksize"), block > 0, input.shape[1] % (block * block) == 0
    else { return nil }
    let depth = input.shape[1] / (block * block)
    let isColumnRow = try request.node.attributes.string("mode", default: "DCR") == "CRD"
    let steps = rowMajorSteps(input.shape)
    let (outer, inner) = isColumnRow ? (block * block, 1) : (1, depth)
    let axes = [
      CopyAxis(extent: input.shape[0], step: steps[0]), CopyAxis(extent: depth, step: steps[1] * outer),
      CopyAxis(extent: input.shape[2], step: steps[2]), CopyAxis(extent: block, step: steps[1] * inner * block),
      CopyAxis(extent: input.shape[3], step: 1), CopyAxis(extent: block, step: steps[1] * inner),
    ]
    return copy(axes, start: 0, input.type, inputs: 1)
  }

  /// Parts of an axis that others stand before: a copy each.
  static func split(_ request: CompileRequest, _ input: Fact, axis: Int) -> Compilation? {
    let outer = input.shape[..<axis].reduce(1, *)
    guard outer > 0, request.outputs.reduce(0, { $0 + $1.shape[axis] }) == input.shape[axis] else { return nil }
    let rowBytes = request.outputs.map { $0.count / outer * input.type.byteCount }
    var compiled = CompiledKernel(
      Parts(outer: outer, rowBytes: rowBytes), inputs: request.inputs.count, outputs: rowBytes.count)
    for index in compiled.reads.indices.dropFirst() { compiled.reads[index] = false }
    return .kernel(compiled)
  }

  private struct Parts: Kernel {
    let outer: Int
    let rowBytes: [Int]

    func run(_ call: KernelCall) {
      let total = rowBytes.reduce(0, +)
      var offset = 0
      for (index, bytes) in rowBytes.enumerated() {
        let shape = (outer, 1), strides = (total, 0)
        // Safe: a pair of integers is two of them side by side.
        withUnsafeBytes(of: shape) { shape in
          withUnsafeBytes(of: strides) { strides in
            ock_strided_copy(
              call.input(0, as: UInt8.self) + offset, call.output(index),
              shape.assumingMemoryBound(to: Int.self).baseAddress,
              strides.assumingMemoryBound(to: Int.self).baseAddress, 1, bytes, call.threads)
          }
        }
        offset += bytes
      }
    }
  }

  static func rowMajorSteps(_ shape: [Int]) -> [Int] {
    var steps = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * shape[axis + 1] }
    return steps
  }

  private static func copy(
    _ axes: [CopyAxis], start: Int, _ type: ElementType, inputs: Int, reads: [Bool]? = nil
  ) -> Compilation {
    var compiled = CompiledKernel(
      StridedCopy(CopyAxis.merged(axes), start: start, unit: type.byteCount), inputs: inputs)
    if let reads { compiled.reads = reads }
    return .kernel(compiled)
  }
}

/// One loop of a strided copy: how many elements, and how far apart they lie in the source.
struct CopyAxis: Equatable {
  var extent: Int
  var step: Int

  /// The same copy with as few loops as possible, outermost first; never empty.
  static func merged(_ axes: [CopyAxis]) -> [CopyAxis] {
    var merged: [CopyAxis] = []
    for axis in axes where axis.extent != 1 {
      if let last = merged.last, last.step == axis.step * axis.extent {
        merged[merged.count - 1] = CopyAxis(extent: last.extent * axis.extent, step: axis.step)
      } else {
        merged.append(axis)
      }
    }
    return merged.isEmpty ? [CopyAxis(extent: 1, step: 1)] : merged
  }
}

/// Fills a dense output from a source with any steps.
struct StridedCopy: Kernel {
  private let start: Int
  private let shape, strides: [Int]
  /// Bytes that move as one.
  private let run: Int

  init(_ axes: [CopyAxis], start: Int, unit: Int) {
    self.start = start * unit
    var axes = axes
    var run = unit
    if let last = axes.last, last.step == 1 {
      run *= last.extent
      axes.removeLast()
    }
    self.run = run
    shape = axes.map(\.extent)
    strides = axes.map { $0.step * unit }
  }

  func run(_ call: KernelCall) {
    ock_strided_copy(
      call.input(0, as: UInt8.self) + start, call.output(0), shape, strides, Int32(shape.count), run, call.threads)
  }
}
