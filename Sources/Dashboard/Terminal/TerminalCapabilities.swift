import CNcurses
import Glibc
package import Ground

/// The terminal's capabilities, from terminfo and the environment.
package struct TerminalCapabilities: Sendable {
  /// The terminfo entry in use.
  package var term: String
  /// The user's terminal type where this machine has no entry for it, and ``term`` is used instead.
  package var missingEntry: String?
  package var depth: ColorDepth
  /// The depth that the terminfo entry itself has.
  package var entryDepth: ColorDepth
  package var glyphs: GlyphSet
  /// Whether it answers status queries, such as the one for synchronised output.
  package var answersQueries: Bool

  /// - Parameter forced: the user's choice of colours, if any.
  package static func detect(environment: (String) -> String?, terminal: Int32, forced: ColorDepth?)
    throws(DashboardError) -> TerminalCapabilities
  {
    let type = environment("TERM") ?? ""
    let relative = relative(of: type)
    guard let term = loadEntry(for: type, relative, terminal: terminal) else {
      throw DashboardError(
        .unknownTerminal, type.isEmpty ? "TERM is not set" : "unknown terminal type '\(type)'",
        remedy: "try TERM=xterm-256color, or `ocellus run --headless`")
    }
    guard ocn_string_capability("cup") != nil else {
      throw DashboardError(
        .unknownTerminal, "terminal type '\(term)' cannot place its cursor",
        remedy: "try TERM=xterm-256color, or `ocellus run --headless`")
    }
    let entryDepth = depth(
      colors: Int(ocn_number_capability("colors")),
      direct: ocn_boolean_capability("RGB") || ocn_number_capability("RGB") > 0)
    let isConsole = term == "linux" || term.hasPrefix("linux-")
    // The variable survives a change of terminal: it is wrong for one without colours and for the console.
    let variable = environment("COLORTERM")?.lowercased() ?? ""
    let claimsTruecolor =
      ocn_boolean_capability("Tc") || relative?.hasTruecolor == true
      || (["truecolor", "24bit"].contains(variable) && entryDepth > .mono && !isConsole)
    var best = claimsTruecolor ? max(entryDepth, .truecolor) : entryDepth
    if let forced {
      best = forced
    } else if !(environment("NO_COLOR") ?? "").isEmpty {
      best = .mono
    }
    return TerminalCapabilities(
      term: term, missingEntry: term == type ? nil : type, depth: best, entryDepth: entryDepth,
      glyphs: glyphs(term: term, isConsole: isConsole),
      answersQueries: !isConsole && !term.hasPrefix("vt"))
  }

  /// A terminal that understands all of xterm's that the dashboard uses.
  private struct Relative {
    var name: String
    /// Whether every version in use shows 24-bit colours.
    var hasTruecolor: Bool
  }

  /// Terminals whose own entries robots rarely have, and which do not say there that they show 24-bit colours: SSH brings
  /// the type along, but neither its description nor COLORTERM.
  private static let relatives: [Relative] =
    ["alacritty", "contour", "foot", "ghostty", "iterm2", "kitty", "konsole", "mintty", "rio", "vte", "wezterm"].map {
      Relative(name: $0, hasTruecolor: true)
    } + ["gnome", "putty", "rxvt", "screen", "st", "tmux", "xterm"].map { Relative(name: $0, hasTruecolor: false) }

  private static func relative(of type: String) -> Relative? {
    let parts = type.lowercased().split(separator: "-").map(String.init)
    return relatives.first { parts.contains($0.name) }
  }

  /// Loads the terminfo entry of a type, or xterm's where there is none and xterm's will do; returns the entry's name.
  private static func loadEntry(for type: String, _ relative: Relative?, terminal: Int32) -> String? {
    guard !type.isEmpty else { return nil }
    let candidates = [type] + (relative == nil ? [] : ["xterm-256color"])
    return candidates.first { ocn_load_description($0, terminal) }
  }

  private static func depth(colors: Int, direct: Bool) -> ColorDepth {
    if direct { return .truecolor }
    switch colors {
    case 256...: return .indexed
    case 16...: return .sixteen
    case 8...: return .eight
    default: return .mono
    }
  }

  private static func glyphs(term: String, isConsole: Bool) -> GlyphSet {
    if term.hasPrefix("vt") || term == "dumb" || term == "ansi" || !writesUnicode { return .ascii }
    return isConsole ? .blocks : .full
  }

  /// Whether the process writes UTF-8.
  private static var writesUnicode: Bool { strcmp(nl_langinfo(Int32(CODESET)), "UTF-8") == 0 }

  /// Sets the process' character type so that ncurses writes UTF-8, also where the robot's locale is plain C.
  package static func useUnicode() {
    setlocale(LC_ALL, "")
    if !writesUnicode {
      if setlocale(LC_CTYPE, "C.UTF-8") == nil { setlocale(LC_CTYPE, "en_US.UTF-8") }
    }
    // Numbers keep their decimal point in every locale: other libraries in the process parse files.
    setlocale(LC_NUMERIC, "C")
  }
}
