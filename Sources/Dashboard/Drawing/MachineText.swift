import Ground
public import Pipeline

/// How the machine fares, in words.
public enum MachineText {
  /// What is known, the most important first: what holds the clock back, heat, load, memory.
  ///
  /// - Parameter isLong: whole words, for lines that stand alone.
  public static func parts(of status: MachineStatus, isLong: Bool = false) -> [String] {
    var parts: [String] = []
    if let reasons = status.throttled {
      if !reasons.isEmpty {
        parts.append("THROTTLED: " + reasons.joined(separator: ", "))
      } else if isLong {
        parts.append("not throttled")
      }
    }
    if let degrees = status.temperature { parts.append(Text.fixed(degrees, 0) + "\u{B0}C") }
    if let busy = status.busy { parts.append("CPU " + Text.percent(busy) + (isLong ? " busy" : "")) }
    if let own = status.processCores {
      let of = status.cores.map { " of \($0)" } ?? ""
      parts.append((isLong ? "this process " : "own ") + Text.fixed(own, 1) + of + (isLong ? " cores" : ""))
    }
    if let used = status.memoryUsed, let total = status.memoryTotal {
      parts.append((isLong ? "memory " : "mem ") + gibibytes(used) + "/" + gibibytes(total) + " GiB")
    }
    if let own = status.processMemory { parts.append((isLong ? "this process " : "own ") + gibibytes(own) + " GiB") }
    return parts
  }

  private static func gibibytes(_ bytes: UInt64) -> String { Text.fixed(Double(bytes) / Double(1 << 30), 1) }
}
