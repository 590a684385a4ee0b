import Inference
import TestSupport

extension SeededGenerator {
  /// Floats of -1...1, or of `range`.
  mutating func tensor(_ shape: [Int], in range: ClosedRange<Float> = -1...1) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor(shape, (0..<count).map { _ in Float.random(in: range, using: &self) })
  }
}
