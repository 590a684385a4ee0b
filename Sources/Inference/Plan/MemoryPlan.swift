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

  /// With more buffers than this they are placed by size classes instead: looking for the lowest free offset compares
  /// every buffer with every other.
  static let mostCompared = 8192

  /// Steps with more inputs than this write elsewhere: whether an input shares its buffer is asked of every other.
  private static let mostInputs = 64

  private var buffers: [Buffer] = []
  /// The buffer of each arena value.
  private var bufferOf: [Int?]
  private let values: [PlanValue]
  /// By value: the one whose bytes it is a view of, and the offset in it.
  let roots: [Root]

  typealias Root = (id: PlanValueID, byteOffset: Int)

  init(values: [PlanValue], steps: [PlanStep], outputs: [PlanValueID]) throws {
    self.values = values
    roots = MemoryPlan.roots(values)
    offsets = [Int?](repeating: nil, count: values.count)
    scratchOffsets = [Int?](repeating: nil, count: steps.count)
    bufferOf = [Int?](repeating: nil, count: values.count)
    findLives(steps, outputs)
    for (index, step) in steps.enumerated() { joinInPlace(step, at: index) }
    for (index, step) in steps.enumerated() { joinPlacements(step, at: index) }
    let scratch = addScratch(steps)
    if buffers.count <= MemoryPlan.mostCompared { try place() } else { try placeByClass() }
    settleParts()
    for id in values.indices { offsets[id] = bufferOf[id].map { buffers[$0].offset } }
    for (step, buffer) in scratch { scratchOffsets[step] = buffers[buffer].offset }
  }

  /// A view is of a value before it, so that one look at each is enough.
  private static func roots(_ values: [PlanValue]) -> [Root] {
    var roots: [Root] = []
    roots.reserveCapacity(values.count)
    for (id, value) in values.enumerated() {
      if case .view(let whole, let byteOffset) = value.origin {
        roots.append((roots[whole].id, roots[whole].byteOffset + byteOffset))
      } else {
        roots.append((id, 0))
      }
    }
    return roots
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
    guard let buffer = bufferOf[roots[id].id] else { return }
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
      let isShared =
        step.inputs.count > MemoryPlan.mostInputs
        || step.inputs.enumerated().contains { other, id in
          guard other != input, let id else { return false }
          if id == source { return !compiled.inPlace.contains { $0.input == other } }
          return bufferOf[roots[id].id] == old
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
      let at = insertionPoint(of: offset, placed)
      placed.insert(index, at: at)
      byteCount = max(byteCount, offset + size)
    }
  }

  /// Where a buffer at `offset` goes among those that are placed, by offset.
  private func insertionPoint(of offset: Int, _ placed: [Int]) -> Int {
    var (low, high) = (0, placed.count)
    while low < high {
      let middle = (low + high) / 2
      if buffers[placed[middle]].offset > offset { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Four sizes an octave, the offsets that are free kept for each: at most a quarter of the memory is wasted inside the
  /// buffers, and no buffer is compared with another.
  private mutating func placeByClass() throws {
    let order = buffers.indices.filter { buffers[$0].parent == nil && buffers[$0].size > 0 }
      .sorted { (buffers[$0].first, $0) < (buffers[$1].first, $1) }
    let leaving = order.sorted { buffers[$0].last < buffers[$1].last }
    var free: [Int: [Int]] = [:]
    var next = leaving.startIndex
    for index in order {
      while next < leaving.count, buffers[leaving[next]].last < buffers[index].first {
        free[MemoryPlan.classSize(buffers[leaving[next]].size), default: []].append(buffers[leaving[next]].offset)
        next += 1
      }
      let size = MemoryPlan.classSize(buffers[index].size)
      if let offset = free[size]?.popLast() {
        buffers[index].offset = offset
      } else {
        buffers[index].offset = byteCount
        byteCount += size
      }
      guard byteCount <= Tensor.byteLimit * 4 else {
        throw InferenceError(.badShape, "a run would need more than \(byteCount >> 30) GiB")
      }
    }
  }

  private static func classSize(_ size: Int) -> Int {
    let step = max(alignment, (1 << (Int.bitWidth - 1 - max(1, size - 1).leadingZeroBitCount)) / 4)
    return (size + step - 1) / step * step
  }

  /// Gives parts their offsets from the wholes that they lie in, each whole before its parts.
  private mutating func settleParts() {
    for index in buffers.indices {
      var chain: [Int] = []
      var current = index
      while let parent = buffers[current].parent {
        chain.append(current)
        current = parent.buffer
      }
      for part in chain.reversed() {
        guard let parent = buffers[part].parent else { continue }
        buffers[part].offset = buffers[parent.buffer].offset + parent.offset
        buffers[part].parent = nil
      }
    }
  }
}
