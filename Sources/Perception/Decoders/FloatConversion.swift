import Ground
import Inference

/// Output tensors as floats, whatever they hold.
enum FloatConversion {
  /// The tensor itself if it holds floats, else a copy.
  static func float32(_ tensor: Tensor) throws -> Tensor {
    switch tensor.type {
    case .float32: return tensor
    case .float16: return copy(tensor, Float16.self) { Float($0) }
    case .float64: return copy(tensor, Double.self) { Float($0) }
    case .int64: return copy(tensor, Int64.self) { Float($0) }
    case .int32: return copy(tensor, Int32.self) { Float($0) }
    case .int16: return copy(tensor, Int16.self) { Float($0) }
    case .uint64: return copy(tensor, UInt64.self) { Float($0) }
    case .uint32: return copy(tensor, UInt32.self) { Float($0) }
    case .uint16: return copy(tensor, UInt16.self) { Float($0) }
    case .uint8: return copy(tensor, UInt8.self) { Float($0) }
    case .int8: return copy(tensor, Int8.self) { Float($0) }
    case .bool: return copy(tensor, Bool.self) { $0 ? 1 : 0 }
    default:
      throw PerceptionError(.badOutput, "an output of type \(tensor.type.name) cannot be decoded")
    }
  }

  private static func copy<Element: TensorElement>(
    _ tensor: Tensor, _: Element.Type, _ convert: (Element) -> Float
  ) -> Tensor {
    Tensor(tensor.shape, withExtendedLifetime(tensor) { tensor.elements(as: Element.self).map(convert) })
  }
}

extension FloatView {
  /// One item of a batch, with a batch axis of 1.
  init(_ tensor: Tensor, item: Int, of batch: Int) throws {
    guard tensor.shape.first == batch, batch > 0 else {
      throw PerceptionError(.badOutput, "an output \(tensor.shape) for a batch of \(batch)")
    }
    let each = tensor.count / batch
    let all = UnsafeBufferPointer(tensor.elements(as: Float.self))
    self.init(
      shape: [1] + tensor.shape.dropFirst(),
      values: UnsafeBufferPointer(rebasing: all[(item * each)..<((item + 1) * each)]))
  }
}
