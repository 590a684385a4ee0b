import Glibc
import Ground

/// Softmax of bytes along lines, in integers as ONNX Runtime computes it: exponentials come from a table of 256 fixed
/// point numbers, so that their sum is exact, and the quotient is rounded half up.
package struct QuantizedSoftmax: FusedOperator {
  package static let definition = FusedDefinition<QuantizedSoftmax>(
    "QuantizedSoftmax", kernel: ByteElementwiseKernels.softmax)

  /// The axis of the lines; with `coerces`, everything from that axis on is one line (before opset 13).
  package var axis: Int
  package var coerces = false
  package var input: Float
  package var output: ByteScale

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let x = try inputs.tensor(0, "X")
    guard x.type == .uint8 else { throw InferenceError(.badType, "softmax of bytes over \(x.type.name)") }
    let lines = try lines(x.shape)
    let result = try Tensor(uninitialized: .uint8, x.shape)
    let table = SoftmaxTable(scale: input, output: output, length: lines.length)
    let (source, target) = (x.elements(as: UInt8.self), result.elements(as: UInt8.self))
    guard let from = source.baseAddress, let to = target.baseAddress, x.count > 0 else { return [.tensor(result)] }
    for line in 0..<lines.count {
      let start = line / lines.step * lines.length * lines.step + line % lines.step
      table.apply(from + start, to + start, step: lines.step)
    }
    return [.tensor(result)]
  }

  /// How the lines of a tensor lie.
  package func lines(_ shape: [Int]) throws -> (count: Int, length: Int, step: Int) {
    let axis = try normalizedAxis(axis, rank: shape.count, inclusive: coerces)
    if coerces { return (shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *), 1) }
    let step = shape[(axis + 1)...].reduce(1, *)
    return (shape[..<axis].reduce(1, *) * step, shape[axis], step)
  }
}

/// The exponentials of a line's bytes below its greatest, in fixed point, and what turns quotients into steps.
package struct SoftmaxTable: Sendable {
  private let exponentials: [UInt64]
  private let steps: UInt64
  private let zero: UInt64
  private let length: Int

  package init(scale: Float, output: ByteScale, length: Int) {
    self.length = length
    let unit = min(Double(UInt32.max) / Double(max(1, length)), Double(0x7f_ffff))
    exponentials = (0..<256).map { index in
      let value = (unit * exp(Double(index - 255) * Double(scale))).rounded(.toNearestOrAwayFromZero)
      return value >= 0 && value < Double(UInt32.max) ? UInt64(saturating: value) : 0
    }
    let inverse = (1 / output.scale).rounded(.down)
    steps = inverse >= 0 && inverse < Float(1 << 31) ? UInt64(saturating: inverse) : 1 << 31
    zero = UInt64(UInt8(clamping: output.zero))
  }

  /// Writes the line at `source`, whose elements are `step` apart, to `target`.
  package func apply(_ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, step: Int) {
    var top: UInt8 = 0
    for i in 0..<length { top = max(top, source[i * step]) }
    let lift = 255 - Int(top)
    exponentials.withUnsafeBufferPointer { table in
      var sum: UInt64 = 0
      for i in 0..<length { sum += table[lift + Int(source[i * step])] }
      let half = sum >> 1
      for i in 0..<length {
        let share = sum == 0 ? 0 : (table[lift + Int(source[i * step])] * steps + half) / sum
        target[i * step] = UInt8(clamping: share + zero)
      }
    }
  }
}
