public import Capture
public import Configuration
import Ground

/// When pictures are complained about: the section `[health]` of the configuration file, then `--health`.
public struct HealthSettings {
  public var thresholds = PictureHealthThresholds()
  /// What is wrong with the file, a line each; the defaults stand in.
  public var problems: [String] = []

  /// What the user's configuration says; the defaults where there is none.
  public init(_ configuration: UserConfiguration? = nil) {
    if let document = configuration?.document { read(document) }
  }

  private mutating func read(_ document: ConfigDocument) {
    guard case .table(let section)? = document.root["health"] else { return }
    for (name, value) in section.sorted(by: { $0.key < $1.key }) {
      let text: String
      switch value {
      case .string(let word): text = word
      case .int(let number): text = "\(number)"
      case .double(let number): text = "\(number)"
      case .bool(false): text = "off"
      default: text = "?"
      }
      do throws(CaptureError) {
        try PictureHealthSetting.apply(name, text, to: &thresholds)
      } catch {
        problems.append("\(document.place(of: "health.\(name)")): \(error.line)")
      }
    }
  }

  /// The wishes of `--health`, in their order.
  public mutating func apply(_ wishes: [String]) throws {
    for wish in wishes { try PictureHealthSetting.apply(wish, to: &thresholds) }
  }

  /// The section with its defaults, for `--default-config`.
  public static var defaultText: String {
    let lines = PictureHealthSetting.all.map { setting in
      "# \(setting.comment)\(setting.never == nil ? "" : " \"off\" never says it.")\n"
        + "\(setting.name) = \(setting.value())\n"
    }
    return "[health]\n" + lines.joined(separator: "\n")
  }
}
