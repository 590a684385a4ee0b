/// DepthToSpace, SpaceToDepth, ReverseSequence, Col2Im: elements in another order.
enum RearrangementOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("DepthToSpace") { attributes in
      let block = try attributes.int("blocksize", default: 0)
      let mode = try attributes.string("mode", default: "DCR")
      return { x in
        let data = try x.tensor(0)
        let (n, c, h, w) = try imageShape(data)
        try require(block > 0 && block < 1 << 16 && c % (block * block) == 0, "\(c) channels in blocks of \(block)")
        let depth = c / (block * block)
        let (split, order) =
          mode == "CRD"
          ? ([n, depth, block, block, h, w], [0, 1, 4, 2, 5, 3])
          : ([n, block, block, depth, h, w], [0, 3, 4, 1, 5, 2])
        return try data.reshaped(split).transposed(order).reshaped([n, depth, h * block, w * block])
      }
    }
    .kernel(MovementKernels.depthToSpace).movesElements(),
    .tensor("SpaceToDepth") { attributes in
      let block = try attributes.int("blocksize", default: 0)
      // Depth first as TensorFlow has it, or (a newer mode) channels first as PyTorch's pixel_unshuffle.
      let order = try attributes.string("mode", default: "DCR") == "CRD" ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]
      return { x in
        let data = try x.tensor(0)
        let (n, c, h, w) = try imageShape(data)
        try require(block > 0 && block < 1 << 16 && h % block == 0 && w % block == 0, "\(h)x\(w) in blocks of \(block)")
        return try data.reshaped([n, c, h / block, block, w / block, block]).transposed(order)
          .reshaped([n, c * block * block, h / block, w / block])
      }
    }
    .movesElements(),
    .tensor("ReverseSequence") { attributes in
      let batchAxis = try attributes.int("batch_axis", default: 1)
      let timeAxis = try attributes.int("time_axis", default: 0)
      return { x in
        try reverseSequences(try x.tensor(0), try x.tensor(1).integers(), batchAxis: batchAxis, timeAxis: timeAxis)
      }
    },
    .tensor("Col2Im") { attributes in
      let dilations = try attributes.ints("dilations")
      let pads = try attributes.ints("pads")
      let strides = try attributes.ints("strides")
      return { x in
        let block = try x.tensor(2).integers()
        let ones = block.map { _ in 1 }
        let fold = ColumnFold(
          image: try x.tensor(1).integers(), block: block, dilations: dilations ?? ones, strides: strides ?? ones,
          pads: pads ?? ones.map { _ in 0 } + ones.map { _ in 0 })
        return try fold.apply(try x.tensor(0))
      }
    }
    .shapedBy(1, 2),
  ]

  private static func imageShape(_ x: Tensor) throws -> (Int, Int, Int, Int) {
    try require(x.rank == 4, "four axes are needed, the shape is \(x.shape)")
    return (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
  }

  private static func reverseSequences(
    _ x: Tensor, _ lengths: [Int], batchAxis: Int, timeAxis: Int
  ) throws -> Tensor {
    let batchAxis = try normalizedAxis(batchAxis, rank: x.rank)
    let timeAxis = try normalizedAxis(timeAxis, rank: x.rank)
    let (batch, time) = (x.shape[batchAxis], x.shape[timeAxis])
    try require(batchAxis != timeAxis && lengths.count == batch, "\(lengths.count) lengths for \(batch) sequences")
    try require(lengths.allSatisfy { $0 >= 0 && $0 <= time }, "lengths \(lengths) beyond \(time) steps")
    if x.count == 0 { return x }
    let order = [batchAxis, timeAxis] + (0..<x.rank).filter { $0 != batchAxis && $0 != timeAxis }
    let lined = try x.transposed(order)
    let flat = try lined.reshaped([batch * time] + Array(lined.shape[2...]))
    let places = (0..<batch).flatMap { row in
      (0..<time).map { row * time + ($0 < lengths[row] ? lengths[row] - 1 - $0 : $0) }
    }
    let reversed = try GatheringOperators.gather(flat, Tensor(int64s: places), axis: 0).reshaped(lined.shape)
    return try reversed.transposed(order.indices.map { axis in order.firstIndex(of: axis) ?? axis })
  }
}

/// Col2Im: adds overlapping blocks back into an image of any number of axes.
private struct ColumnFold {
  let image: [Int]
  let block: [Int]
  let dilations: [Int]
  let strides: [Int]
  let pads: [Int]

  func apply(_ x: Tensor) throws -> Tensor {
    let rank = image.count
    try require(
      x.rank == 3 && rank > 0 && block.count == rank && dilations.count == rank && strides.count == rank
        && pads.count == 2 * rank, "the shape of the data, the image and the block do not belong together")
    _ = try Tensor.checkedByteCount(.bool, image)
    _ = try Tensor.checkedByteCount(.bool, block)
    try require(
      (dilations + strides + pads).allSatisfy { $0 >= 0 && $0 < 1 << 30 } && strides.allSatisfy { $0 > 0 }
        && (image + block).allSatisfy { $0 > 0 && $0 < 1 << 30 }, "negative or huge strides, pads or dilations")
    let grid = try (0..<rank).map { axis in
      let room = image[axis] + pads[axis] + pads[axis + rank] - dilations[axis] * (block[axis] - 1) - 1
      try require(room >= 0, "a block larger than the image")
      return room / strides[axis] + 1
    }
    let (blockCount, gridCount) = (block.reduce(1, *), try Tensor.checkedCount(grid))
    try require(
      x.shape[1] % blockCount == 0 && x.shape[2] == gridCount, "columns of shape \(x.shape) for a grid of \(grid)")
    let channels = x.shape[1] / blockCount
    if x.count == 0 { return try Tensor(zeros: x.type, [x.shape[0], channels] + image) }
    return try x.type.computeFloat(
      Visitor(fold: self, x: x, channels: channels, grid: grid, blockCount: blockCount, gridCount: gridCount))
  }

  private struct Visitor: FloatVisitor {
    let fold: ColumnFold
    let x: Tensor
    let channels: Int
    let grid: [Int]
    let blockCount: Int
    let gridCount: Int

    func visit<Element: ComputeElement & BinaryFloatingPoint>(_: Element.Type) throws -> Tensor {
      let wide = try x.converted(to: Element.type)
      let result = try Tensor(zeros: Element.type, [x.shape[0], channels] + fold.image)
      let (source, target) = (wide.pointer(to: Element.self), result.mutablePointer(to: Element.self))
      let imageCount = fold.image.reduce(1, *)
      // Where each cell of a block lands for each place of the grid; -1 in the padding.
      let landings = (0..<blockCount * gridCount).map { landing(cell: $0 / gridCount, place: $0 % gridCount) }
      withExtendedLifetime(wide) {
        for plane in 0..<(x.shape[0] * channels) {
          let input = source + plane * landings.count
          for (index, place) in landings.enumerated() where place >= 0 {
            target[plane * imageCount + place] += input[index]
          }
        }
      }
      return try result.converted(to: x.type)
    }

    private func landing(cell: Int, place: Int) -> Int {
      var (cell, place, offset, scale) = (cell, place, 0, 1)
      for axis in grid.indices.reversed() {
        let at =
          place % grid[axis] * fold.strides[axis] + cell % fold.block[axis] * fold.dilations[axis] - fold.pads[axis]
        if at < 0 || at >= fold.image[axis] { return -1 }
        offset += at * scale
        scale *= fold.image[axis]
        cell /= fold.block[axis]
        place /= grid[axis]
      }
      return offset
    }
  }
}
