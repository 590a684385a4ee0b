import Foundation
import Glibc
import Ground
import Recording
import TestSupport
import Testing

/// Outputs beside what earlier processes left, and beside what somebody put there.
@Suite struct OutputTests {
  private func recording() throws -> [UInt8] {
    let bag = try Bag()
    for number in 0..<4 {
      let time = UInt64(number + 1) * 1_000_000_000
      try bag.picture("/cam", level: 40, stamp: time, at: time)
      try bag.found("/found", ["a"], stamp: time, at: time)
    }
    return try bag.bytes()
  }

  /// A recovery that was killed leaves its working file; it blocks no later one, nor does a recording of that name.
  @Test func aRecoveryGoesOverWhatAKilledOneLeft() throws {
    let folder = try TemporaryFolder()
    let bytes = try recording()
    try folder.write("out.mcap.active", "a recording that a crash left")
    try folder.write("out.mcap.\(getpid()).part", "left behind")
    let report = try Recovery.recover(from: MemoryBytes(bytes), to: folder.file("out.mcap"))
    #expect(report.isComplete && report.messages == 8)
    #expect(
      try String(contentsOfFile: folder.file("out.mcap.active"), encoding: .utf8) == "a recording that a crash left")
    #expect(SystemFileLayer().files(in: folder.path).map(\.name).sorted() == ["out.mcap", "out.mcap.active"])
  }

  /// What crashed is the input, and its name is the output's own.
  @Test func aCrashedRecordingIsRecoveredUnderItsName() throws {
    let folder = try TemporaryFolder()
    let bytes = try recording()
    try folder.write("day.mcap.active", bytes)
    let input = try FileBytes(path: folder.file("day.mcap.active"))
    #expect(try Recovery.recover(from: input, to: folder.file("day.mcap")).messages == 8)
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: folder.file("day.mcap.active")))) == bytes)
  }

  @Test func aFileThatIsBeingWrittenIsNotTaken() throws {
    let folder = try TemporaryFolder()
    let layer = SystemFileLayer()
    let descriptor = try layer.create(folder.file("out.mcap.\(getpid()).part"))
    defer { layer.close(descriptor) }
    #expect(throws: RecordingError.self) {
      try Recovery.recover(from: MemoryBytes(try recording()), to: folder.file("out.mcap"))
    }
    #expect(layer.exists(folder.file("out.mcap.\(getpid()).part")))
  }

  /// Somebody who knows the name of the working file has put a link there.
  @Test(arguments: RecordingExport.Format.allCases) func linksAreNotWrittenThrough(_ format: RecordingExport.Format)
    throws
  {
    if format == .video, !VideoTools.areThere { return }
    let folder = try TemporaryFolder()
    try folder.write("precious", "precious")
    try FileManager.default.createDirectory(atPath: folder.file("folder"), withIntermediateDirectories: true)
    let output = folder.file("out.mp4")
    let working = output + ".\(getpid()).part" + (format == .video ? ".mp4" : "")
    let target = [.coco, .frames].contains(format) ? "folder" : "precious"
    #expect(symlink(folder.file(target), working) == 0)
    _ = try RecordingExport(MCAPReader(MemoryBytes(try recording()))).write(format, to: output)
    #expect(try String(contentsOfFile: folder.file("precious"), encoding: .utf8) == "precious")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("folder")).isEmpty)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["folder", "out.mp4", "precious"])
  }

  @Test func wholeFilesAreNotWrittenThroughLinks() throws {
    let folder = try TemporaryFolder()
    try folder.write("precious", "precious")
    let path = folder.file("photo.png")
    #expect(symlink(folder.file("precious"), WholeFile.workingName(of: path)) == 0)
    try WholeFile.write([1, 2, 3], to: path)
    #expect(try String(contentsOfFile: folder.file("precious"), encoding: .utf8) == "precious")
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [1, 2, 3])
    // A link under the final name is replaced, as a file is.
    #expect(symlink(folder.file("precious"), folder.file("link")) == 0)
    try WholeFile.write([4], to: folder.file("link"))
    #expect(try String(contentsOfFile: folder.file("precious"), encoding: .utf8) == "precious")
  }
}
