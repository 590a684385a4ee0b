import CNcurses

/// Gives the terminal back where the process ends at once, without a signal: when no memory is left.
public enum TerminalRescue {
  /// Does nothing while no dashboard is on the terminal; allocates nothing.
  public static let act: @convention(c) () -> Void = { ocn_guard_put_back() }
}
