internal import CNcurses
internal import Glibc

/// Which characters the terminal can be trusted with.
package enum GlyphSet: String, Sendable, CaseIterable {
  case ascii
  /// What the font of the Linux console has: lines, full and half blocks.
  case blocks
  /// Eighth blocks and braille too.
  case full
}

/// What the terminal can do, from terminfo and the environment.
package struct TerminalCapabilities: Sendable {
  package var term: String
  package var depth: ColorDepth
  /// What the terminfo entry itself promises.
  package var entryDepth: ColorDepth
  package var glyphs: GlyphSet
  /// Worth asking for synchronised output.
  package var answersQueries: Bool

  /// - Parameter forced: the user's choice of colours, if any.
  package static func detect(environment: (String) -> String?, terminal: Int32, forced: ColorDepth?)
    throws(DashboardError) -> TerminalCapabilities
  {
    let term = environment("TERM") ?? ""
    guard !term.isEmpty, ocn_load_description(term, terminal) else {
      throw DashboardError(
        .unknownTerminal, term.isEmpty ? "TERM is not set" : "unknown terminal type '\(term)'",
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
    // The variable survives a change of terminal; one without colours, or the console, it cannot speak for.
    let variable = environment("COLORTERM")?.lowercased() ?? ""
    let claimsTruecolor =
      ocn_boolean_capability("Tc")
      || (["truecolor", "24bit"].contains(variable) && entryDepth > .mono && !isConsole)
    var best = claimsTruecolor ? max(entryDepth, .truecolor) : entryDepth
    if let forced {
      best = forced
    } else if !(environment("NO_COLOR") ?? "").isEmpty {
      best = .mono
    }
    return TerminalCapabilities(
      term: term, depth: best, entryDepth: entryDepth,
      glyphs: glyphs(term: term, isConsole: isConsole, environment: environment),
      answersQueries: !isConsole && !term.hasPrefix("vt"))
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

  private static func glyphs(term: String, isConsole: Bool, environment: (String) -> String?) -> GlyphSet {
    if term.hasPrefix("vt") || term == "dumb" || term == "ansi" { return .ascii }
    return isConsole ? .blocks : .full
  }

  /// Sets the process' character type so that ncurses writes UTF-8, also where the robot's locale is plain C.
  package static func useUnicode() {
    setlocale(LC_ALL, "")
    if strcmp(nl_langinfo(Int32(CODESET)), "UTF-8") != 0 {
      if setlocale(LC_CTYPE, "C.UTF-8") == nil { setlocale(LC_CTYPE, "en_US.UTF-8") }
    }
    // Numbers keep their decimal point whatever the locale: other libraries in the process parse files.
    setlocale(LC_NUMERIC, "C")
  }
}
