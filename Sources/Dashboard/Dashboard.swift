import Glibc
import Ground
public import Pipeline

/// How to start the dashboard. nil leaves an option to the configuration file.
public struct DashboardOptions: Sendable {
  /// A theme's name.
  public var theme: String?
  /// `blocks`, `quadrants`, `ascii`, `braille`, `edges` or `off`.
  public var style: String?
  /// `auto`, or a rate such as `50K`.
  public var bandwidth: String?
  /// `auto`, `truecolor`, `256`, `16`, `eight` or `mono`.
  public var colors: String?
  /// Leaves the mouse to the terminal.
  public var noMouse = false
  /// Most pictures per second.
  public var rate: Int?
  /// The configuration file, instead of the user's own.
  public var configPath: String?
  /// Folders with themes, in addition to the user's own.
  public var themeFolders: [String] = []
  /// The file that takes standard output and error of the process while the dashboard runs; nil discards them.
  public var logPath: String?

  public init() {}
}

/// Why the dashboard ended.
public enum ExitReason: Sendable, Equatable {
  /// By the user.
  case quit
  /// A signal, by number; the exit status is 130.
  case signal(Int32)
  /// The terminal is gone.
  case hangup
}

/// The dashboard on the terminal: shows a session until the user quits, a signal comes, or the terminal goes.
///
/// Created and run on the main thread. While ``run()`` lasts it owns the terminal, which it restores on every exit, crashes
/// included, and standard output and error of the process go to the log.
public final class Dashboard {
  private let session: SessionPort
  private let configuration: ConfigurationFile
  private let problems: [DashboardError]
  private let logPath: String?
  /// The theme was named on the command line.
  private let themeIsGiven: Bool
  private var controller: Controller

  /// - Throws: ``DashboardError`` when the terminal is too small or an option is invalid. The terminal is not changed.
  ///
  /// - Parameter catalogue: the networks that can be downloaded; nil offers none.
  public init(session: any SessionHost, options: DashboardOptions, catalogue: (any NetworkCatalogue)? = nil) throws {
    self.session = SessionPort(session)
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
      // An invalid option is an error; an invalid configuration must not keep the dashboard from starting.
      if options.theme != nil { throw error }
      problems.append(error)
    }
    self.problems = problems
    let state = DashboardState(snapshot: self.session.snapshot(), settings: settings, theme: theme, now: .now)
    controller = Controller(
      session: self.session, themes: library, configuration: configuration, state: state,
      catalogue: catalogue)
  }

  private static func apply(_ options: DashboardOptions, to settings: inout DashboardSettings) throws {
    let values: [(setting: Setting, value: String?)] = [
      (.theme, options.theme), (.style, options.style), (.bandwidth, options.bandwidth), (.colors, options.colors),
      (.rate, options.rate.map { String($0) }), (.mouse, options.noMouse ? "false" : nil),
    ]
    for (setting, value) in values {
      guard let value else { continue }
      let entry = SettingsTable.row(setting)
      guard entry.write(&settings, value) else {
        throw DashboardError(
          .badConfiguration, "'\(value)' is not a valid value for --\(setting.rawValue)",
          remedy: entry.remedy)
      }
    }
  }

  private static func checkTerminal() throws(DashboardError) {
    guard isatty(STDOUT_FILENO) == 1, let size = Terminal.size() else { return }
    guard size.columns >= ScreenLayout.smallest.columns, size.rows >= ScreenLayout.smallest.rows else {
      throw DashboardError(
        .terminalTooSmall,
        "the terminal is \(size.columns)x\(size.rows), the dashboard needs "
          + "\(ScreenLayout.smallest.columns)x\(ScreenLayout.smallest.rows)",
        remedy: "enlarge it, or use `ocellus run --headless`")
    }
  }

  /// The text of a configuration file with all defaults and comments.
  public static var defaultConfiguration: String { ConfigurationFile.defaultText }

  /// The themes that can be chosen, the default first, each with the file it is read from; nil: built in.
  public static func themes(folders: [String]) -> [(name: String, path: String?)] {
    ThemeLibrary(folders: folders).listing
  }

  /// Shows the session until the dashboard ends. Call once.
  ///
  /// - Throws: ``DashboardError`` when the terminal cannot be used; it is left unchanged.
  public func run() throws -> ExitReason {
    let settings = controller.state.settings
    let terminal = try Terminal(colors: settings.colors, mouse: settings.mouse, log: logPath)
    defer { terminal.close() }
    useThemeForFewColors(terminal.screenDepth)
    for problem in problems.prefix(3) { controller.warn(problem.line) }
    if let type = terminal.capabilities.missingEntry {
      controller.state.toast(
        "this machine has no description of '\(type)': using \(terminal.capabilities.term)", .info, .now)
    }
    var loop = DashboardLoop(
      terminal: terminal, session: session, configuration: configuration, controller: controller)
    return loop.run()
  }

  /// A theme that was named on the command line stays, whatever colours the terminal has.
  private func useThemeForFewColors(_ depth: ColorDepth) {
    let name = controller.state.theme.name
    let chosen = controller.themes.chosen(name, for: depth)
    guard !themeIsGiven, chosen != name else { return }
    do {
      controller.state.theme = try controller.themes.load(chosen)
    } catch {
      controller.warn(error.line)
    }
  }
}
