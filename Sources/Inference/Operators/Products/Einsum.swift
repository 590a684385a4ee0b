import Ground

/// Einsum and Det: algebra over named axes, and determinants.
enum AlgebraOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("Einsum") { attributes in
      let equation = try attributes.string("equation", default: "")
      return { x in
        let operands = try x.allTensors()
        let type = operands[0].type
        guard let compute = type.computeType else { throw InferenceError(.badType, "Einsum of \(type.name)") }
        let wide = try operands.map { try $0.converted(to: compute) }
        let result =
          switch compute {
          case .float32: try Contraction<Float>(equation, wide).evaluate()
          case .float64: try Contraction<Double>(equation, wide).evaluate()
          // Sums and products of 64 bits wrap alike, signed or not.
          default: try Contraction<Int64>(equation, try wide.map { try $0.converted(to: .int64) }).evaluate()
          }
        return try result.converted(to: type)
      }
    },
    .tensor("Det") { _ in { x in try determinants(try x.tensor(0)) } },
  ]

  /// By elimination with partial pivoting, in double precision.
  private static func determinants(_ x: Tensor) throws -> Tensor {
    try require(
      x.rank >= 2 && x.shape[x.rank - 1] == x.shape[x.rank - 2], "square matrices are needed, not \(x.shape)")
    let size = x.shape[x.rank - 1]
    let matrices = x.shape.dropLast(2)
    _ = try Tensor.checkedByteCount(.float64, Array(matrices))
    var numbers = try x.doubles()
    let results = (0..<(x.count == 0 ? 0 : matrices.reduce(1, *))).map { matrix -> Double in
      let start = matrix * size * size
      func at(_ row: Int, _ column: Int) -> Int { start + row * size + column }
      var determinant = 1.0
      for step in 0..<size {
        let pivot = (step..<size).max { abs(numbers[at($0, step)]) < abs(numbers[at($1, step)]) } ?? step
        if numbers[at(pivot, step)] == 0 { return 0 }
        if pivot != step {
          for column in 0..<size { numbers.swapAt(at(pivot, column), at(step, column)) }
          determinant = -determinant
        }
        determinant *= numbers[at(step, step)]
        for row in (step + 1)..<max(size, step + 1) {
          let factor = numbers[at(row, step)] / numbers[at(step, step)]
          for column in step..<size { numbers[at(row, column)] -= factor * numbers[at(step, column)] }
        }
      }
      return determinant
    }
    let filled = x.count == 0 ? Array(repeating: 1, count: matrices.reduce(1, *)) : results
    return try Tensor(Array(matrices), filled).converted(to: x.type)
  }
}

/// An Einsum: its equation parsed, its operands contracted two at a time as batched matrix products.
private struct Contraction<Element: MatrixScalar> {
  /// A tensor whose axes have names.
  private struct Operand {
    var tensor: Tensor
    var axes: [Character]

    func extent(_ axis: Character) -> Int { axes.firstIndex(of: axis).map { tensor.shape[$0] } ?? 1 }
  }

  private let operands: [Operand]
  private let output: [Character]

  init(_ equation: String, _ tensors: [Tensor]) throws {
    let sides = equation.filter { !$0.isWhitespace }.replacingArrow()
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    guard sides.count <= 2, terms.count == tensors.count else {
      throw InferenceError(.badAttribute, "equation '\(equation)' does not have \(tensors.count) terms")
    }
    let named = try zip(terms, tensors).map { try Contraction.name($0, $1) }
    let ellipsis = named.map { $0.axes.filter { $0.isNumber } }.max { $0.count < $1.count } ?? []
    if sides.count == 2 {
      output = try Contraction.expand(Array(sides[1]), ellipsis)
    } else {
      // Without an arrow: every letter that occurs once, in alphabetical order.
      let letters = terms.joined().filter { $0 != "." }
      output = ellipsis + Set(letters).filter { letter in letters.filter { $0 == letter }.count == 1 }.sorted()
    }
    guard Set(output).count == output.count, Set(output).isSubset(of: Set(named.flatMap(\.axes))) else {
      throw InferenceError(.badAttribute, "equation '\(equation)' repeats or invents an output axis")
    }
    var extents: [Character: Int] = [:]
    for operand in named {
      for (axis, extent) in zip(operand.axes, operand.tensor.shape) {
        let known = extents[axis] ?? 1
        try require(known == extent || known == 1 || extent == 1, "axis '\(axis)' has extents \(known) and \(extent)")
        extents[axis] = max(known, extent)
      }
    }
    let all = extents
    operands = try named.map { operand in
      let shape = operand.axes.map { all[$0] ?? 1 }
      return Operand(tensor: try ReshapingOperators.expand(operand.tensor, to: shape), axes: operand.axes)
    }
  }

  /// Digits stand for the axes of an ellipsis, aligned at the last.
  private static func expand(_ term: [Character], _ ellipsis: [Character]) throws -> [Character] {
    guard let dot = term.firstIndex(of: ".") else { return term }
    guard dot + 3 <= term.count, term[dot..<(dot + 3)].allSatisfy({ $0 == "." }), !term[(dot + 3)...].contains(".")
    else { throw InferenceError(.badAttribute, "an ellipsis has three dots") }
    return Array(term[..<dot]) + ellipsis + Array(term[(dot + 3)...])
  }

  /// Gives the axes their names, and walks the diagonal of axes that share one.
  private static func name(_ term: [Character], _ tensor: Tensor) throws -> Operand {
    let letters = term.filter { $0 != "." }
    guard letters.allSatisfy({ $0.isASCII && $0.isLetter }) else {
      throw InferenceError(.badAttribute, "axes are named by letters, not '\(String(term))'")
    }
    let hidden = tensor.rank - letters.count
    try require(
      term.contains(".") ? hidden >= 0 && hidden < 10 : hidden == 0,
      "'\(String(term))' names the axes of \(tensor.shape)")
    let ellipsis = (0..<max(0, hidden)).reversed().map { Character(String($0)) }
    let axes = try expand(term, ellipsis)
    let strides = denseStrides(tensor.shape)
    var distinct: [(name: Character, extent: Int, stride: Int)] = []
    for (index, axis) in axes.enumerated() {
      if let seen = distinct.firstIndex(where: { $0.name == axis }) {
        try require(distinct[seen].extent == tensor.shape[index], "axis '\(axis)' has two extents")
        distinct[seen].stride += strides[index]
      } else {
        distinct.append((axis, tensor.shape[index], strides[index]))
      }
    }
    let view =
      distinct.count == axes.count
      ? tensor : try tensor.view(distinct.map(\.extent), strides: distinct.map(\.stride))
    return Operand(tensor: view, axes: distinct.map(\.name))
  }

  func evaluate() throws -> Tensor {
    var rest = operands
    var result = rest.removeFirst()
    while !rest.isEmpty {
      let next = rest.removeFirst()
      let needed = Set(output).union(rest.flatMap(\.axes))
      result = try Contraction.contract(
        try summed(result, keeping: needed.union(next.axes)), try summed(next, keeping: needed.union(result.axes)),
        needed)
    }
    result = try summed(result, keeping: Set(output))
    let order = output.map { axis in result.axes.firstIndex(of: axis) ?? 0 }
    return try result.tensor.transposed(order)
  }

  private func summed(_ operand: Operand, keeping needed: Set<Character>) throws -> Operand {
    let gone = operand.axes.indices.filter { !needed.contains(operand.axes[$0]) }
    if gone.isEmpty { return operand }
    return Operand(
      tensor: try ReductionOperators.reduce(.sum, operand.tensor, axes: gone, keepsAxes: false),
      axes: operand.axes.filter { needed.contains($0) })
  }

  /// Two operands as a batch of matrix products: shared needed axes are the batch, shared others are summed over.
  private static func contract(_ a: Operand, _ b: Operand, _ needed: Set<Character>) throws -> Operand {
    let shared = a.axes.filter { b.axes.contains($0) }
    let batch = shared.filter { needed.contains($0) }
    let summed = shared.filter { !needed.contains($0) }
    let left = a.axes.filter { !shared.contains($0) }
    let right = b.axes.filter { !shared.contains($0) }
    func lined(_ operand: Operand, _ order: [Character]) throws -> Tensor {
      try operand.tensor.transposed(order.map { axis in operand.axes.firstIndex(of: axis) ?? 0 })
    }
    func extent(_ axes: [Character], _ operand: Operand) -> Int { axes.reduce(1) { $0 * operand.extent($1) } }
    let (matrixA, matrixB) = (try lined(a, batch + left + summed), try lined(b, batch + summed + right))
    let (count, rows, depth, columns) = (extent(batch, a), extent(left, a), extent(summed, a), extent(right, b))
    let shape = (batch + left).map(a.extent) + right.map(b.extent)
    let result = try Tensor(zeros: Element.type, shape)
    if result.count > 0 && depth > 0 {
      let target = result.mutablePointer(to: Element.self)
      try withExtendedLifetime((matrixA, matrixB)) {
        for index in 0..<count {
          try Element.multiply(
            rows, depth, columns, matrixA.pointer(to: Element.self) + index * rows * depth,
            matrixB.pointer(to: Element.self) + index * depth * columns, target + index * rows * columns)
        }
      }
    }
    return Operand(tensor: result, axes: batch + left + right)
  }
}

extension String {
  /// The sides of an equation around "->".
  fileprivate func replacingArrow() -> [String] {
    var sides = [""]
    var rest = self[...]
    while let first = rest.first {
      if rest.hasPrefix("->") {
        sides.append("")
        rest = rest.dropFirst(2)
      } else {
        sides[sides.count - 1].append(first)
        rest = rest.dropFirst()
      }
    }
    return sides
  }
}
