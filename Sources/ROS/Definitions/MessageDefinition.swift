/// How the bytes of a message are laid out: the fields of its type and of all types inside, in order.
///
/// Made from the definition that travels with a recording, so that messages are read as they were written, whatever version
/// of a package wrote them.
public struct MessageDefinition: Sendable, Equatable {
  enum Primitive: String, Sendable {
    case bool, byte, char, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64

    /// Of one value.
    var bytes: Int {
      switch self {
      case .bool, .byte, .char, .int8, .uint8: 1
      case .int16, .uint16: 2
      case .int32, .uint32, .float32: 4
      case .int64, .uint64, .float64: 8
      }
    }
  }

  enum Kind: Sendable, Equatable {
    case primitive(Primitive)
    case string
    /// Its width on the wire differs between implementations, so that nothing behind one can be read.
    case wideString
    /// Seconds and nanoseconds of ROS 1, 32 bits each.
    case time
    /// A type of ``MessageDefinition/types``.
    case message(Int)
  }

  enum Multiplicity: Sendable, Equatable {
    case one
    case fixed(Int)
    case sequence
  }

  struct Field: Sendable, Equatable {
    var name: String
    var kind: Kind
    var multiplicity: Multiplicity
  }

  struct Structure: Sendable, Equatable {
    var fields: [Field] = []
    /// Bytes that a value takes at least, without padding.
    var leastBytes = 0
  }

  /// "vision_msgs/msg/Detection2DArray".
  public let typeName: String
  /// The types in the order of their first use; the first is the message itself.
  let types: [Structure]

  /// Whether a field is there: names from the message inwards, "detections.bbox.size_x". Sequences stand for their elements.
  public func holds(_ path: String) -> Bool {
    var type: Int? = 0
    for name in path.split(separator: ".") {
      guard let current = type, let field = types[current].fields.first(where: { $0.name == name }) else {
        return false
      }
      switch field.kind {
      case .message(let inner): type = inner
      case .time, .primitive, .string, .wideString: type = nil
      }
    }
    return true
  }
}
