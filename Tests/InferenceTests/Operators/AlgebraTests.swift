import Glibc
import Ground
import Inference
import TestSupport
import Testing

@Suite struct AlgebraTests {
  /// Every combination of all letters, multiplied and added up.
  private func naive(_ terms: [String], _ output: String, _ tensors: [Tensor]) -> [Float] {
    var extents: [Character: Int] = [:]
    for (term, tensor) in zip(terms, tensors) {
      for (axis, extent) in zip(term, tensor.shape) { extents[axis] = extent }
    }
    let letters = extents.keys.sorted()
    let shape = output.map { extents[$0] ?? 1 }
    var result = [Float](repeating: 0, count: shape.reduce(1, *))
    let values = tensors.map { $0.array(of: Float.self) }
    for index in indices(of: letters.map { extents[$0] ?? 1 }) {
      func at(_ term: String) -> [Int] { term.map { letter in index[letters.firstIndex(of: letter) ?? 0] } }
      var product: Float = 1
      for (number, term) in terms.enumerated() { product *= values[number][place(at(term), in: tensors[number].shape)] }
      result[place(at(output), in: shape)] += product
    }
    return result
  }

  @Test(arguments: [
    "ij,jk->ik", "bij,bjk->bik", "ij->ji", "ii->i", "ii->", "ij->", "ij,ij->ij", "i,j->ij", "bhqd,bhkd->bhqk",
    "ab,bc,cd->ad", "iji,j->i", "ij,k->kij",
  ])
  func einsumAgreesWithNestedLoops(equation: String) throws {
    var random = SeededGenerator(41)
    let sides = equation.split(separator: "-", omittingEmptySubsequences: false)
    let terms = sides[0].split(separator: ",").map(String.init)
    let output = String(sides[1].dropFirst())
    let extents: [Character: Int] = Dictionary(
      uniqueKeysWithValues: Set(terms.joined()).sorted().enumerated().map { ($1, 2 + $0) })
    let tensors = terms.map { random.floats($0.map { extents[$0] ?? 1 }) }
    let result = try OperatorHarness.tensor("Einsum", ["equation": .string(equation)], tensors)
    #expect(result.shape == output.map { extents[$0] ?? 1 })
    #expect(isClose(result.array(of: Float.self), naive(terms, output, tensors), 1e-4))
  }

  @Test func anEllipsisBroadcasts() throws {
    var random = SeededGenerator(42)
    let (a, b) = (random.floats([2, 3, 4, 5]), random.floats([3, 5, 2]))
    let result = try OperatorHarness.tensor("Einsum", ["equation": .string("...ij,...jk->...ik")], [a, b])
    let product = try OperatorHarness.tensor("MatMul", [a, b])
    #expect(result.shape == product.shape)
    #expect(isClose(result.array(of: Float.self), product.array(of: Float.self), 1e-4))
  }

  @Test func badEquationsAreRefused() {
    let x = Tensor([2, 2], [1, 2, 3, 4] as [Float])
    for equation in ["", "->", "i->i", "ij->k", "ij,jk->ik", "ij->ii", "i.j->ij", "....->", "ij->ij->ij", "1j->1j"] {
      #expect(throws: InferenceError.self, "\(equation)") {
        try OperatorHarness.tensor("Einsum", ["equation": .string(equation)], [x])
      }
    }
  }

  @Test func determinantsMultiply() throws {
    var random = SeededGenerator(43)
    let (a, b) = (random.floats([5, 5]), random.floats([5, 5]))
    func det(_ x: Tensor) throws -> Float { try OperatorHarness.tensor("Det", [x]).array(of: Float.self)[0] }
    let product = try det(try OperatorHarness.tensor("MatMul", [a, b]))
    #expect(isClose([product], [try det(a) * (try det(b))], 1e-3))
    #expect(try det(Tensor([2, 2], [0, 1, 1, 0] as [Float])) == -1)
    #expect(try det(Tensor([2, 2], [1, 2, 2, 4] as [Float])) == 0)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 12, 13, 16, 30, 97])
  func transformsAgreeWithTheDefinitionAndInvert(length: Int) throws {
    var random = SeededGenerator(44)
    let x = random.floats([1, length, 1])
    let spectrum = try OperatorHarness.tensor("DFT", [x])
    let signal = x.array(of: Float.self).map(Double.init)
    let expected = (0..<length).flatMap { k -> [Float] in
      var (real, imaginary) = (0.0, 0.0)
      for (n, value) in signal.enumerated() {
        let angle = -2 * Double.pi * Double(k * n) / Double(length)
        real += value * cos(angle)
        imaginary += value * sin(angle)
      }
      return [Float(real), Float(imaginary)]
    }
    #expect(isClose(spectrum.array(of: Float.self), expected, 1e-4))
    let back = try OperatorHarness.tensor("DFT", ["inverse": .int(1)], [spectrum]).array(of: Float.self)
    #expect(isClose(stride(from: 0, to: back.count, by: 2).map { back[$0] }, x.array(of: Float.self), 1e-4))
  }
}
