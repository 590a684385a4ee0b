import CVideo4Linux
import Glibc
import Ground

/// The controls of a camera that streams: through a descriptor of its own, open for the length of each request, so that the
/// stream's may be closed at any time and an unplugged camera is not held.
final class CameraControlDriver: ControlDriver {
  private let system: any SystemCalls
  private let description: PublishedDescription

  /// - Parameter description: names the camera's present node.
  init(_ description: PublishedDescription, system: any SystemCalls) {
    self.description = description
    self.system = system
  }

  func list() throws(CaptureError) -> [CameraControl] {
    let device = try CameraDevice(path: description.value.name, system: system)
    defer { device.close() }
    return CameraControls.list(device)
  }

  func set(_ setting: ControlSetting) throws(CaptureError) {
    let device = try CameraDevice(path: description.value.name, system: system)
    defer { device.close() }
    try CameraControls.set(setting, on: device)
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
    let control = try setting.control(among: list(device), place: device.path)
    let number = try setting.number(for: control, place: device.path)
    var value = v4l2_control(id: control.id, value: Int32(clamping: number))
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
      name: ControlName.plain(fixedText(query.name)), kind: kind, minimum: Int(query.minimum),
      maximum: Int(query.maximum),
      step: Int(query.step), standard: Int(query.default_value), value: kind == .button ? nil : value,
      choices: choices, isLocked: query.flags & locked != 0,
      isReadOnly: query.flags & UInt32(V4L2_CTRL_FLAG_READ_ONLY) != 0, id: query.id)
  }

  private static let kinds: [UInt32: CameraControl.Kind] = [
    V4L2_CTRL_TYPE_INTEGER.rawValue: .integer, V4L2_CTRL_TYPE_BOOLEAN.rawValue: .boolean,
    V4L2_CTRL_TYPE_MENU.rawValue: .menu, V4L2_CTRL_TYPE_INTEGER_MENU.rawValue: .menu,
    V4L2_CTRL_TYPE_BUTTON.rawValue: .button, V4L2_CTRL_TYPE_BITMASK.rawValue: .bitmask,
  ]
}
