/// The messages of onnx.proto (IR version 10) that inference needs. Slices point into the mapped file.

package struct ModelProto {
  var irVersion: Int64 = 0
  var opsets: [String: Int64] = [:]
  var producerName = ""
  var producerVersion = ""
  var graph: GraphProto?
  var metadata: [String: String] = [:]
  var functions: [FunctionProto] = []
}

package struct GraphProto {
  var name = ""
  var nodes: [NodeProto] = []
  var initializers: [TensorProto] = []
  var sparseInitializers: [SparseTensorProto] = []
  var inputs: [ValueInfoProto] = []
  var outputs: [ValueInfoProto] = []
}

package struct NodeProto {
  var name = ""
  var operatorType = ""
  var domain = ""
  var overload = ""
  var inputs: [String] = []
  var outputs: [String] = []
  var attributes: [AttributeProto] = []
}

package struct AttributeProto {
  /// `AttributeProto.AttributeType`.
  enum Kind: Int32 {
    case float = 1
    case int = 2
    case string = 3
    case tensor = 4
    case graph = 5
    case floats = 6
    case ints = 7
    case strings = 8
    case tensors = 9
    case graphs = 10
    case sparseTensor = 11
    case sparseTensors = 12
    case typeProto = 13
    case typeProtos = 14
  }

  var name = ""
  /// The attribute of the surrounding function that this one stands for; empty outside functions.
  var reference = ""
  var kind: Kind?
  var float: Float = 0
  var int: Int64 = 0
  var string = ""
  var tensor: TensorProto?
  var sparseTensor: SparseTensorProto?
  var graph: GraphProto?
  var floats: [Float] = []
  var ints: [Int64] = []
  var strings: [String] = []
  var tensors: [TensorProto] = []
}

package struct TensorProto {
  var name = ""
  var dims: [Int64] = []
  var dataType: Int32 = 0
  var raw: UnsafeRawBufferPointer?
  /// Encoded elements of float_data, int32_data, … (whichever the type uses), in file order.
  var typed: [(field: Int, bytes: UnsafeRawBufferPointer)] = []
  var strings: [String] = []
  var external: [String: String] = [:]
  var isExternal = false
  var isSegmented = false
}

package struct SparseTensorProto {
  var values = TensorProto()
  var indices = TensorProto()
  var dims: [Int64] = []
}

package struct ValueInfoProto {
  var name = ""
  var type = TypeProto()
}

/// The type of a graph input or output.
package struct TypeProto {
  enum Kind { case tensor, sequence, optional, other }
  var kind = Kind.other
  var elementType: Int32 = 0
  /// nil when the rank is unknown; an extent is nil when symbolic.
  var shape: [Int64?]?
}

package struct FunctionProto {
  var name = ""
  var domain = ""
  var overload = ""
  var inputs: [String] = []
  var outputs: [String] = []
  var attributeNames: [String] = []
  var attributeDefaults: [AttributeProto] = []
  var nodes: [NodeProto] = []
  var opsets: [String: Int64] = [:]
}
