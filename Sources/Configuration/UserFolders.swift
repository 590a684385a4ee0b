import Glibc

/// Where a user's own files are (XDG Base Directory specification). The only place that reads `$HOME` and the password entry.
public enum UserFolders {
  /// `$XDG_CONFIG_HOME/ocellus`: the configuration and the user's own themes.
  public static var configuration: String { UserBase.process.configuration }
  /// `$XDG_STATE_HOME/ocellus`: the log.
  public static var state: String { UserBase.process.state }
  /// A path as users type it, with the home folder for a `~` at its beginning.
  public static func expanded(_ path: String) -> String { UserBase.process.expanded(path) }
  /// The user's own folder for `kind` ("models"), `$XDG_DATA_HOME/ocellus/…`.
  public static func data(_ kind: String) -> String { UserBase.process.data(kind) }
}

/// An environment and a password entry, and the folders that follow from them.
package struct UserBase: Sendable {
  /// The value of an environment variable; nil where it is not set.
  package var variable: @Sendable (String) -> String?
  /// The home folder that the user data base has; nil where it has none.
  package var entry: @Sendable () -> String?

  package init(variable: @escaping @Sendable (String) -> String?, entry: @escaping @Sendable () -> String?) {
    self.variable = variable
    self.entry = entry
  }

  /// Those of this process.
  package static let process = UserBase(
    variable: { name in getenv(name).map { String(cString: $0) } },
    entry: { getpwuid(getuid()).flatMap { $0.pointee.pw_dir }.map { String(cString: $0) } })

  package func expanded(_ path: String) -> String {
    path == "~" || path.hasPrefix("~/") ? home + path.dropFirst() : path
  }

  package var configuration: String { base("XDG_CONFIG_HOME", ".config") + "/ocellus" }
  package var state: String { base("XDG_STATE_HOME", ".local/state") + "/ocellus" }
  package func data(_ kind: String) -> String { base("XDG_DATA_HOME", ".local/share") + "/ocellus/" + kind }

  /// The folder that an environment variable names. The specification has a relative path ignored.
  private func base(_ name: String, _ fallback: String) -> String {
    if let value = variable(name), value.hasPrefix("/") { return value }
    return home + "/" + fallback
  }

  /// `$HOME`, else the home folder of the password entry.
  private var home: String {
    if let value = variable("HOME"), !value.isEmpty { return value }
    return entry() ?? "/root"
  }
}
