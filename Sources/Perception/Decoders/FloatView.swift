import Ground
import Glibc
import Inference

/// A float tensor as a decoder reads it. Valid while the tensors behind it live: the caller of `decode` keeps them.
struct FloatView {
  let shape: [Int]
  let values: UnsafeBufferPointer<Float>

  init(shape: [Int], values: UnsafeBufferPointer<Float>) {
    self.shape = shape
    self.values = values
  }

  init(_ tensor: Tensor) {
    self.init(shape: tensor.shape, values: UnsafeBufferPointer(tensor.elements(as: Float.self)))
  }

  var count: Int { values.count }

  /// Whether there are values, and each is NaN. Ends at the first number.
  var holdsNoNumber: Bool { !values.isEmpty && values.allSatisfy(\.isNaN) }

  subscript(index: Int) -> Float {
    // Checked in release too: a decoder's arithmetic over shapes from outside must not read beyond them.
    precondition(index >= 0 && index < values.count, "inside the tensor")
    return values[index]
  }

  /// The shape without leading axes of extent 1, down to `rank`.
  func squeezed(to rank: Int) -> [Int]? {
    var shape = shape
    while shape.count > rank, shape[0] == 1 { shape.removeFirst() }
    return shape.count == rank ? shape : nil
  }
}

/// Floats as they come from outside as indices: nil for what is no whole number in range.
func checkedIndex(_ value: Float, limit: Int = 1 << 24) -> Int? {
  guard value.isFinite, value > -1, value < Float(limit) else { return nil }
  return Int(saturating: value.rounded())
}

@inline(__always) func sigmoid(_ value: Float) -> Float { 1 / (1 + expf(-value)) }
