import Glibc

/// Where a user's own files are (XDG Base Directory specification).
public enum UserFolders {
  /// `$XDG_CONFIG_HOME/ocellus`: the configuration and the user's own themes.
  public static var configuration: String { base("XDG_CONFIG_HOME", ".config") + "/ocellus" }
  /// `$XDG_STATE_HOME/ocellus`: the log.
  public static var state: String { base("XDG_STATE_HOME", ".local/state") + "/ocellus" }
  /// The user's own folder for `kind` ("models"), `$XDG_DATA_HOME/ocellus/…`.
  public static func data(_ kind: String) -> String { base("XDG_DATA_HOME", ".local/share") + "/ocellus/" + kind }

  /// The folder that an environment variable names. The specification has a relative path ignored.
  private static func base(_ variable: String, _ fallback: String) -> String {
    if let value = getenv(variable).map({ String(cString: $0) }), value.hasPrefix("/") { return value }
    return home + "/" + fallback
  }

  /// `$HOME`, else the home folder that the user data base has.
  private static var home: String {
    if let value = getenv("HOME").map({ String(cString: $0) }), !value.isEmpty { return value }
    guard let entry = getpwuid(getuid()), let folder = entry.pointee.pw_dir else { return "/root" }
    return String(cString: folder)
  }
}
