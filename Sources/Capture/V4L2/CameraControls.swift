import CVideo4Linux
import Glibc
import Ground

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
  var id: UInt32

  public struct Choice: Sendable, Equatable, Codable {
    public var value: Int
    public var name: String
  }
}

/// Lists, reads and sets controls.
package enum CameraControls {
  /// Drivers have dozens; one that lists more than this is broken.
  private static let limit = 512

  package static func list(_ device: CameraDevice) -> [CameraControl] {
    var controls: [CameraControl] = []
    var query = v4l2_queryctrl()
    var last: UInt32 = 0
    for _ in 0..<limit {
      query.id = last | UInt32(V4L2_CTRL_FLAG_NEXT_CTRL)
      // Ids grow; a driver that repeats itself would continue forever.
      guard let found = device.asked(ocv_queryctrl, query), found.id > last else { break }
      last = found.id
      if let control = read(found, device) { controls.append(control) }
    }
    return controls
  }

  /// Sets one control by name.
  package static func set(_ setting: ControlSetting, on device: CameraDevice) throws(CaptureError) {
    let controls = list(device)
    let wanted = canonical(setting.name)
    guard let control = controls.first(where: { canonical($0.name) == wanted }) else {
      throw CaptureError(
        .badName, "the camera has no control '\(setting.name)'", place: device.path,
        remedy: controls.isEmpty ? "it has none at all" : "it has " + controls.map(\.name).joined(separator: ", "))
    }
    var value = v4l2_control(id: control.id, value: Int32(clamping: try number(setting, control, device.path)))
    do {
      try device.call(ocv_s_ctrl, &value)
    } catch {
      throw CaptureError(
        .deviceFailed, "the camera refuses \(control.name)=\(setting.value) (\(error.lowercaseWords))",
        place: device.path,
        remedy: control.isLocked ? "an automatic mode rules it; switch that off first" : "", errno: error.code)
    }
  }

  private static func read(_ query: v4l2_queryctrl, _ device: CameraDevice) -> CameraControl? {
    guard query.flags & UInt32(V4L2_CTRL_FLAG_DISABLED) == 0, let kind = kinds[query.type] else { return nil }
    var choices: [CameraControl.Choice] = []
    let isMenu = query.type == V4L2_CTRL_TYPE_MENU.rawValue
    if kind == .menu, query.minimum >= 0, query.maximum < 256, query.minimum <= query.maximum {
      for index in query.minimum...query.maximum {
        var item = v4l2_querymenu()
        item.id = query.id
        item.index = UInt32(index)
        guard let item = device.asked(ocv_querymenu, item) else { continue }
        choices.append(.init(value: Int(index), name: isMenu ? fixedText(item.name) : "\(item.value)"))
      }
    }
    let locked = UInt32(V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_INACTIVE | V4L2_CTRL_FLAG_GRABBED)
    let value = device.asked(ocv_g_ctrl, v4l2_control(id: query.id, value: 0)).map { Int($0.value) }
    return CameraControl(
      name: normalised(fixedText(query.name)), kind: kind, minimum: Int(query.minimum), maximum: Int(query.maximum),
      step: Int(query.step), standard: Int(query.default_value), value: kind == .button ? nil : value,
      choices: choices, isLocked: query.flags & locked != 0, id: query.id)
  }

  private static let kinds: [UInt32: CameraControl.Kind] = [
    V4L2_CTRL_TYPE_INTEGER.rawValue: .integer, V4L2_CTRL_TYPE_BOOLEAN.rawValue: .boolean,
    V4L2_CTRL_TYPE_MENU.rawValue: .menu, V4L2_CTRL_TYPE_INTEGER_MENU.rawValue: .menu,
    V4L2_CTRL_TYPE_BUTTON.rawValue: .button, V4L2_CTRL_TYPE_BITMASK.rawValue: .bitmask,
  ]

  /// "Exposure, Auto" to "exposure_auto".
  private static func normalised(_ name: String) -> String {
    name.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
  }

  /// Linux 5.10 renamed UVC controls; both names are understood, in both directions.
  private static func canonical(_ name: String) -> String {
    let plain = normalised(name)
    return renamed[plain] ?? plain
  }

  private static let renamed = [
    "exposure_auto": "auto_exposure", "exposure_absolute": "exposure_time_absolute",
    "white_balance_temperature_auto": "white_balance_automatic", "focus_auto": "focus_automatic_continuous",
    "exposure_auto_priority": "exposure_dynamic_framerate",
  ]

  private static func number(
    _ setting: ControlSetting, _ control: CameraControl, _ path: String
  ) throws(CaptureError) -> Int {
    let text = setting.value.lowercased()
    let named = ["on": 1, "true": 1, "yes": 1, "off": 0, "false": 0, "no": 0]
    let choice = control.choices.first { normalised($0.name) == normalised(text) }
    guard let value = Int(text) ?? choice?.value ?? (control.kind == .boolean ? named[text] : nil) else {
      throw CaptureError(
        .badName, "\(control.name) cannot be '\(setting.value)'", place: path, remedy: allowed(control))
    }
    guard
      control.kind == .button || control.minimum > control.maximum
        || (control.minimum...control.maximum).contains(value)
    else {
      throw CaptureError(.badName, "\(control.name)=\(value) is out of range", place: path, remedy: allowed(control))
    }
    return value
  }

  private static func allowed(_ control: CameraControl) -> String {
    control.choices.isEmpty
      ? "\(control.minimum) to \(control.maximum)"
      : control.choices.map { "\($0.value) (\($0.name))" }.joined(separator: ", ")
  }
}
