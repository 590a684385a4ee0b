import Foundation
import Pipeline
import Service
import TestSupport
import Testing

/// The machine's files as kernels of real machines write them, whole, missing, malformed and huge.
@Suite struct MachineTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func put(_ path: String, _ text: String) throws {
    let full = folder.file(path)
    try FileManager.default.createDirectory(
      atPath: URL(fileURLWithPath: full).deletingLastPathComponent().path, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: full))
  }

  /// - Parameter ticks: busy and idle ticks of all cores, and those of this process.
  private func time(_ busy: Int, _ idle: Int, _ own: Int, cores: Int = 4) throws {
    let lines = (0..<cores).map { "cpu\($0) \(busy / cores) 0 0 \(idle / cores) 0 0 0 0 0 0" }
    try put("proc/stat", (["cpu  \(busy) 0 0 \(idle) 0 0 0 0 0 0"] + lines).joined(separator: "\n") + "\nintr 1 2 3\n")
    try put(
      "proc/self/stat", "77 (a (strange) name) S 1 77 77 0 -1 4194304 10 0 0 0 \(own) 0 0 0 20 0 9 0 100 1 2 3\n")
  }

  private func memory() throws {
    try put("proc/meminfo", "MemTotal:        7999000 kB\nMemFree:  100 kB\nMemAvailable:    5999000 kB\n")
    try put("proc/self/statm", "90000 25600 900 1 0 7 0\n")
  }

  @Test func aRaspberryPi4() throws {
    try time(1000, 3000, 400)
    try memory()
    try put("sys/class/thermal/thermal_zone0/temp", "61823\n")
    try put("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n")
    try put("sys/devices/platform/soc/soc:firmware/get_throttled", "50000\n")
    var reader = MachineReader(root: folder.path)
    let first = reader.read()
    #expect(first.busy == nil && first.cores == 4 && first.temperature == 61.823)
    // What was so once (bits 16 and 18) is not so now.
    #expect(first.throttled == [])
    #expect(first.memoryTotal == 7_999_000 * 1024 && first.memoryUsed == 2_000_000 * 1024)
    #expect(first.processMemory.map { $0 % 25600 == 0 && $0 >= 25600 * 4096 } == true)
    try time(1300, 3100, 600)
    try put("sys/devices/platform/soc/soc:firmware/get_throttled", "0x50005\n")
    let second = reader.read()
    #expect(second.busy == 0.75 && second.processCores == 2)
    #expect(second.throttled == ["under-voltage", "throttled"])
  }

  @Test func aJetson() throws {
    try time(10, 10, 1, cores: 6)
    for (index, zone) in [
      ("CPU-therm", "48500"), ("GPU-therm", "51250"), ("PMIC-Die", "100000000"), ("off", "-256000"),
    ]
    .enumerated() {
      try put("sys/class/thermal/thermal_zone\(index)/type", zone.0 + "\n")
      try put("sys/class/thermal/thermal_zone\(index)/temp", zone.1 + "\n")
    }
    try put("sys/class/thermal/cooling_device0/type", "pwm-fan\n")
    try put("sys/class/thermal/cooling_device0/cur_state", "4\n")
    try put("sys/class/thermal/cooling_device1/type", "thermal-cpufreq-0\n")
    try put("sys/class/thermal/cooling_device1/cur_state", "0\n")
    var reader = MachineReader(root: folder.path)
    let cool = reader.read()
    #expect(cool.temperature == 51.25 && cool.throttled == [])
    try put("sys/class/thermal/cooling_device1/cur_state", "3\n")
    #expect(reader.read().throttled == ["hot"])
  }

  @Test func aPersonalComputer() throws {
    try time(10, 10, 1)
    try put("sys/class/hwmon/hwmon0/name", "coretemp\n")
    try put("sys/class/hwmon/hwmon0/temp1_input", "55000\n")
    try put("sys/class/hwmon/hwmon0/temp2_input", "57000\n")
    try put("sys/class/hwmon/hwmon0/temp2_max", "100000\n")
    for core in 0..<4 { try put("sys/devices/system/cpu/cpu\(core)/thermal_throttle/core_throttle_count", "12\n") }
    var reader = MachineReader(root: folder.path)
    let first = reader.read()
    #expect(first.temperature == 57 && first.throttled == [])
    #expect(reader.read().throttled == [])
    try put("sys/devices/system/cpu/cpu2/thermal_throttle/core_throttle_count", "13\n")
    #expect(reader.read().throttled == ["hot"])
    #expect(reader.read().throttled == [])
  }

  /// A virtual machine tells little; what is not there is left out.
  @Test func nothingIsThere() throws {
    var reader = MachineReader(root: folder.path)
    #expect(reader.read() == MachineStatus())
    #expect(reader.read() == MachineStatus())
  }

  @Test func nonsenseIsLeftOut() throws {
    let texts = [
      "", "\n", "abc", "-1", "1e999", "nan", "18446744073709551616", "cpu ", "cpu  -5 0 0 9\n", "cpu  inf 0 0 1 0\n",
      String(repeating: "9", count: 70_000), String(repeating: "cpu0 1\n", count: 20_000), "0xZZ", "MemTotal: x kB",
      "MemTotal: 1 kB\nMemAvailable: 5 kB", "1 ) ) )", "\u{0}\u{1}",
    ]
    let files = [
      "proc/stat", "proc/self/stat", "proc/meminfo", "proc/self/statm", "sys/class/thermal/thermal_zone0/temp",
      "sys/devices/platform/soc/soc:firmware/get_throttled", "sys/class/thermal/cooling_device0/cur_state",
      "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
    ]
    try put("sys/class/thermal/cooling_device0/type", "Processor\n")
    var reader = MachineReader(root: folder.path)
    for text in texts {
      for file in files { try put(file, text) }
      let status = reader.read()
      if let busy = status.busy { #expect((0...1).contains(busy)) }
      if let degrees = status.temperature { #expect((-40...150).contains(degrees)) }
      if let used = status.memoryUsed, let total = status.memoryTotal { #expect(used <= total) }
    }
  }

  /// A folder with more sensors than are looked at, and a sensor that is a folder.
  @Test func manySensors() throws {
    for index in 0..<400 { try put("sys/class/thermal/thermal_zone\(index)/temp", "40000\n") }
    try FileManager.default.createDirectory(
      atPath: folder.file("sys/class/thermal/thermal_zone500/temp"), withIntermediateDirectories: true)
    var reader = MachineReader(root: folder.path)
    #expect(reader.read().temperature == 40)
  }

  /// This machine's own files: a process that computes is seen to.
  @Test func thisMachine() throws {
    var reader = MachineReader()
    _ = reader.read()
    let start = Date()
    var sum = 0.0
    while Date().timeIntervalSince(start) < 0.5 { sum += sum.squareRoot() + 1 }
    let status = reader.read()
    #expect(sum > 0)
    #expect((status.cores ?? 0) >= 1 && (status.memoryTotal ?? 0) > 1 << 20 && (status.processMemory ?? 0) > 1 << 20)
    #expect((status.busy ?? 0) > 0.02 && (status.processCores ?? 0) > 0.05, "\(status)")
  }

  @Test func itsFormInJSON() throws {
    var status = MachineStatus()
    status.busy = 0.5
    status.temperature = 61.5
    status.throttled = ["hot"]
    let data = try JSONEncoder().encode(status)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["busy"] as? Double == 0.5 && object["temperature_c"] as? Double == 61.5)
    #expect(object["throttled"] as? [String] == ["hot"] && object.count == 3)
    #expect(try JSONDecoder().decode(MachineStatus.self, from: data) == status)
  }
}
