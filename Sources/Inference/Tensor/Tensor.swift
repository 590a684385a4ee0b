import Ground

/// A dense, row-major tensor: element type, shape, and bytes that it shares with its copies and reshapes.
public struct Tensor: @unchecked Sendable {
  public let type: ElementType
  /// The extent of each axis; empty for a scalar, a 0 anywhere for an empty tensor.
  public let shape: [Int]
  public let storage: TensorStorage
  /// Where the first element lies in the storage, in bytes.
  public let byteOffset: Int
  /// The elements of a string tensor; nil for every other type.
  public let strings: [String]?

  /// The product of the shape.
  public var count: Int { shape.reduce(1, *) }
  public var rank: Int { shape.count }
  public var byteCount: Int { count * type.byteCount }

  /// A new, uninitialised tensor.
  ///
  /// - Throws: ``InferenceError`` when the size is negative, overflows or passes ``Tensor/byteLimit``.
  public init(uninitialized type: ElementType, _ shape: [Int]) throws {
    let bytes = try Tensor.checkedByteCount(type, shape)
    try NetworkBudget.current?.checkTime()
    self.init(type: type, shape: shape, storage: try TensorStorage(byteCount: bytes), byteOffset: 0)
  }

  /// A tensor over existing storage. The caller has checked that `byteOffset + byteCount` lies inside.
  package init(
    type: ElementType, shape: [Int], storage: TensorStorage, byteOffset: Int, strings: [String]? = nil
  ) {
    self.type = type
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
    self.strings = strings
  }

  /// A tensor that holds `values`; traps if their number is not the product of `shape`.
  public init<Element: TensorElement>(_ shape: [Int], _ values: [Element]) {
    precondition(values.count == shape.reduce(1, *), "as many values as the shape has elements")
    let storage = values.withUnsafeBytes { TensorStorage(copying: $0) }
    self.init(type: Element.type, shape: shape, storage: storage, byteOffset: 0)
  }

  /// A scalar.
  public init<Element: TensorElement>(scalar value: Element) { self.init([], [value]) }

  /// A tensor of strings.
  public init(_ shape: [Int], strings: [String]) {
    precondition(strings.count == shape.reduce(1, *), "as many strings as the shape has elements")
    let counted = NetworkBudget.current == nil ? 0 : StringCollector.bytes(of: strings)
    let storage = TensorStorage(copying: UnsafeRawBufferPointer(start: nil, count: 0), counted: counted)
    self.init(type: .string, shape: shape, storage: storage, byteOffset: 0, strings: strings)
  }

  /// The largest tensor that the engine allocates: 1 GiB. A model that asks for more is taken for hostile. (Weights that
  /// are mapped, not allocated, may be larger.)
  public static let byteLimit = 1 << 30
  /// The most axes a tensor may have; real ones have up to 8.
  public static let rankLimit = 32

  /// The bytes a tensor of this type and shape takes, every multiplication checked.
  ///
  /// - Throws: ``InferenceError`` of kind `.badShape` when an extent is negative or the size passes `limit`.
  public static func checkedByteCount(_ type: ElementType, _ shape: [Int], limit: Int = byteLimit) throws -> Int {
    let count = try checkedCount(shape)
    // Strings live outside the bytes, 16 bytes each.
    let (bytes, overflow) = count.multipliedReportingOverflow(by: type == .string ? 16 : type.byteCount)
    guard !overflow, bytes <= limit else {
      throw InferenceError(.badShape, "a tensor of shape \(shape) is larger than any real one")
    }
    return type == .string ? 0 : bytes
  }

  /// The product of the extents; even around a 0 they must be extents of something that could exist.
  public static func checkedCount(_ shape: [Int]) throws -> Int {
    guard shape.count <= rankLimit else { throw InferenceError(.badShape, "a tensor of \(shape.count) axes") }
    var total = 1
    var isEmpty = false
    for extent in shape {
      guard extent >= 0 else { throw InferenceError(.badShape, "negative extent in shape \(shape)") }
      if extent == 0 {
        isEmpty = true
        continue
      }
      let (product, overflow) = total.multipliedReportingOverflow(by: extent)
      // Room to add and double extents without overflow.
      guard !overflow, product <= 1 << 46 else { throw InferenceError(.badShape, "shape \(shape) overflows") }
      total = product
    }
    return isEmpty ? 0 : total
  }

  /// The same elements under another shape of the same count.
  public func reshaped(_ newShape: [Int]) throws -> Tensor {
    guard try Tensor.checkedCount(newShape) == count else {
      throw InferenceError(.badShape, "cannot reshape \(shape) to \(newShape)")
    }
    return Tensor(type: type, shape: newShape, storage: storage, byteOffset: byteOffset, strings: strings)
  }

  /// The first byte.
  public var base: UnsafeMutableRawPointer {
    // Safe: TensorStorage never holds an empty allocation, so its base is never nil.
    storage.bytes.baseAddress.unsafelyUnwrapped + byteOffset
  }

  /// The elements as `Element`; traps if the type differs. Valid while this tensor's storage lives.
  @inlinable
  public func elements<Element: TensorElement>(as _: Element.Type = Element.self) -> UnsafeMutableBufferPointer<Element>
  {
    precondition(type == Element.type, "the tensor holds another type")
    return UnsafeMutableBufferPointer(start: base.assumingMemoryBound(to: Element.self), count: count)
  }

  /// Lends a float tensor's elements to a kernel that packs them: see ``TensorStorage/lend(_:)``.
  package func lendFloats<Result>(_ body: (UnsafePointer<Float>) throws -> Result) rethrows -> Result {
    precondition(type == .float32, "the tensor holds another type")
    return try storage.lend { try body($0.floats(at: byteOffset)) }
  }

  /// The elements copied into an array; traps if the type differs.
  public func array<Element: TensorElement>(of _: Element.Type = Element.self) -> [Element] {
    withExtendedLifetime(storage) { Array(elements(as: Element.self)) }
  }
}

/// A Swift type that is the element of a tensor.
public protocol TensorElement: Sendable {
  static var type: ElementType { get }
}

extension Float: TensorElement { public static var type: ElementType { .float32 } }
extension Double: TensorElement { public static var type: ElementType { .float64 } }
extension UInt8: TensorElement { public static var type: ElementType { .uint8 } }
extension Int8: TensorElement { public static var type: ElementType { .int8 } }
extension UInt16: TensorElement { public static var type: ElementType { .uint16 } }
extension Int16: TensorElement { public static var type: ElementType { .int16 } }
extension UInt32: TensorElement { public static var type: ElementType { .uint32 } }
extension Int32: TensorElement { public static var type: ElementType { .int32 } }
extension UInt64: TensorElement { public static var type: ElementType { .uint64 } }
extension Int64: TensorElement { public static var type: ElementType { .int64 } }
extension Bool: TensorElement { public static var type: ElementType { .bool } }
extension Float16: TensorElement { public static var type: ElementType { .float16 } }
