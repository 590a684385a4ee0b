import Foundation
import Glibc
import Recording
import TestSupport
import Testing

/// Recordings onto real file systems that fill, turn read-only or go away: mounted here, which only root may.
@Suite(
  .enabled(
    if: getenv("OCELLUS_REAL_DISKS") != nil && geteuid() == 0,
    "mounts file systems: only as root and with OCELLUS_REAL_DISKS, as `make test-disks` does"), .serialized)
struct RealDiskTests {
  /// A small file system of its own, gone with the test.
  private final class Disk {
    let scratch: TemporaryFolder
    var folder: String { scratch.file("disk") }
    private var device: String?

    private init() throws {
      scratch = try TemporaryFolder()
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// In memory: really full when it is full.
    static func inMemory(megabytes: Int) throws -> Disk {
      let disk = try Disk()
      try Disk.shell("mount -t tmpfs -o size=\(megabytes)m tmpfs \(disk.folder)")
      return disk
    }

    /// A journalling one that turns read-only on its first error, as a failing disk makes it do.
    static func journalling(megabytes: Int) throws -> Disk {
      let disk = try Disk()
      let image = disk.scratch.file("image")
      try Disk.shell("truncate -s \(megabytes)M \(image) && mkfs.ext4 -q -e remount-ro \(image)")
      let device = try Disk.shell("losetup -f --show \(image)")
      disk.device = device
      try Disk.shell("mount \(device) \(disk.folder)")
      return disk
    }

    /// The kernel's own way to try what an error does to a file system.
    func fail() throws {
      let name = (try #require(device) as NSString).lastPathComponent
      try Disk.shell("echo 1 > /sys/fs/ext4/\(name)/trigger_fs_error")
    }

    func takeAway() throws { try Disk.shell("umount -l \(folder)") }

    var recordings: [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.contains(".mcap") }.sorted()
        .map { folder + "/" + $0 }
    }

    @discardableResult
    static func shell(_ command: String) throws -> String {
      let process = Process()
      let output = Pipe()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", command]
      process.standardOutput = output
      try process.run()
      let text = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      try #require(process.terminationStatus == 0, "\(command)")
      return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    deinit {
      _ = try? Disk.shell("umount -l \(folder) 2>/dev/null; true")
      if let device { _ = try? Disk.shell("losetup -d \(device); true") }
    }
  }

  private static let source = ["--source", "demo:seed=7", "--floor", "0"]

  /// Waits until the recording has grown to `bytes`.
  private func waitForBytes(_ bytes: Int, on disk: Disk) {
    eventually(every: 20) { size(on: disk) >= bytes }
  }

  private func size(on disk: Disk) -> Int {
    let attributes = disk.recordings.first.flatMap { try? FileManager.default.attributesOfItem(atPath: $0) }
    return (attributes?[.size] as? NSNumber)?.intValue ?? 0
  }

  private func expectOneLine(_ outcome: Program.Outcome, _ words: String) {
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    // The first line says where it records.
    let lines = outcome.errors.split(separator: "\n").filter { !$0.hasPrefix("recording to ") }
    #expect(lines.count == 1 && lines[0].contains(words), "\(outcome.errors)")
  }

  @Test func exportsThatDoNotFitLeaveNothing() throws {
    let disk = try Disk.inMemory(megabytes: 1)
    let made = ["run", "--headless", "--frames", "200", "--record", disk.scratch.file("r"), "--pace", "fast"]
    #expect(try Program.run(made + RealDiskTests.source).status == 0)
    let files = try FileManager.default.contentsOfDirectory(atPath: disk.scratch.file("r"))
    let recording = disk.scratch.file("r/\(try #require(files.first))")
    try Disk.shell("head -c 1000000 /dev/zero > \(disk.folder)/filler")
    for command in [
      ["export", recording, "--to", "coco", "--output"], ["export", recording, "--to", "csv", "--output"],
      ["export", recording, "--to", "frames", "--output"], ["export", recording, "--to", "video", "--output"],
      ["recover", recording],
    ] {
      let outcome = try Program.run(command + [disk.folder + "/out.mp4"])
      #expect(outcome.status == 1 && outcome.output.isEmpty, "\(command): \(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk.folder) == ["filler"], "\(command)")
    }
  }

  /// Recovers `file` elsewhere and returns how many frames came out.
  private func framesRecovered(_ file: String, _ scratch: TemporaryFolder, status: Int32) throws -> Int {
    let saved = scratch.file("saved.mcap")
    let recovery = try Program.run(["recover", file, saved])
    #expect(recovery.status == status, "\(recovery.output)\(recovery.errors)")
    let lines = scratch.file("saved.jsonl")
    let export = try Program.run(["export", saved, "--to", "jsonl", "--output", lines])
    #expect(export.status == 0, "\(export.errors)")
    return try String(contentsOfFile: lines, encoding: .utf8).split(separator: "\n").count
  }

  @Test(arguments: ["lz4", "none"]) func aFullDiskEndsTheRecordingWhole(_ compression: String) throws {
    let disk = try Disk.inMemory(megabytes: 6)
    let outcome = try Program.run(
      ["record", "--record", disk.folder, "--compression", compression] + Self.source, timeout: 120)
    expectOneLine(outcome, "the disk is full")
    let file = try #require(disk.recordings.first)
    #expect(disk.recordings.count == 1 && file.hasSuffix(".mcap"))
    #expect(try framesRecovered(file, disk.scratch, status: 0) > 30)
  }

  @Test func theFloorOfFreeSpaceStopsBeforeTheDiskIsFull() throws {
    let disk = try Disk.inMemory(megabytes: 6)
    let outcome = try Program.run(
      ["record", "--record", disk.folder, "--source", "demo:seed=7", "--floor", "3MiB"], timeout: 120)
    expectOneLine(outcome, "less than the floor")
    #expect(try framesRecovered(try #require(disk.recordings.first), disk.scratch, status: 0) > 10)
  }

  /// Half a second of a fast recording is more than the disk has left.
  @Test func theFloorHoldsOnASmallDiskAndNothingIsLost() throws {
    let disk = try Disk.inMemory(megabytes: 12)
    let outcome = try Program.run(
      ["record", "--record", disk.folder, "--floor", "1MiB", "--pace", "fast", "--source", "demo:seed=7"], timeout: 120)
    expectOneLine(outcome, "less than the floor of 1.0 MiB")
    #expect(!outcome.errors.contains("lost") && outcome.errors.contains("everything up to then is in"))
    #expect(SystemFileLayer().freeBytes(at: disk.folder).map { $0 >= 1 << 20 } == true)
    #expect(try framesRecovered(try #require(disk.recordings.first), disk.scratch, status: 0) > 60)
  }

  @Test func aDiskThatTurnsReadOnlyKeepsWhatItHas() throws {
    let disk = try Disk.journalling(megabytes: 64)
    let process = try Program.start(["record", "--record", disk.folder] + Self.source, into: disk.scratch)
    waitForBytes(2_000_000, on: disk)
    try disk.fail()
    expectOneLine(try Program.end(process, disk.scratch), "read-only")
    let file = try #require(disk.recordings.first)
    #expect(disk.recordings.count == 1 && file.hasSuffix(".mcap.active"))
    #expect(try framesRecovered(file, disk.scratch, status: 3) > 20)
  }

  @Test func aDiskThatIsTakenAwayEndsTheRecording() throws {
    let disk = try Disk.journalling(megabytes: 64)
    let process = try Program.start(["record", "--record", disk.folder] + Self.source, into: disk.scratch)
    waitForBytes(1_000_000, on: disk)
    try disk.takeAway()
    expectOneLine(try Program.end(process, disk.scratch), "vanished")
  }

  /// The dashboard goes on, says what happened, takes keys, and ends as ever.
  private func expectUnharmed(_ run: TerminalRun, saying words: String) {
    #expect(run.wait(seconds: 60) { $0.shows(words) || $0.status != nil }, "\(run.screen.text)")
    #expect(run.status == nil)
    run.send("?")
    #expect(run.wait { $0.shows("Esc closes") })
    run.send("\u{1B}")
    #expect(run.wait { !$0.shows("Esc closes") && $0.shows("age ") })
    run.send("q")
    #expect(run.wait { $0.status != nil } && run.exitCode == 0)
    run.expectRestored(words)
  }

  @Test func theDashboardGoesOnWhenTheDiskIsFull() throws {
    let disk = try Disk.inMemory(megabytes: 6)
    let run = try TerminalRun(["run", "--record", disk.folder] + Self.source)
    expectUnharmed(run, saying: "stopped: the disk is full")
    #expect(disk.recordings.count == 1 && disk.recordings[0].hasSuffix(".mcap"))
  }

  @Test func theDashboardGoesOnWhenTheDiskTurnsReadOnly() throws {
    let disk = try Disk.journalling(megabytes: 64)
    let run = try TerminalRun(["run", "--record", disk.folder] + Self.source)
    run.wait { _ in !disk.recordings.isEmpty }
    run.wait { _ in size(on: disk) > 1_000_000 }
    try disk.fail()
    expectUnharmed(run, saying: "stopped: the disk has become")
    #expect(disk.recordings.count == 1)
  }
}
