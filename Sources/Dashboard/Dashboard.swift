internal import Glibc
internal import Ground
public import Pipeline

/// How the dashboard is to start. Whatever is nil comes from the configuration.
public struct DashboardOptions: Sendable {
  /// A theme's name.
  public var theme: String?
  /// `blocks`, `ascii`, `braille`, `edges` or `off`.
  public var style: String?
  /// `auto`, or a rate such as `50K`.
  public var bandwidth: String?
  /// `auto`, `truecolor`, `256`, `16`, `eight` or `mono`.
  public var colors: String?
  /// Leaves the mouse to the terminal.
  public var noMouse = false
  /// Pictures a second at most.
  public var rate: Int?
  /// The configuration file, instead of the user's own.
  public var configPath: String?
  /// Folders with themes, beside the user's own.
  public var themeFolders: [String] = []
  /// Where whatever libraries print goes while the screen is the dashboard's.
  public var logPath: String?

  public init() {}
}

/// Why the dashboard ended.
public enum ExitReason: Sendable, Equatable {
  /// The user wanted it.
  case quit
  /// A signal, by number; the exit status is 130.
  case signal(Int32)
  /// The terminal is gone.
  case hangup
}

/// The dashboard on the terminal: shows a session until the user quits, a signal comes, or the terminal goes.
///
/// Created and run on the main thread. It owns the terminal from ``run()`` on and gives it back on every way out, crashes
/// included; meanwhile standard output and error of the process go to the log.
public final class Dashboard {
  private let session: any SessionControl
  private let configuration: ConfigurationFile
  private let problems: [DashboardError]
  private let logPath: String?
  /// The theme was named on the command line.
  private let themeIsGiven: Bool
  private let controller: Controller
  private var state: DashboardState

  /// - Throws: ``DashboardError`` when there is no usable terminal, it is too small, or an option is wrong. The terminal
  ///   has not been touched then.
  public init(session: any SessionControl, options: DashboardOptions) throws {
    self.session = session
    configuration = ConfigurationFile(path: options.configPath)
    logPath = options.logPath
    themeIsGiven = options.theme != nil
    let loaded = configuration.load()
    var settings = loaded.settings
    try Self.apply(options, to: &settings)
    try Self.checkTerminal()
    let library = ThemeLibrary(folders: options.themeFolders)
    var problems = loaded.problems
    var theme = DefaultTheme.theme
    do {
      theme = try library.load(settings.theme)
    } catch {
      // A wrong choice on the command line is an error; a wrong configuration is no reason not to start.
      if options.theme != nil { throw error }
      problems.append(error)
    }
    self.problems = problems
    controller = Controller(session: session, themes: library, configuration: configuration)
    state = DashboardState(snapshot: session.snapshot(), settings: settings, theme: theme, now: .now)
  }

  private static func apply(_ options: DashboardOptions, to settings: inout DashboardSettings) throws {
    let wishes: [(key: String, value: String?)] = [
      ("theme", options.theme), ("style", options.style), ("bandwidth", options.bandwidth), ("colors", options.colors),
      ("rate", options.rate.map { String($0) }), ("mouse", options.noMouse ? "false" : nil),
    ]
    for (key, value) in wishes {
      guard let value, let entry = SettingsTable.all.first(where: { $0.key == key }) else { continue }
      guard entry.write(&settings, value) else {
        throw DashboardError(
          .badConfiguration, "'\(value)' is not a value for --\(key)",
          remedy: entry.choices.isEmpty ? "" : "one of " + entry.choices.joined(separator: ", "))
      }
    }
  }

  private static func checkTerminal() throws(DashboardError) {
    guard isatty(STDOUT_FILENO) == 1, let size = Terminal.size() else { return }
    guard size.columns >= Layout.smallest.columns, size.rows >= Layout.smallest.rows else {
      throw DashboardError(
        .terminalTooSmall,
        "the terminal is \(size.columns)x\(size.rows), and the dashboard needs "
          + "\(Layout.smallest.columns)x\(Layout.smallest.rows)",
        remedy: "enlarge it, or use `ocellus run --headless`")
    }
  }

  /// A complete configuration file with all defaults, explained.
  public static var defaultConfiguration: String { ConfigurationFile.defaultText }

  /// The themes that can be chosen, the default first, each with the file it is read from; nil: built in.
  public static func themes(folders: [String]) -> [(name: String, path: String?)] {
    ThemeLibrary(folders: folders).listing
  }

  /// Shows the session until it is time to end. Call once.
  ///
  /// - Throws: ``DashboardError`` when the terminal cannot be used; it is as before then.
  public func run() throws -> ExitReason {
    let terminal = try Terminal(colors: state.settings.colors, mouse: state.settings.mouse, log: logPath)
    defer { terminal.close() }
    let chosen = controller.themes.chosen(state.theme.name, for: terminal.screenDepth)
    if !themeIsGiven, chosen != state.theme.name, let theme = try? controller.themes.load(chosen) {
      state.theme = theme
    }
    for problem in problems.prefix(3) { state.toast(problem.line, .warning, .now) }
    if let type = terminal.capabilities.missingEntry {
      state.toast("'\(type)' is not described on this machine: using \(terminal.capabilities.term)", .info, .now)
    }
    var loop = DashboardLoop(
      terminal: terminal, session: session, controller: controller, configuration: configuration, state: state)
    let reason = loop.run()
    state = loop.state
    return reason
  }
}
