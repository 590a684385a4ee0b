public import Ground

/// A wish for a control: `exposure_auto=1`.
public struct ControlSetting: Sendable, Equatable {
  public var name: String
  /// A number, `on` or `off`, or the name of a menu's choice.
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// From `NAME=VALUE`.
  public init(parsing text: String) throws(CaptureError) {
    let parts = text.split(separator: "=", maxSplits: 1).map { String($0) }
    guard parts.count == 2, !parts[0].isEmpty else {
      throw CaptureError(.badName, "'\(text)' is not NAME=VALUE", remedy: "for instance exposure_auto=1")
    }
    self.init(name: parts[0], value: parts[1])
  }
}
