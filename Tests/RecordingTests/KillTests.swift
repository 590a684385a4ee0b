import Capture
import Foundation
import Glibc
import Ground
import Pipeline
import Recording
import TestSupport
import Testing
import Vision

/// Recordings whose process is killed: the file must recover, whole up to its last half second.
///
/// The process that dies is this test program itself, started anew with only the victim's test.
@Suite struct KillTests {
  private static let victimFolder = getenv("OCELLUS_VICTIM_FOLDER").map { String(cString: $0) }
  private static let kills = environmentCount("OCELLUS_KILLS", usual: 3)
  /// A busy machine may hold any process up for long, so that the time lost is judged only where kills are counted.
  private static let judgesTime = getenv("OCELLUS_KILLS") != nil
  private static let pictureBytes = 40_000

  /// Records until it is killed, thirty frames a second, and notes in a file when it handed over each.
  @Test(.enabled(if: KillTests.victimFolder != nil, "only as the process that is killed"))
  func victim() throws {
    let folder = try #require(KillTests.victimFolder)
    let journal = open(folder + "/handed", O_WRONLY | O_CREAT | O_APPEND, 0o644)
    var configuration = RecordingConfiguration(directory: folder)
    configuration.freeFloorBytes = 0
    let recorder = Recorder(configuration)
    recorder.setRecording(true)
    // Nobody needs it for longer, should its killer have died itself.
    for number in 0..<900 {
      let now = MonotonicTime.now
      var result = Scene.result(
        number, start: now, jpeg: Scene.opaque(number, bytes: KillTests.pictureBytes))
      result.frame.timestamp = now
      recorder.receive(result)
      let line = "\(number) \(now.nanoseconds)\n"
      _ = line.withCString { write(journal, $0, strlen($0)) }
      pass(33_000_000)
    }
  }

  private func start(_ folder: String) throws -> Process {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    // The runner is started as it was for this process, with another filter.
    var arguments = Array(CommandLine.arguments.dropFirst())
    while let place = arguments.firstIndex(of: "--filter"), place + 1 < arguments.count {
      arguments.removeSubrange(place...place + 1)
    }
    child.arguments = arguments + ["--filter", "KillTests/victim"]
    var environment = ProcessInfo.processInfo.environment
    environment["OCELLUS_VICTIM_FOLDER"] = folder
    child.environment = environment
    child.standardOutput = FileHandle.nullDevice
    child.standardError = FileHandle.nullDevice
    try child.run()
    return child
  }

  private func handed(_ folder: String) -> [Int64] {
    let text = (try? String(contentsOfFile: folder + "/handed", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { $0.split(separator: " ").last.flatMap { Int64($0) } }
  }

  /// One kill after `delay` seconds of recording; seconds lost.
  private func killOnce(after delay: Double) throws -> Double {
    let folder = try TemporaryFolder()
    let child = try start(folder.path)
    defer { if child.isRunning { kill(child.processIdentifier, SIGKILL) } }
    try #require(eventually { handed(folder.path).count > 0 || !child.isRunning })
    // The moment of the kill is drawn at random, and any will do.
    pass(Int64(saturating: delay * 1e9))
    kill(child.processIdentifier, SIGKILL)
    let killed = MonotonicTime.now.nanoseconds
    child.waitUntilExit()
    let times = handed(folder.path).filter { $0 <= killed }
    let files = SystemFileLayer().files(in: folder.path).map(\.name).filter { $0.contains(".mcap") }
    // Killed before the first chunk: nothing was due yet.
    guard let name = files.first else { return Double(killed - (times.first ?? killed)) / 1e9 }
    #expect(files.count == 1 && name.hasSuffix(".mcap.active"))
    let report = try Recovery.recover(
      from: try FileBytes(path: folder.file(name)), to: folder.file("recovered.mcap"))
    #expect(!report.isComplete)
    let reader = try MCAPReader(path: folder.file("recovered.mcap"))
    #expect(reader.isIndexed && reader.problems.isEmpty)
    let id = reader.channels.values.first { $0.topic == "/camera/image_raw/compressed" }?.id
    let locations = id.map { reader.locations(of: [$0]) } ?? []
    for (number, location) in locations.enumerated() {
      let data = try reader.message(at: location).data
      let expected = Scene.opaque(number, bytes: KillTests.pictureBytes)
      let same = data.suffix(expected.count).elementsEqual(expected.storage.bytes[..<expected.count])
      #expect(same, "frame \(number)")
    }
    guard locations.count < times.count else { return 0 }
    return Double(killed - times[locations.count]) / 1e9
  }

  @Test(.enabled(if: KillTests.victimFolder == nil, "not inside the process that is killed"))
  func killedRecordingsRecover() throws {
    var random = SeededGenerator(UInt64(getpid()))
    var worst = 0.0
    for _ in 0..<KillTests.kills {
      let lost = try killOnce(after: Double.random(in: 0.05...2, using: &random))
      worst = max(worst, lost)
      if KillTests.judgesTime { #expect(lost <= 1.0) }
    }
    print("killed \(KillTests.kills) recordings; the worst lost \(worst) s")
  }
}
