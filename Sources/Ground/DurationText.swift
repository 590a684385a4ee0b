/// Durations as texts show them.
public enum DurationText {
  /// Seconds with one decimal: "1.5". Made of whole numbers, so that it is the same in every locale.
  public static func tenths(_ seconds: Double) -> String {
    let value = Int(saturating: max(-1e15, min(1e15, (seconds * 10).rounded())))
    return "\(value < 0 ? "-" : "")\(abs(value) / 10).\(abs(value) % 10)"
  }
}
