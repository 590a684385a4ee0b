import Foundation
import Ground

/// The part of the configuration's text that tells of flags.
enum ConfigurationText {
  /// `[run]` with every flag of `ocellus run`, and an example of a profile, all commented out: a flag without a line is at its
  /// default.
  static func flags(_ table: CommandTable) -> String {
    var text = """
      # Defaults of flags, under their names without dashes. [run] holds those of `ocellus run` and `ocellus record`; [detect],
      # [replay], [bench] and [export] those of other commands. The command line wins.
      [run]

      """
    for option in table.command("run")?.options ?? [] {
      guard let key = option.key, !ConfiguredArguments.never.contains(key) else { continue }
      text += "# \(option.abstract ?? "")\n"
      let value = example(option)
      text += "# \(key) = \(option.isRepeating ? "[\(value)]" : value)\n\n"
    }
    return text + """
      # Flags of one camera or task: `ocellus @front`, or `ocellus run --profile front`.
      # [profile.front]
      # source = "/dev/video2"
      # size = "1280x720"
      # model = ["best.onnx"]
      # confidence = 0.3

      """
  }

  private static func example(_ option: CommandTable.Argument) -> String {
    if option.kind == .flag { return "true" }
    if let value = option.defaultValue, Double(value) != nil { return value }
    return "\"\(option.defaultValue ?? option.valueName ?? "")\""
  }
}
