import Foundation
import TestSupport
import Testing

/// Descriptors that a starter closed, or that cannot be written.
@Suite struct StandardStreamTests {
  /// Runs a line of shell with `$O` for the program, in a folder of its own.
  private func shell(_ line: String, in scratch: TemporaryFolder) throws -> Program.Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["O": Program.path, "XDG_STATE_HOME": scratch.file("state")]) { _, new in new }
    for name in ["out", "err"] { _ = FileManager.default.createFile(atPath: scratch.file(name), contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: scratch.file("out"))
    process.standardError = FileHandle(forWritingAtPath: scratch.file("err"))
    try process.run()
    return try Program.end(process, scratch, of: [line])
  }

  @Test(arguments: ["run --headless --json --frames 3 --source demo", "themes", "devices --json", "models list"])
  func aFullDiskBehindStandardOutputIsAFailure(command: String) throws {
    let outcome = try shell("$O \(command) >/dev/full", in: try TemporaryFolder())
    #expect(outcome.status == 1)
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("standard output: cannot be written (No space left on device)"))
  }

  @Test func aReaderThatGoesAwayIsNone() throws {
    let outcome = try shell("$O run --headless --json --source demo | head -1 | wc -l", in: try TemporaryFolder())
    #expect(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines) == "1")
    #expect(outcome.errors == "")
  }

  /// Two photos that are none: a line each, which nobody can read.
  @Test func standardErrorThatTakesNothingEndsNothing() throws {
    let scratch = try TemporaryFolder()
    #expect(try shell("$O detect nowhere nothing 2>/dev/full", in: scratch).status == 1)
    let line = "$O run --headless --frames 50 --source demo:fault=disconnect@0.2s-0.6s"
    #expect(try shell("\(line) 2>/dev/full", in: scratch).status == 0)
  }

  /// Without its three descriptors a program's first files get their numbers, and with them what is printed.
  @Test func closedDescriptorsAreNotTakenForFiles() throws {
    let scratch = try TemporaryFolder()
    let line = "$O run --headless --json --frames 40 --source demo:fault=disconnect@0.2s-0.4s --record rec"
    #expect(try shell("\(line) <&- >&- 2>&-", in: scratch).status == 0)
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.file("rec"))
    #expect(files.count == 1)
    let whole = try Program.run(["recover", scratch.file("rec/\(files.first ?? "")"), scratch.file("again.mcap")])
    #expect(whole.status == 0, "\(whole.output)")
    let log = try String(contentsOfFile: scratch.file("state/ocellus/ocellus.log"), encoding: .utf8)
    #expect(!log.contains("{\""))
  }

  @Test func photosAreNotWrittenOver() throws {
    let scratch = try TemporaryFolder()
    let make =
      "$O run --headless --frames 2 --source demo --record r >&2 && $O export r/*.mcap --to frames --output f >&2"
    #expect(try shell(make, in: scratch).status == 0)
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(atPath: scratch.file(name), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: scratch.file("f/frame_000001.jpg"), toPath: scratch.file(name + "/x.jpg"))
    }
    let before = FileManager.default.contents(atPath: scratch.file("a/x.jpg"))
    let refused = try shell("$O detect a/x.jpg --model ocellus-detector --save a", in: scratch)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("a/x.jpg: not written over the photo itself"))
    #expect(FileManager.default.contents(atPath: scratch.file("a/x.jpg")) == before)
    #expect(try shell("$O detect a/x.jpg b/x.jpg --model ocellus-detector --save marked", in: scratch).status == 0)
    let copies = try FileManager.default.contentsOfDirectory(atPath: scratch.file("marked"))
    #expect(copies.sorted() == ["x-2.jpg", "x.jpg"])
  }
}
