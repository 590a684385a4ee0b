public import Ground

/// What keeps the dashboard from starting, or what is wrong with a theme or a configuration.
public typealias DashboardError = Explained<DashboardErrorKind>

/// The causes of a ``DashboardError``, for programs to tell apart.
public enum DashboardErrorKind: String, Sendable {
  case noTerminal
  case unknownTerminal
  case terminalTooSmall
  case badTheme
  case badConfiguration
}
