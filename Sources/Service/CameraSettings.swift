import Capture
import Configuration

/// What the configuration's section `[camera]` says.
public struct CameraSettings {
  /// Whether each change of a control is remembered for its camera, instead of when the user asks.
  private(set) var remembersControls = false
  /// What is wrong with the file, a line each; the defaults stand in.
  private(set) var problems: [String] = []

  init(_ configuration: UserConfiguration) {
    guard let document = configuration.document, let value = document.root["camera"] else { return }
    func problem(_ key: String, _ what: String) {
      problems.append("\(document.file)\(document.lines[key].map { ":\($0)" } ?? ""): \(what)")
    }
    guard case .table(let section) = value else {
      problem("camera", "camera is a table: [camera]")
      return
    }
    for (name, value) in section.sorted(by: { $0.key < $1.key }) {
      switch (name, value) {
      case ("remember_controls", .bool(let remembers)): remembersControls = remembers
      case ("remember_controls", _): problem("camera.remember_controls", "remember_controls takes true or false")
      default: problem("camera.\(name)", "[camera] has no '\(name)'; it has remember_controls")
      }
    }
  }

  /// Where the controls of cameras are remembered.
  var memory: ControlMemory {
    ControlMemory(folder: UserFolders.state + "/controls", isAutomatic: remembersControls)
  }

  /// The section with its defaults, for `--default-config`.
  public static let defaultText = """
    [camera]
    # Remember each control that is changed in the dashboard for its camera; otherwise W in the box of controls does.
    remember_controls = false

    """
}
