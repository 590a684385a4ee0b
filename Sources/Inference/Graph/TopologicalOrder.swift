import Ground

extension Graph {
  /// Sorts the nodes so that producers come before consumers, keeping the file's order where it already serves.
  ///
  /// - Throws: ``InferenceError`` when the graph has a cycle or a value without a producer.
  package mutating func sortTopologically() throws {
    var producer = [Int?](repeating: nil, count: valueNames.count)
    for (index, node) in nodes.enumerated() {
      for case let output? in node.outputs { producer[output] = index }
    }
    var available = [Bool](repeating: false, count: valueNames.count)
    for id in inputs { available[id] = true }
    for id in constants.keys { available[id] = true }
    for capture in captures { available[capture.inner] = true }

    var missing = [Int](repeating: 0, count: nodes.count)
    var consumers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for id in node.dependencies where !available[id] {
        guard let source = producer[id] else {
          throw InferenceError(.malformedModel, "nothing produces '\(valueNames[id])'", place: node.label)
        }
        consumers[source].append(index)
        missing[index] += 1
      }
    }
    for id in outputs where !available[id] && producer[id] == nil {
      throw InferenceError(.malformedModel, "nothing produces the output '\(valueNames[id])'")
    }
    nodes = try Graph.order(missing: &missing, consumers: consumers).map { nodes[$0] }
  }

  /// Kahn's algorithm with a heap of ready nodes, so that the lowest index always goes first.
  private static func order(missing: inout [Int], consumers: [[Int]]) throws -> [Int] {
    var ready = MinHeap(missing.indices.filter { missing[$0] == 0 })
    var order: [Int] = []
    order.reserveCapacity(missing.count)
    while let next = ready.pop() {
      order.append(next)
      for consumer in consumers[next] {
        missing[consumer] -= 1
        if missing[consumer] == 0 { ready.push(consumer) }
      }
    }
    guard order.count == missing.count else { throw InferenceError(.malformedModel, "the graph has a cycle") }
    return order
  }
}

/// A binary heap of integers, smallest first.
private struct MinHeap {
  private var items: [Int] = []

  /// - Parameter sorted: ascending, which is a heap already.
  init(_ sorted: [Int]) { items = sorted }

  mutating func push(_ item: Int) {
    items.append(item)
    var child = items.count - 1
    while child > 0, items[(child - 1) / 2] > items[child] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Int? {
    guard let first = items.first, let last = items.popLast() else { return nil }
    guard !items.isEmpty else { return first }
    items[0] = last
    var parent = 0
    while true {
      let left = 2 * parent + 1
      let right = left + 1
      var least = parent
      if left < items.count, items[left] < items[least] { least = left }
      if right < items.count, items[right] < items[least] { least = right }
      if least == parent { return first }
      items.swapAt(parent, least)
      parent = least
    }
  }
}
