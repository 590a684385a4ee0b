import Glibc

/// The memory that this process has taken from the system.
enum ProcessMemory {
  /// The largest resident set so far, in MiB (`getrusage(2)`).
  static var peakMebibytes: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}
