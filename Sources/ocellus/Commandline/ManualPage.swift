import Ground

/// The manual page `ocellus(1)`, made from the commands themselves. Source: man(7), the macros of a page.
enum ManualPage {
  /// The page's text.
  static func text(_ table: CommandTable, version: String) -> String {
    let program = table.command
    var page = ".TH OCELLUS 1 \"\" \"ocellus \(escaped(version))\" \"User Commands\"\n"
    page += ".SH NAME\nocellus \\- \(escaped(sentence(program.abstract)))\n"
    page += ".SH SYNOPSIS\n.B ocellus\n[\\fICOMMAND\\fR] [\\fIFLAGS\\fR]\n"
    page += ".SH DESCRIPTION\n" + paragraphs(program.discussion)
    for command in visible(program.subcommands) {
      page += ".SH \(escaped(command.commandName.uppercased()))\n" + describe(command, path: ["ocellus"])
    }
    page += """
      .SH EXIT STATUS
      0: done. 1: it failed, and one line on standard error says why. 64: wrong usage. 130: interrupted.
      .SH FILES
      .TP
      ~/.config/ocellus/config.toml
      Settings, keys, defaults of flags and profiles. \\fBocellus \\-\\-default\\-config\\fR prints one with all of them.
      .TP
      ~/.local/share/ocellus
      Models, and references to objects.
      .TP
      ~/.local/state/ocellus/ocellus.log
      The log.

      """
    return page
  }

  private static func visible(_ commands: [CommandTable.Command]?) -> [CommandTable.Command] {
    (commands ?? []).filter { $0.commandName != "help" && $0.shouldDisplay != false }
  }

  private static func describe(_ command: CommandTable.Command, path: [String]) -> String {
    let path = path + [command.commandName]
    var text = ".B \(escaped(path.joined(separator: " ")))\n"
    let positional = (command.arguments ?? []).filter { $0.kind == .positional && $0.shouldDisplay }
    for argument in positional {
      text += "\\fI\(escaped(argument.valueName ?? ""))\\fR\(argument.isRepeating ? " \\&..." : "")\n"
    }
    text += ".PP\n\(escaped(command.abstract ?? ""))\n" + paragraphs(command.discussion)
    var section: String?
    for option in positional + command.options where !["help", "version"].contains(option.key) {
      if let title = option.sectionTitle, title != section { text += ".PP\n\\fI\(escaped(title)):\\fR\n" }
      section = option.sectionTitle ?? section
      text += ".TP\n\(term(option))\n\(escaped(option.abstract ?? ""))\n"
    }
    for inner in visible(command.subcommands) {
      text += ".SS \(escaped((path + [inner.commandName]).joined(separator: " ")))\n" + describe(inner, path: path)
    }
    return text
  }

  private static func term(_ option: CommandTable.Argument) -> String {
    let value = option.kind == .flag ? "" : " \\fI\(escaped(option.valueName ?? ""))\\fR"
    guard let key = option.key else { return "\\fI\(escaped(option.valueName ?? ""))\\fR" }
    return "\\fB\\-\\-\(escaped(key))\\fR\(value)"
  }

  /// Paragraphs stand as they are, since examples and lists of keys have their own lines.
  private static func paragraphs(_ text: String?) -> String {
    guard let text, !text.isEmpty else { return "" }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped(String($0)) }
    return ".PP\n.nf\n" + lines.joined(separator: "\n") + "\n.fi\n"
  }

  private static func sentence(_ text: String?) -> String {
    let text = text ?? ""
    let first = text.prefix(1).lowercased()
    return (first + text.dropFirst()).trimmingSuffix { $0 == "." }
  }

  /// A backslash, a dash, and a dot or quote at the beginning mean something to roff.
  private static func escaped(_ text: String) -> String {
    let plain = text.map { $0 == "\\" ? "\\e" : $0 == "-" ? "\\-" : String($0) }.joined()
    return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
  }
}

extension String {
  fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> String {
    var text = self
    while let last = text.last, isDropped(last) { text.removeLast() }
    return text
  }
}
