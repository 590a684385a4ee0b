import Glibc

/// Concat: the plan lets its inputs be written straight into their part of the output where it can.
enum ConcatKernels {
  @Sendable static func compile(_ request: CompileRequest) throws -> Compilation? {
    let facts = request.inputs.compactMap { $0 }
    guard let output = request.outputs.first, output.type != .string, facts.count == request.inputs.count,
      let given = try request.node.attributes.int("axis") ?? (request.node.attributes.opset < 4 ? 1 : nil)
    else { return nil }
    let axis = given < 0 ? given + output.shape.count : given
    guard output.shape.indices.contains(axis) else { return nil }
    let wantsBlocks =
      axis == 1 && output.canBeBlocked && Fact.areAligned(facts) && facts.contains { $0.layout == .blocked }
    let layout: Layout = wantsBlocks ? .blocked : .planar
    let outer = output.shape[..<axis].reduce(1, *)
    let rowBytes = facts.map { outer == 0 ? 0 : $0.laid(layout).byteCount / outer }
    var compiled = CompiledKernel(Concat(outer: outer, rowBytes: rowBytes), inputs: facts.count, layout: layout)
    if outer == 1 {
      var offset = 0
      for (index, bytes) in rowBytes.enumerated() {
        compiled.placements.append((input: index, byteOffset: offset))
        offset += bytes
      }
    }
    return .kernel(compiled)
  }

  /// Copies rows of every input side by side, except inputs that lie there already.
  private struct Concat: Kernel {
    let outer: Int
    let rowBytes: [Int]

    func run(_ call: KernelCall) {
      let total = rowBytes.reduce(0, +)
      var offset = 0
      for (index, bytes) in rowBytes.enumerated() {
        let source = call.input(index, as: UInt8.self)
        let target = call.output(0, as: UInt8.self) + offset
        offset += bytes
        if UnsafeRawPointer(source) == UnsafeRawPointer(target) || bytes == 0 { continue }
        for row in 0..<outer { memcpy(target + row * total, source + row * bytes, bytes) }
      }
    }
  }
}
