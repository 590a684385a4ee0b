import Ground
import Glibc

/// Pad with constant pads: runs of the input between runs of the filler, or what the mode puts there.
enum PaddingKernels {
  @Sendable static func compile(_ request: CompileRequest) throws -> Compilation? {
    guard let input = request.inputs[0], input.type != .string, let output = request.outputs.first, input.count > 0,
      output.count > 0, output.shape.count == input.shape.count, !input.shape.isEmpty,
      let fronts = try fronts(request, input, output), let filler = try filler(request, input.type)
    else { return nil }
    let mode = try PaddingOperators.Mode(request.node.attributes)
    // What lies behind the last axis that changes moves as one.
    let last =
      input.shape.indices.last { fronts[$0] != 0 || input.shape[$0] != output.shape[$0] } ?? input.shape.count - 1
    // The places of rows and columns are kept.
    guard output.shape[...last].reduce(1, *) <= 1 << 22 else { return nil }
    let steps = MovementKernels.rowMajorSteps(input.shape)
    var rows: [Int] = [0]
    for axis in 0..<last {
      let places = (0..<output.shape[axis]).map { mode.source($0 - fronts[axis], input.shape[axis]) }
      rows = rows.flatMap { row in
        places.map { place in place.flatMap { row < 0 ? nil : row + $0 * steps[axis] } ?? -1 }
      }
    }
    let columns = (0..<output.shape[last]).map { mode.source($0 - fronts[last], input.shape[last]) ?? -1 }
    let unit = input.type.byteCount
    let kernel = Padding(
      rows: rows.map { $0 < 0 ? -1 : $0 * unit }, runs: runs(columns), unit: steps[last] * unit,
      rowBytes: columns.count * steps[last] * unit, filler: filler)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count)
    for index in compiled.reads.indices.dropFirst() { compiled.reads[index] = false }
    return .kernel(compiled)
  }

  /// The elements added in front of each axis; nil where only a run tells, or where the pads do not fit the output.
  private static func fronts(_ request: CompileRequest, _ input: Fact, _ output: Fact) throws -> [Int]? {
    func integers(_ index: Int) throws -> [Int]? {
      guard index < request.constants.count, let tensor = request.constants[index] else { return nil }
      return try tensor.integers()
    }
    let attributes = request.node.attributes
    let rank = input.shape.count
    guard let pads = try attributes.ints("pads") ?? attributes.ints("paddings") ?? integers(1) else { return nil }
    if request.inputs.count > 3, request.inputs[3] != nil, request.constants[3] == nil { return nil }
    let axes = try normalizedAxes(try integers(3) ?? Array(0..<rank), rank: rank)
    guard pads.count == 2 * axes.count else { return nil }
    var fronts = [Int](repeating: 0, count: rank)
    for (index, axis) in axes.enumerated() { fronts[axis] = pads[index] }
    return fronts
  }

  /// The bytes of one element of the filler.
  private static func filler(_ request: CompileRequest, _ type: ElementType) throws -> [UInt8]? {
    var value = try Tensor(scalar: request.node.attributes.float("value", default: 0)).converted(to: type)
    if request.inputs.count > 2, request.inputs[2] != nil {
      guard let given = request.constants[2], given.type == type, given.count == 1 else { return nil }
      value = given
    }
    return withExtendedLifetime(value) {
      (0..<type.byteCount).map { value.base.load(fromByteOffset: $0, as: UInt8.self) }
    }
  }

  /// Neighbouring places that come from neighbouring places, or all from the filler.
  private static func runs(_ columns: [Int]) -> [Padding.Run] {
    var runs: [Padding.Run] = []
    for place in columns {
      if let last = runs.last, place < 0 ? last.source < 0 : last.source >= 0 && place == last.source + last.count {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(Padding.Run(source: place, count: 1))
      }
    }
    return runs
  }

  private struct Padding: Kernel {
    struct Run {
      /// -1 for the filler.
      var source: Int
      var count: Int
    }

    /// Byte offsets of the input's rows; -1 for a row of filler.
    let rows: [Int]
    let runs: [Run]
    /// Bytes of what moves as one.
    let unit: Int
    let rowBytes: Int
    let filler: [UInt8]

    func run(_ call: KernelCall) {
      let source = call.input(0, as: UInt8.self)
      var target = call.output(0, as: UInt8.self)
      for row in rows {
        if row < 0 {
          fill(target, rowBytes)
          target += rowBytes
          continue
        }
        for run in runs {
          let bytes = run.count * unit
          if run.source < 0 { fill(target, bytes) } else { memcpy(target, source + row + run.source * unit, bytes) }
          target += bytes
        }
      }
    }

    private func fill(_ target: UnsafeMutablePointer<UInt8>, _ bytes: Int) {
      if filler.allSatisfy({ $0 == filler[0] }) {
        memset(target, Int32(filler[0]), bytes)
      } else {
        for at in stride(from: 0, to: bytes, by: filler.count) { memcpy(target + at, filler, filler.count) }
      }
    }
  }
}
