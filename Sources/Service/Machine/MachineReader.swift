import Configuration
import Glibc
import Ground
package import Pipeline

/// Reads how the machine fares from the files of Linux' kernel (proc(5), Documentation/ABI in the kernel's sources), without any
/// right. Whatever is not there, or is nonsense, is left out.
///
/// One thread: shares of time are those since the reading before.
package struct MachineReader {
  /// Bytes of a file, entries of a folder and cores that are looked at.
  private static let fileBytes = 1 << 16
  private static let mostEntries = 256
  /// Degrees that a working sensor can show; others are those of sensors that are off.
  private static let possible = -40.0...150.0

  private let root: String
  private var before: Times?

  private struct Times {
    /// Ticks since the start.
    var busy: Double
    var all: Double
    var process: Double?
    /// How often the cores were held back because they were hot (x86).
    var throttles: Double?
  }

  /// - Parameter root: where the folders `proc` and `sys` lie.
  package init(root: String = "") { self.root = root }

  package mutating func read() -> MachineStatus {
    var status = MachineStatus()
    let stat = text("/proc/stat") ?? ""
    let cores = stat.split(separator: "\n").count { $0.hasPrefix("cpu") && $0.dropFirst(3).first?.isNumber == true }
    status.cores = cores > 0 ? cores : nil
    let times = times(stat)
    if let times, let before, times.all > before.all {
      let passed = times.all - before.all
      status.busy = rounded(min(1, max(0, (times.busy - before.busy) / passed)))
      if let now = times.process, let then = before.process, cores > 0 {
        status.processCores = rounded(min(Double(cores), max(0, (now - then) / passed * Double(cores))))
      }
    }
    status.temperature = temperature
    status.throttled = throttles(times, before)
    before = times
    readMemory(into: &status)
    return status
  }

  /// To thousandths.
  private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

  // MARK: Time

  private func times(_ stat: String) -> Times? {
    guard let line = stat.split(separator: "\n").first(where: { $0.hasPrefix("cpu ") }) else { return nil }
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are in the first two.
    let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
    guard ticks.count >= 4, ticks.allSatisfy({ $0 >= 0 && $0.isFinite }) else { return nil }
    let all = ticks.reduce(0, +)
    let idle = ticks[3] + (ticks.count > 4 ? ticks[4] : 0)
    return Times(busy: all - idle, all: all, process: processTicks, throttles: throttleCount)
  }

  /// utime and stime. The program's name, in parentheses, may hold anything.
  private var processTicks: Double? {
    guard let line = text("/proc/self/stat"), let end = line.lastIndex(of: ")") else { return nil }
    let fields = line[line.index(after: end)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
    return user + system
  }

  // MARK: Temperature

  /// Thermal zones, else the sensors of `hwmon`, which some machines have instead.
  private var temperature: Double? {
    let zones = entries("/sys/class/thermal").filter { $0.hasPrefix("thermal_zone") }
      .compactMap { degrees("/sys/class/thermal/\($0)/temp") }
    if let hottest = zones.max() { return hottest }
    return entries("/sys/class/hwmon").flatMap { chip in
      entries("/sys/class/hwmon/\(chip)").filter { $0.hasPrefix("temp") && $0.hasSuffix("_input") }
        .compactMap { degrees("/sys/class/hwmon/\(chip)/\($0)") }
    }.max()
  }

  /// Files have thousandths of a degree.
  private func degrees(_ path: String) -> Double? {
    number(path).map { $0 / 1000 }.flatMap { Self.possible.contains($0) && $0 != 0 ? $0 : nil }
  }

  // MARK: Throttling

  /// The bits of `get_throttled` that say what is so now (Raspberry Pi's documentation of `vcgencmd`).
  private static let firmwareBits = [
    (0, "under-voltage"), (1, "frequency capped"), (2, "throttled"), (3, "soft temperature limit"),
  ]

  /// nil where nothing on the machine tells.
  private func throttles(_ times: Times?, _ before: Times?) -> [String]? {
    var reasons: [String] = []
    var isKnown = false
    if let bits = firmware {
      isKnown = true
      reasons += Self.firmwareBits.filter { bits & (1 << UInt64($0.0)) != 0 }.map(\.1)
    }
    if let now = times?.throttles {
      isKnown = true
      if let then = before?.throttles, now > then { reasons.append("hot") }
    }
    for state in coolingStates {
      isKnown = true
      if state > 0, !reasons.contains("hot") { reasons.append("hot") }
    }
    return isKnown ? reasons : nil
  }

  private var firmware: UInt64? {
    text("/sys/devices/platform/soc/soc:firmware/get_throttled").flatMap { text in
      let hex = text.trimmingPrefix("0x").prefix { $0.isHexDigit }
      return UInt64(hex, radix: 16)
    }
  }

  private var throttleCount: Double? {
    let folder = "/sys/devices/system/cpu"
    let counts = entries(folder).filter { $0.hasPrefix("cpu") && $0.dropFirst(3).first?.isNumber == true }
      .compactMap { number("\(folder)/\($0)/thermal_throttle/core_throttle_count") }
    return counts.isEmpty ? nil : counts.reduce(0, +)
  }

  /// How far the clocks are turned down by the kernel's cooling: above 0 they are. Fans and idle injection are not asked.
  private var coolingStates: [Double] {
    let folder = "/sys/class/thermal"
    return entries(folder).filter { $0.hasPrefix("cooling_device") }.compactMap { device in
      guard let type = text("\(folder)/\(device)/type")?.lowercased(),
        type.hasPrefix("processor") || type.contains("cpufreq") || type.contains("cpu_freq")
      else { return nil }
      return number("\(folder)/\(device)/cur_state")
    }
  }

  // MARK: Memory

  private func readMemory(into status: inout MachineStatus) {
    var fields: [Substring: UInt64] = [:]
    for line in (text("/proc/meminfo") ?? "").split(separator: "\n").prefix(Self.mostEntries) {
      let words = line.split(separator: " ")
      guard words.count >= 2, let kilobytes = UInt64(words[1]), kilobytes < 1 << 50 else { continue }
      fields[words[0]] = kilobytes * 1024
    }
    if let total = fields["MemTotal:"], total > 0 {
      status.memoryTotal = total
      if let free = fields["MemAvailable:"], free <= total { status.memoryUsed = total - free }
    }
    // In pages: the whole, and what is in memory.
    let pages = (text("/proc/self/statm") ?? "").split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
    if let pages, pages < 1 << 40 { status.processMemory = pages * UInt64(max(1, sysconf(Int32(_SC_PAGESIZE)))) }
  }

  // MARK: Files

  private func number(_ path: String) -> Double? {
    text(path).flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil }
  }

  /// nil for what is not there, too large or no text: a machine without it is as good.
  private func text(_ path: String) -> String? {
    do throws(ConfigurationError) {
      let text = try SmallFile.text(root + path, limit: Self.fileBytes)
      return String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    } catch { return nil }
  }

  private func entries(_ path: String) -> [String] {
    guard let folder = opendir(root + path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while names.count < Self.mostEntries, let entry = Glibc.readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
