import Configuration
import Ground

/// The controls that a user had remembered for a camera: a small file for each camera, which several instances may change.
public struct ControlMemory: Sendable, Equatable {
  private static let limit = 1 << 16
  /// Cameras have dozens of controls; a file with more was written by something else.
  private static let most = 512

  /// Where the files are. Made when something is remembered.
  public var folder: String
  /// Whether each change is remembered, instead of when the user asks.
  public var isAutomatic: Bool

  public init(folder: String, isAutomatic: Bool = false) {
    self.folder = folder
    self.isAutomatic = isAutomatic
  }

  /// What is remembered for a camera, in the order of setting; empty where nothing is.
  ///
  /// - Throws: `ConfigurationError` for a file that cannot be read.
  func settings(of camera: String) throws(ConfigurationError) -> [ControlSetting] {
    let text: String
    do throws(ConfigurationError) { text = try SmallFile.text(path(for: camera), limit: Self.limit) } catch {
      if error.kind == .notFound { return [] }
      throw error
    }
    let lines = text.split(separator: "\n").map(String.init)
    // Two cameras may share a file's name; the first line tells whose it is.
    guard lines.first == camera.plainLine else { return [] }
    return lines.dropFirst().prefix(Self.most).compactMap { line in
      guard let equals = line.firstIndex(of: "="), equals != line.startIndex else { return nil }
      return ControlSetting(name: String(line[..<equals]), value: String(line[line.index(after: equals)...]))
    }
  }

  /// Remembers settings for a camera instead of those before; none makes it forget the camera.
  ///
  /// - Throws: `ConfigurationError` where the file cannot be written.
  func remember(_ settings: [ControlSetting], of camera: String) throws(ConfigurationError) {
    let lines = settings.map { "\($0.name)=\($0.value)".plainLine + "\n" }.joined()
    try SmallFile.update(path(for: camera), limit: Self.limit) { _ in "\(camera.plainLine)\n\(lines)" }
  }

  /// FNV-1a: a camera's name may hold what a file's may not.
  private func path(for camera: String) -> String {
    let hash = camera.utf8.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    return folder + "/" + String(hash, radix: 16)
  }
}
