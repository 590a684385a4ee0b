/// One of a camera's settings: exposure, gain, focus.
public struct CameraControl: Sendable, Equatable, Codable {
  public enum Kind: String, Sendable, Codable { case integer, boolean, menu, button, bitmask }

  /// Lower case with underscores, as v4l2-ctl names it: "exposure_time_absolute".
  public var name: String
  public var kind: Kind
  public var minimum: Int
  public var maximum: Int
  public var step: Int
  public var standard: Int
  /// nil when it cannot be read now.
  public var value: Int?
  /// Names of a menu's values.
  public var choices: [Choice]
  /// Not settable at the moment: read-only, or ruled by another control (auto exposure, say).
  public var isLocked: Bool
  /// Only the camera changes it.
  public var isReadOnly: Bool
  /// V4L2's number of it; 0 where there is none.
  var id: UInt32

  public struct Choice: Sendable, Equatable, Codable {
    public var value: Int
    public var name: String

    public init(value: Int, name: String) {
      self.value = value
      self.name = name
    }
  }

  package init(
    name: String, kind: Kind, minimum: Int, maximum: Int, step: Int = 1, standard: Int, value: Int?,
    choices: [Choice] = [], isLocked: Bool = false, isReadOnly: Bool = false, id: UInt32 = 0
  ) {
    self.name = name
    self.kind = kind
    self.minimum = minimum
    self.maximum = maximum
    self.step = step
    self.standard = standard
    self.value = value
    self.choices = choices
    self.isLocked = isLocked
    self.isReadOnly = isReadOnly
    self.id = id
  }
}

extension CameraControl {
  /// The unit of its values where V4L2 defines one: "x 100 µs", "K"; else empty.
  public var unit: String { Self.units[ControlName.canonical(name)] ?? "" }

  /// From the control reference of the kernel's documentation.
  private static let units = [
    "exposure_time_absolute": "x 100 µs", "white_balance_temperature": "K", "pan_absolute": "arcsec",
    "tilt_absolute": "arcsec", "rotate": "°",
  ]

  /// The name of a menu's value, "on" and "off" of a boolean, else the number.
  public func words(for value: Int) -> String {
    switch kind {
    case .boolean: value == 0 ? "off" : "on"
    case .menu: choices.first { $0.value == value }?.name ?? "\(value)"
    case .integer, .button, .bitmask: "\(value)"
    }
  }

  /// Where the value stands between minimum and maximum, 0...1; nil for kinds without an order and while it is not known.
  public var share: Double? {
    guard kind == .integer, let value, maximum > minimum else { return nil }
    return min(1, max(0, (Double(value) - Double(minimum)) / (Double(maximum) - Double(minimum))))
  }

  /// The value after `steps` steps, clamped to the range. A menu moves by `steps` choices.
  ///
  /// - Parameter pages: tenths of the range instead of steps; of a menu, choices.
  /// - Returns: nil for a button, and where the value is not known.
  public func value(after steps: Int, pages: Bool = false) -> Int? {
    guard let value else { return nil }
    switch kind {
    case .button: return nil
    case .boolean: return steps == 0 ? value : steps > 0 ? 1 : 0
    case .menu:
      guard !choices.isEmpty else { return nil }
      let place = choices.firstIndex { $0.value == value } ?? 0
      return choices[min(choices.count - 1, max(0, place + min(choices.count, max(-choices.count, steps))))].value
    case .integer, .bitmask:
      guard minimum <= maximum else { return nil }
      let unit = max(1, step)
      // Drivers write any numbers into their ranges.
      let tenth = max(1, maximum.subtractingReportingOverflow(minimum).partialValue.magnitude / 10 / unit.magnitude)
      let distance = unit.multipliedReportingOverflow(by: pages ? Int(clamping: tenth) : 1)
      let way = distance.partialValue.multipliedReportingOverflow(by: steps)
      let wanted = value.addingReportingOverflow(way.partialValue)
      guard !distance.overflow, !way.overflow, !wanted.overflow else { return steps > 0 ? maximum : minimum }
      return min(maximum, max(minimum, wanted.partialValue))
    }
  }

  /// The value that Enter leads to: the other one of a boolean, the next choice of a menu and after the last the first.
  public var next: Int? {
    switch kind {
    case .boolean: return value.map { $0 == 0 ? 1 : 0 }
    case .menu:
      guard let value, !choices.isEmpty else { return nil }
      let place = choices.firstIndex { $0.value == value } ?? -1
      return choices[(place + 1) % choices.count].value
    case .button: return 1
    case .integer, .bitmask: return nil
    }
  }
}
