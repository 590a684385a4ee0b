import Ground

/// Sequences and optionals.
enum SequenceOperators {
  static let definitions: [OperatorDefinition] = [
    .values("SequenceConstruct") { _ in
      // Tensors only, as the specification says: sequences of sequences could double with every node.
      { x in [.sequence(try (0..<x.count).map { .tensor(try x.tensor($0)) })] }
    },
    .values("SequenceEmpty") { _ in { _ in [.sequence([])] } },
    .values("SequenceLength") { _ in
      { x in [.tensor(Tensor(scalar: Int64(try x.sequence(0).count)))] }
    },
    .values("SequenceAt") { _ in
      { x in
        let members = try x.sequence(0)
        return [members[try place(try x.tensor(1), members.count, inclusive: false)]]
      }
    },
    .values("SequenceInsert") { _ in
      { x in
        var members = try x.sequence(0)
        let at = try x.optionalTensor(2).map { try place($0, members.count, inclusive: true) } ?? members.count
        members.insert(.tensor(try x.tensor(1)), at: at)
        return [.sequence(members)]
      }
    },
    .values("SequenceErase") { _ in
      { x in
        var members = try x.sequence(0)
        let last = Tensor(scalar: Int64(-1))
        members.remove(at: try place(try x.optionalTensor(1) ?? last, members.count, inclusive: false))
        return [.sequence(members)]
      }
    },
    .values("ConcatFromSequence") { attributes in
      let axis = try attributes.int("axis", default: 0)
      let isNew = try attributes.flag("new_axis")
      return { x in
        let parts = try x.sequence(0).map { try $0.tensor("a member of the sequence") }
        return [
          .tensor(
            isNew
              ? try ControlFlowOperators.stack(parts, axis: axis) : try SlicingOperators.concatenate(parts, axis: axis))
        ]
      }
    },
    .values("SplitToSequence") { attributes in
      let axis = try attributes.int("axis", default: 0)
      let keeps = try attributes.flag("keepdims", default: true)
      return { x in [.sequence(try split(try x.tensor(0), try x.optionalTensor(1), axis: axis, keepsAxis: keeps))] }
    }
    .shapedByRun(),
    .values("SequenceMap") { attributes in
      let body = try attributes.graph("body")
      return { x in try map(body, x) }
    },
    .values("Optional") { _ in
      { x in
        let content = x.value(0)
        if case .optional? = content { throw InferenceError(.badType, "an optional of an optional") }
        return [.optional(content.map { [$0] } ?? [])]
      }
    },
    .values("OptionalHasElement") { _ in
      { x in
        let present: Bool
        switch x.value(0) {
        case nil: present = false
        case .optional(let content): present = !content.isEmpty
        case .tensor, .sequence: present = true
        }
        return [.tensor(Tensor(scalar: present))]
      }
    },
    .values("OptionalGetElement") { _ in
      { x in
        let value = try x.required(0)
        guard case .optional(let content) = value else { return [value] }
        guard let element = content.first else { throw InferenceError(.badInput, "the optional is empty") }
        return [element]
      }
    },
  ]

  /// A position in a sequence, counted from the back when negative.
  private static func place(_ position: Tensor, _ count: Int, inclusive: Bool) throws -> Int {
    let number = try position.scalarInteger()
    guard number >= -count, inclusive ? number <= count : number < count else {
      throw InferenceError(.badInput, "position \(number) in a sequence of \(count)")
    }
    return number < 0 ? number + count : number
  }

  private static func split(_ x: Tensor, _ lengths: Tensor?, axis: Int, keepsAxis: Bool) throws -> [Value] {
    let axis = try normalizedAxis(axis, rank: x.rank)
    let extent = x.shape[axis]
    let parts: [Int]
    if let lengths, lengths.rank > 0 {
      parts = try lengths.integers()
    } else {
      let length = try lengths?.scalarInteger() ?? 1
      try require(length > 0 && extent / length <= 1 << 20, "\(extent) elements in parts of \(length)")
      parts = stride(from: 0, to: extent, by: length).map { min(length, extent - $0) }
    }
    return try SlicingOperators.split(x, axis: axis, lengths: parts).map { part in
      // Without given lengths the parts of one element may lose their axis.
      guard lengths == nil && !keepsAxis else { return .tensor(part) }
      var shape = part.shape
      shape.remove(at: axis)
      return .tensor(try part.reshaped(shape))
    }
  }

  /// Runs the body for each member; further inputs are sequences of the same length or tensors for every turn.
  private static func map(_ body: Subgraph, _ x: Arguments) throws -> [Value] {
    let members = try x.sequence(0)
    try require(body.inputCount == x.count, "the body takes \(body.inputCount) values, there are \(x.count)")
    var collected = [[Value]](repeating: [], count: body.outputCount)
    for index in members.indices {
      let inputs = try (0..<x.count).map { input -> Value in
        guard case .sequence(let list) = try x.required(input) else { return try x.required(input) }
        try require(list.count == members.count, "sequences of \(members.count) and \(list.count) members")
        return list[index]
      }
      for (output, value) in try x.context.run(body, inputs).enumerated() {
        collected[output].append(.tensor(try value.tensor("a result of the body")))
      }
    }
    return collected.map { .sequence($0) }
  }
}

extension Arguments {
  /// The members of a sequence input.
  fileprivate func sequence(_ index: Int) throws -> [Value] {
    switch try required(index) {
    case .sequence(let members): return members
    case .optional(let content):
      if case .sequence(let members)? = content.first { return members }
      fallthrough
    case .tensor: throw InferenceError(.badType, "input \(index) must be a sequence")
    }
  }
}
