import Ground
import Synchronization

/// What the controls of the demo scene's camera make of its light. As made it changes nothing: frames of the scene are then a
/// pure function of seed, options and number.
package struct SceneExposure: Sendable, Equatable {
  /// Whether the exposure follows the light.
  var isAutomatic = false
  /// Exposure time, 1 as normally.
  var time: Float = 1
  /// Gain, 1 as normally.
  var gain: Float = 1
  /// Added to red and taken from blue, as a share.
  var warmth: Float = 0

  package init() {}

  /// Factor on every pixel.
  func brightness(of light: DemoOptions.Light) -> Float {
    (isAutomatic ? 1 : light.brightness * time) * gain
  }
}

/// The simulated controls of the demo scene's camera, named as the kernel names those of USB cameras.
final class DemoControls: ControlDriver {
  private static let (manual, automatic) = (1, 3)
  private static let (usualTime, usualTemperature) = (100, 4600)
  private let values: Mutex<[String: Int]>

  init() { values = Mutex(Dictionary(uniqueKeysWithValues: Self.table.map { ($0.name, $0.standard) })) }

  private static let table = [
    CameraControl(
      name: "auto_exposure", kind: .menu, minimum: 0, maximum: 3, standard: manual, value: nil,
      choices: [.init(value: manual, name: "Manual Mode"), .init(value: automatic, name: "Aperture Priority Mode")]),
    CameraControl(
      name: "exposure_time_absolute", kind: .integer, minimum: 1, maximum: 2000, standard: usualTime, value: nil),
    CameraControl(name: "gain", kind: .integer, minimum: 0, maximum: 100, standard: 0, value: nil),
    CameraControl(
      name: "white_balance_automatic", kind: .boolean, minimum: 0, maximum: 1, standard: 1, value: nil),
    CameraControl(
      name: "white_balance_temperature", kind: .integer, minimum: 2800, maximum: 6500, step: 100,
      standard: usualTemperature, value: nil),
  ]

  /// What the next frame is taken with.
  var exposure: SceneExposure {
    values.withLock { values in
      var exposure = SceneExposure()
      exposure.isAutomatic = values["auto_exposure"] == Self.automatic
      exposure.time = Float(values["exposure_time_absolute"] ?? Self.usualTime) / Float(Self.usualTime)
      exposure.gain = 1 + Float(values["gain"] ?? 0) / 10
      if values["white_balance_automatic"] == 0 {
        let kelvin = values["white_balance_temperature"] ?? Self.usualTemperature
        exposure.warmth = Float(kelvin - Self.usualTemperature) / 10_000
      }
      return exposure
    }
  }

  func list() throws(CaptureError) -> [CameraControl] {
    values.withLock { values in
      Self.table.map { row in
        var control = row
        control.value = values[row.name]
        control.isLocked =
          row.name == "exposure_time_absolute" && values["auto_exposure"] == Self.automatic
          || row.name == "white_balance_temperature" && values["white_balance_automatic"] != 0
        return control
      }
    }
  }

  func set(_ setting: ControlSetting) throws(CaptureError) {
    let control = try setting.control(among: try list(), place: "demo")
    let value = try setting.number(for: control, place: "demo")
    guard !control.isLocked else {
      throw CaptureError(
        .deviceFailed, "the camera refuses \(control.name)=\(setting.value)", place: "demo",
        remedy: "an automatic mode rules it; switch that off first")
    }
    values.withLock { $0[control.name] = value }
  }
}
