public import Ground

/// What keeps the dashboard from starting, or what is wrong with a theme or a configuration.
public struct DashboardError: ExplainedError, Equatable {
  public enum Kind: String, Sendable {
    case noTerminal
    case unknownTerminal
    case terminalTooSmall
    case badTheme
    case badConfiguration
  }

  public var kind: Kind
  public var what: String
  public var place: String
  public var remedy: String

  public init(_ kind: Kind, _ what: String, place: String = "", remedy: String = "") {
    self.kind = kind
    self.what = what
    self.place = place
    self.remedy = remedy
  }
}
