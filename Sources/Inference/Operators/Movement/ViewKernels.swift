/// Operators that only rename memory: no kernel runs for them.
enum ViewKernels {
  @Sendable static func whole(_ request: CompileRequest) -> Compilation? {
    guard let input = request.inputs.first ?? nil, input.type != .string, request.outputs.count == 1,
      request.outputs[0].type == input.type, request.outputs[0].count == input.count
    else { return nil }
    // Identity keeps any layout, and blocks stay where only spatial axes are joined or parted; otherwise elements are
    // counted in row-major order.
    let output = request.outputs[0]
    let keepsChannels = input.shape.count >= 3 && output.canBeBlocked && output.shape[..<2] == input.shape[..<2]
    let layout = output.shape == input.shape || keepsChannels ? input.layout : .planar
    return .views(byteOffsets: [0], layout: layout)
  }

  /// Parts of an axis are contiguous when every axis before it has extent 1.
  @Sendable static func split(_ request: CompileRequest) throws -> Compilation? {
    guard let input = request.inputs.first ?? nil, input.type != .string else { return nil }
    let axis = try request.node.attributes.int("axis", default: 0)
    let normalized = axis < 0 ? axis + input.shape.count : axis
    guard input.shape.indices.contains(normalized), request.outputs.allSatisfy({ $0.shape.count == input.shape.count })
    else { return nil }
    guard input.shape[..<normalized].allSatisfy({ $0 == 1 }) else {
      return MovementKernels.split(request, input, axis: normalized)
    }
    let keepsBlocks = input.layout == .blocked && normalized == 1 && Fact.areAligned(request.outputs)
    let layout: Layout = keepsBlocks ? .blocked : .planar
    var offset = 0
    let offsets = request.outputs.map { output in
      defer { offset += output.laid(layout).byteCount }
      return offset
    }
    return .views(byteOffsets: offsets, layout: layout)
  }
}
