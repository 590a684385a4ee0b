import Foundation
import TestSupport
import Testing

/// Another source, another topic and a recording elsewhere while the dashboard runs.
@Suite(.serialized) struct SourceChangeTests {
  /// Whether a recording has run for a second or more.
  private func records(_ run: TerminalRun) -> Bool {
    let header = run.screen.line(0)
    return header.contains("REC ") && !header.contains("REC 0:00")
  }

  @Test func theSourceIsChangedAndABadOneChangesNothing() throws {
    let scratch = try TemporaryFolder()
    let run = try TerminalRun(["--source", "demo:seed=7"])
    #expect(run.wait { $0.screen.line(0).contains("ocellus-detector") })
    run.send(":source /dev/video77\r")
    #expect(
      run.wait { $0.shows("still demo:seed=7: /dev/video77") && $0.shows("no such camera") }, "\(run.screen.text)")
    #expect(run.waitForSeveralPictures() && run.screen.line(0).contains("demo:seed=7"))
    // A recording is completed, and goes on with the next source.
    run.send(":record \(scratch.path)/first.mcap\r")
    #expect(run.wait { records($0) }, "\(run.screen.text)")
    run.send(":source demo:seed=9\r")
    #expect(
      run.wait { $0.screen.line(0).contains("demo:seed=9") && $0.screen.line(0).contains("REC") }, "\(run.screen.text)")
    #expect(run.wait { $0.screen.line(0).contains("ocellus-detector") && records($0) }, "\(run.screen.text)")
    // A photo has no network of its own here, and no controls.
    run.send(":source \(Program.root)/docs/screenshot.png\r")
    #expect(run.wait { $0.screen.line(0).contains("screenshot.png") && $0.shows("no network for this source") })
    run.send("X")
    #expect(run.wait { $0.shows("this source has no controls") })
    run.send("q")
    #expect(run.wait { $0.status == 0 }, "\(run.screen.text)")
    run.expectRestored("changes of the source")
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
    #expect(files.count == 3 && files[0] == "first.mcap" && files.allSatisfy { $0.hasSuffix(".mcap") }, "\(files)")
    for (file, source) in [(files[0], "demo:seed=7"), (files[1], "demo:seed=9")] {
      let info = try Program.run(["info", scratch.file(file)])
      #expect(info.status == 0 && info.output.contains(source), "\(info.output)\(info.errors)")
    }
  }

  @Test func aRecordingNeverReplacesAFile() throws {
    let scratch = try TemporaryFolder()
    try "mine".write(toFile: scratch.file("a.mcap"), atomically: true, encoding: .utf8)
    let run = try TerminalRun(["--source", "demo:seed=7"])
    #expect(run.wait { $0.screen.line(0).contains("ocellus-detector") })
    run.send(":record \(scratch.path)/a.mcap\r")
    #expect(run.wait { $0.shows("is there already: give the recording another name") }, "\(run.screen.text)")
    #expect(!run.screen.line(0).contains("REC"))
    run.send(":record \(scratch.path)/new/folder\r")
    #expect(run.wait { $0.screen.line(0).contains("REC") }, "\(run.screen.text)")
    run.send("r")
    #expect(run.wait { !$0.screen.line(0).contains("REC") })
    run.send("q")
    #expect(run.wait { $0.status == 0 })
    #expect(try String(contentsOfFile: scratch.file("a.mcap"), encoding: .utf8) == "mine")
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("new/folder")).count == 1)
  }
}
