import Ground

/// Where every arena value of a plan lies in one block of memory, so that values whose lives do not overlap share bytes.
///
/// Values are first joined into buffers: an output with the input that it may overwrite, the parts of a concatenation
/// with the whole. Buffers are then placed greedily, the largest first, at the lowest offset that is free during their
/// life. All offsets are multiples of 64 bytes.
struct MemoryPlan {
  /// The arena's size in bytes.
  private(set) var byteCount = 0
  /// By plan value; nil for values that are not in the arena.
  private(set) var offsets: [Int?]
  /// Scratch of each step.
  private(set) var scratchOffsets: [Int?]

  static let alignment = 64

  /// Bytes that live from the first writing step to the last reading one, both included.
  private struct Buffer {
    var size: Int
    var first: Int
    var last: Int
    /// The last step that writes into it.
    var lastWrite: Int
    /// The buffer that this one is a part of.
    var parent: (buffer: Int, offset: Int)?
    var offset = 0
  }

  private var buffers: [Buffer] = []
  /// The buffer of each arena value.
  private var bufferOf: [Int?]
  private let values: [PlanValue]

  init(values: [PlanValue], steps: [PlanStep], outputs: [PlanValueID]) throws {
    self.values = values
    offsets = [Int?](repeating: nil, count: values.count)
    scratchOffsets = [Int?](repeating: nil, count: steps.count)
    bufferOf = [Int?](repeating: nil, count: values.count)
    findLives(steps, outputs)
    for (index, step) in steps.enumerated() { joinInPlace(step, at: index) }
    for (index, step) in steps.enumerated() { joinPlacements(step, at: index) }
    let scratch = addScratch(steps)
    try place()
    for id in values.indices { offsets[id] = bufferOf[id].map(absoluteOffset) }
    for (step, buffer) in scratch { scratchOffsets[step] = buffers[buffer].offset }
  }

  /// The value whose bytes `id` is a view of, and the offset in it.
  static func root(_ id: PlanValueID, _ values: [PlanValue]) -> (id: PlanValueID, byteOffset: Int) {
    var (id, offset) = (id, 0)
    while case .view(let of, let by) = values[id].origin { (id, offset) = (of, offset + by) }
    return (id, offset)
  }

  private func isArena(_ id: PlanValueID) -> Bool {
    if case .arena = values[id].origin { return true }
    return false
  }

  private mutating func findLives(_ steps: [PlanStep], _ outputs: [PlanValueID]) {
    for (index, step) in steps.enumerated() {
      for case let id? in step.outputs where isArena(id) {
        bufferOf[id] = buffers.count
        buffers.append(Buffer(size: values[id].fact?.byteCount ?? 0, first: index, last: index, lastWrite: index))
      }
      for id in step.reads { extend(id, to: index) }
    }
    for id in outputs { extend(id, to: steps.count) }
  }

  private mutating func extend(_ id: PlanValueID, to step: Int) {
    guard let buffer = bufferOf[MemoryPlan.root(id, values).id] else { return }
    buffers[buffer].last = max(buffers[buffer].last, step)
  }

  /// Lets a step write its output over an input that nothing reads any more.
  private mutating func joinInPlace(_ step: PlanStep, at index: Int) {
    guard case .kernel(let compiled) = step.work else { return }
    for (input, output) in compiled.inPlace {
      guard let source = step.inputs[input], let target = step.outputs[output], isArena(source),
        let old = bufferOf[source], let new = bufferOf[target], old != new, buffers[new].first == index,
        buffers[old].last == index, buffers[old].size == buffers[new].size
      else { continue }
      // Another input that shares the buffer would be overwritten while it is read; the same value twice is harmless only
      // where both are read element by element.
      let isShared = step.inputs.enumerated().contains { other, id in
        guard other != input, let id else { return false }
        if id == source { return !compiled.inPlace.contains { $0.input == other } }
        return bufferOf[MemoryPlan.root(id, values).id] == old
      }
      if isShared { continue }
      buffers[old].last = buffers[new].last
      buffers[old].lastWrite = index
      buffers[new].size = 0
      bufferOf[target] = old
      return
    }
  }

  /// Lets the inputs of a concatenation be written where they are wanted.
  private mutating func joinPlacements(_ step: PlanStep, at index: Int) {
    guard case .kernel(let compiled) = step.work, let output = step.outputs.first ?? nil, isArena(output),
      let whole = bufferOf[output], buffers[whole].size == values[output].fact?.byteCount
    else { return }
    for (input, byteOffset) in compiled.placements {
      guard let source = step.inputs[input], isArena(source), let part = bufferOf[source], part != whole,
        buffers[part].parent == nil, byteOffset % MemoryPlan.alignment == 0,
        buffers[part].size == values[source].fact?.byteCount, !isInside(whole, part),
        // Nothing may write the part after the concatenation, nor the whole while the part is still read.
        buffers[part].lastWrite <= index, buffers[part].last <= index || buffers[whole].lastWrite <= index
      else { continue }
      buffers[part].parent = (whole, byteOffset)
      var ancestor = whole
      while true {
        buffers[ancestor].first = min(buffers[ancestor].first, buffers[part].first)
        buffers[ancestor].last = max(buffers[ancestor].last, buffers[part].last)
        guard let next = buffers[ancestor].parent else { break }
        ancestor = next.buffer
      }
    }
  }

  /// Whether `buffer` is a part, at any depth, of `other`.
  private func isInside(_ buffer: Int, _ other: Int) -> Bool {
    var current = buffer
    while let parent = buffers[current].parent {
      if parent.buffer == other { return true }
      current = parent.buffer
    }
    return false
  }

  private mutating func addScratch(_ steps: [PlanStep]) -> [(step: Int, buffer: Int)] {
    var scratch: [(step: Int, buffer: Int)] = []
    for (index, step) in steps.enumerated() {
      guard case .kernel(let compiled) = step.work, compiled.scratchBytes > 0 else { continue }
      scratch.append((index, buffers.count))
      buffers.append(Buffer(size: compiled.scratchBytes, first: index, last: index, lastWrite: index))
    }
    return scratch
  }

  private mutating func place() throws {
    let order = buffers.indices.filter { buffers[$0].parent == nil && buffers[$0].size > 0 }
      .sorted { (buffers[$0].size, $1) > (buffers[$1].size, $0) }
    var placed: [Int] = []  // by offset
    for index in order {
      let size = (buffers[index].size + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
      var offset = 0
      for other in placed
      where buffers[other].first <= buffers[index].last && buffers[index].first <= buffers[other].last {
        if buffers[other].offset >= offset + size { break }
        let end = buffers[other].offset + buffers[other].size
        offset = max(offset, (end + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment)
      }
      guard offset <= Tensor.byteLimit * 4 else {
        throw InferenceError(.badShape, "a run would need more than \(offset >> 30) GiB")
      }
      buffers[index].offset = offset
      let at = placed.firstIndex { buffers[$0].offset > offset } ?? placed.endIndex
      placed.insert(index, at: at)
      byteCount = max(byteCount, offset + size)
    }
  }

  private func absoluteOffset(_ buffer: Int) -> Int {
    var (current, offset) = (buffer, 0)
    while let parent = buffers[current].parent { (current, offset) = (parent.buffer, offset + parent.offset) }
    return buffers[current].offset + offset
  }
}
