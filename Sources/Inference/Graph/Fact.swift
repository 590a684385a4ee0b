/// How the elements of a tensor lie in memory.
package enum Layout: Sendable, Hashable {
  /// Row-major, as ONNX has it: NCHW for pictures. Every operator understands it.
  case planar
  /// NCHWc: [batch][channel blocks][spatial…][c]. What convolutions like. c is the instruction set's vector length for
  /// floats; for bytes 16, or 4 for up to 4 channels.
  case blocked
}

/// What is known of a value before a run: its type, its extents, how it lies in memory.
package struct Fact: Sendable, Hashable {
  package var type: ElementType
  package var shape: [Int]
  package var layout: Layout

  package init(_ type: ElementType, _ shape: [Int], _ layout: Layout = .planar) {
    self.type = type
    self.shape = shape
    self.layout = layout
  }

  package var count: Int { shape.reduce(1, *) }
  /// The product of the extents behind batch and channels.
  package var area: Int { shape.dropFirst(2).reduce(1, *) }
  package func laid(_ layout: Layout) -> Fact { Fact(type, shape, layout) }

  /// Whether the blocked layout can hold it: float32 or uint8, (batch, channels, spatial…), not empty.
  package var canBeBlocked: Bool { (type == .float32 || type == .uint8) && shape.count >= 3 && count > 0 }

  package var byteCount: Int {
    guard layout == .blocked else { return count * type.byteCount }
    let block = channelBlock
    return shape[0] * ((shape[1] + block - 1) / block) * area * block * type.byteCount
  }
}
