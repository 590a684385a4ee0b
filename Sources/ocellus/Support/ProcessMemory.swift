import Foundation

/// The memory that this process has taken from the system.
enum ProcessMemory {
  /// The largest resident set so far, in MiB: `VmHWM` of proc(5). (`getrusage(2)` counts what the program that started
  /// this one had taken.)
  static var peakMebibytes: Double {
    let lines = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8))?.split(separator: "\n") ?? []
    let kibibytes = lines.first { $0.hasPrefix("VmHWM:") }?.split(whereSeparator: \.isWhitespace).dropFirst().first
    return (kibibytes.flatMap { Double($0) } ?? 0) / 1024
  }
}
