import Glibc

/// How much memory this process may use.
public enum MachineMemory {
  /// The least of the memory that the machine has, that the control group allows (cgroups(7)), and that `ulimit -v` and
  /// `ulimit -d` leave to the address space, in bytes. Read once.
  public static let byteCount: Int = {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let physical = pages > 0 ? pages.multipliedReportingOverflow(by: Int(getpagesize())).partialValue : Int.max
    return ([physical] + controlGroupLimits() + processLimits()).filter { $0 > 0 }.min() ?? Int.max
  }()

  private static func processLimits() -> [Int] {
    [__rlimit_resource_t(RLIMIT_AS.rawValue), __rlimit_resource_t(RLIMIT_DATA.rawValue)].compactMap { resource in
      var limit = rlimit()
      // RLIM_INFINITY does not fit an Int.
      return getrlimit(resource, &limit) == 0 ? Int(exactly: limit.rlim_cur) : nil
    }
  }

  /// The limits of the process's group and of those above it: the tightest counts.
  private static func controlGroupLimits() -> [Int] {
    var limits = [number("/sys/fs/cgroup/memory/memory.limit_in_bytes")]
    let own = text("/proc/self/cgroup").split(separator: "\n").first { $0.hasPrefix("0::") }?.dropFirst(3) ?? "/"
    var path = "/sys/fs/cgroup"
    limits.append(number(path + "/memory.max"))
    for part in own.split(separator: "/") where part != ".." {
      path += "/\(part)"
      limits.append(number(path + "/memory.max"))
    }
    return limits.compactMap { $0 }
  }

  /// A file's number; nil for "max", for anything else, and for a file that is not there.
  private static func number(_ path: String) -> Int? {
    Int(text(path).prefix { $0 != "\n" })
  }

  /// The start of a small file of the system; empty where it cannot be read.
  private static func text(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
