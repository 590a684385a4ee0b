/// The element types of ONNX tensors, with the numbers of `TensorProto.DataType` (onnx.proto).
public enum ElementType: Int32, Sendable, CaseIterable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case complex64 = 14
  case complex128 = 15
  case bfloat16 = 16

  /// Bytes an element; 0 for strings, which live outside the tensor's bytes.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .float32, .int32, .uint32: 4
    case .int64, .uint64, .float64, .complex64: 8
    case .complex128: 16
    case .string: 0
    }
  }

  /// The name that NumPy and the commands' JSON use: "float32", "int64", "bool".
  public var name: String { "\(self)" }
}
