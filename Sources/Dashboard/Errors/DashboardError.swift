public import Ground

/// The terminal, a theme or the configuration cannot be used.
public typealias DashboardError = Explained<DashboardErrorKind>

/// The causes of a ``DashboardError``, for programs to tell apart.
public enum DashboardErrorKind: String, Sendable {
  case noTerminal
  case unknownTerminal
  case terminalTooSmall
  case badTheme
  case badConfiguration
}
