/// The one way from floating point to integers. Swift's own `Int(value)` ends the program where the value is NaN, infinite or
/// outside of the type, and values that come from networks and files may be any of these.
extension FixedWidthInteger {
  /// The value without its fraction, clamped to the range of the type; 0 for NaN. Never traps.
  @inlinable
  public init(saturating value: Double) {
    let whole = value.rounded(.towardZero)
    if let signed = Int64(exactly: whole) {
      self.init(clamping: signed)
    } else if let unsigned = UInt64(exactly: whole) {
      self.init(clamping: unsigned)
    } else {
      self = value.isNaN ? 0 : value < 0 ? .min : .max
    }
  }

  /// The value without its fraction, clamped to the range of the type; 0 for NaN. Never traps.
  @inlinable
  public init(saturating value: Float) { self.init(saturating: Double(value)) }
}

// Swift's own conversions, hidden by declarations of the same form, so that the compiler refuses their use: the package
// treats this warning as an error. A file takes part in this when it imports Ground; `ConversionTests` reads the sources and
// finds files that make integers and do not. Literals (`UInt8(255)`) and `Int(exactly:)` are not concerned.

extension Int {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}

extension Int8 {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int8(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int8(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}

extension Int16 {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int16(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int16(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}

extension Int32 {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int32(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int32(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}

extension Int64 {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int64(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use Int64(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}

extension UInt {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}

extension UInt8 {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt8(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt8(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}

extension UInt16 {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt16(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt16(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}

extension UInt32 {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt32(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt32(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}

extension UInt64 {
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt64(saturating:)")
  package init(_ value: Double) { self.init(saturating: value) }
  @available(*, deprecated, message: "traps on NaN, infinity and large values: use UInt64(saturating:)")
  package init(_ value: Float) { self.init(saturating: value) }
}
