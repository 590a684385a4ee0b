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

extension ControlSetting {
  /// The control that it names.
  func control(among controls: [CameraControl], place: String) throws(CaptureError) -> CameraControl {
    let wanted = ControlName.canonical(name)
    guard let control = controls.first(where: { ControlName.canonical($0.name) == wanted }) else {
      throw CaptureError(
        .badName, "the camera has no control '\(name)'", place: place,
        remedy: controls.isEmpty ? "it has none at all" : "it has " + controls.map(\.name).joined(separator: ", "))
    }
    return control
  }

  /// The value as a number that the control takes.
  func number(for control: CameraControl, place: String) throws(CaptureError) -> Int {
    let text = value.lowercased()
    let named = ["on": 1, "true": 1, "yes": 1, "off": 0, "false": 0, "no": 0]
    let choice = control.choices.first { ControlName.plain($0.name) == ControlName.plain(text) }
    guard let number = Int(text) ?? choice?.value ?? (control.kind == .boolean ? named[text] : nil) else {
      throw CaptureError(.badName, "\(control.name) cannot be '\(value)'", place: place, remedy: control.allowed)
    }
    guard
      control.kind == .button || control.minimum > control.maximum
        || (control.minimum...control.maximum).contains(number)
    else {
      throw CaptureError(
        .badName, "\(control.name)=\(number) is out of range", place: place, remedy: control.allowed)
    }
    return number
  }
}

extension CameraControl {
  /// The values that it takes, for errors.
  fileprivate var allowed: String {
    choices.isEmpty
      ? "\(minimum) to \(maximum)" : choices.map { "\($0.value) (\($0.name))" }.joined(separator: ", ")
  }
}

/// Names of controls in one form.
enum ControlName {
  /// "Exposure, Auto" to "exposure_auto".
  static func plain(_ name: String) -> String {
    name.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
  }

  /// Linux 5.10 renamed UVC controls; both names are understood, in both directions.
  static func canonical(_ name: String) -> String {
    let plain = plain(name)
    return renamed[plain] ?? plain
  }

  private static let renamed = [
    "exposure_auto": "auto_exposure", "exposure_absolute": "exposure_time_absolute",
    "white_balance_temperature_auto": "white_balance_automatic", "focus_auto": "focus_automatic_continuous",
    "exposure_auto_priority": "exposure_dynamic_framerate",
  ]
}
