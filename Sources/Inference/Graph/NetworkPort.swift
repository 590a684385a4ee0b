/// A graph input or output as the file declares it.
public struct NetworkPort: Sendable, Equatable {
  public var name: String
  public var type: ElementType
  /// Extents; nil where symbolic or unknown. The array itself is nil when even the rank is unknown.
  public var shape: [Int?]?
  /// False for ports that carry ONNX sequences or optionals.
  public var isTensor: Bool
  /// What the numbers of an output are; nil for inputs, and where the engine cannot tell.
  public var activation: OutputActivation?

  public init(name: String, type: ElementType, shape: [Int?]?, isTensor: Bool = true) {
    self.name = name
    self.type = type
    self.shape = shape
    self.isTensor = isTensor
  }
}
