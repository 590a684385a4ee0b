import Capture
import Dashboard
import Foundation
import Ground
import Perception
import Pipeline
import TestSupport
import Testing

/// Other sources, other topics and recordings elsewhere, from the palette and by keys.
@Suite struct SourceCommandTests {
  typealias Stage = InteractionTests.Stage

  private static func type(_ text: String, on stage: inout Stage) {
    stage.press(.character(":"))
    for scalar in text.unicodeScalars { stage.press(.character(scalar)) }
  }

  private static func stage() throws -> Stage {
    var stage = try Stage()
    stage.session.edit { $0.capabilities.formUnion([.sources, .recording]) }
    stage.draw()
    return stage
  }

  @Test func sourcesAreAskedForAsTyped() throws {
    var stage = try Self.stage()
    for name in ["/dev/video2", "demo:seed=9", "~/clip.mp4", "rtsp://cam/stream"] {
      Self.type("source \(name)", on: &stage)
      stage.press(.enter)
    }
    #expect(stage.session.asked.sources == ["/dev/video2", "demo:seed=9", "~/clip.mp4", "rtsp://cam/stream"])
    // Without a value nothing is asked for.
    Self.type("source ", on: &stage)
    stage.press(.enter)
    #expect(stage.session.asked.sources.count == 4)
    stage.press(.escape)
    Self.type("record /mnt/usb", on: &stage)
    stage.press(.enter)
    Self.type("record to a.mcap", on: &stage)
    stage.press(.enter)
    #expect(stage.session.asked.recordings == ["/mnt/usb", "a.mcap"])
    // The command without a value starts and stops as its key does.
    Self.type("record", on: &stage)
    stage.press(.enter)
    #expect(stage.session.asked.recording == [true])
  }

  @Test func pathsAreCompleted() throws {
    let scratch = try TemporaryFolder()
    for name in ["clip one.mp4", "clip two.mp4", "notes.txt", ".hidden"] {
      try "x".write(toFile: scratch.file(name), atomically: true, encoding: .utf8)
    }
    try FileManager.default.createDirectory(atPath: scratch.file("photos"), withIntermediateDirectories: true)
    var stage = try Self.stage()
    func text() -> String { if case .palette(let text, _) = stage.state.view.modal { text } else { "" } }
    Self.type("source \(scratch.path)/cl", on: &stage)
    stage.press(.tab)
    #expect(text() == "source \(scratch.path)/clip ", "as far as they agree")
    stage.press(.character("t"), .tab)
    #expect(text() == "source \(scratch.path)/clip two.mp4")
    stage.press(.tab, .enter)
    #expect(stage.session.asked.sources == ["\(scratch.path)/clip two.mp4"])
    Self.type("record \(scratch.path)/", on: &stage)
    stage.press(.tab)
    #expect(text() == "record \(scratch.path)/photos/", "folders only, hidden files never")
    stage.press(.escape)
    Self.type("source dem", on: &stage)
    stage.press(.tab)
    #expect(text() == "source demo")
    stage.press(.escape)
    // A folder that is not there, or may not be read, offers nothing.
    Self.type("source /nonexistent/x", on: &stage)
    stage.press(.tab)
    #expect(text() == "source /nonexistent/x")
  }

  @Test func anotherSourceLeavesNothingOfTheOneBefore() throws {
    var stage = try Self.stage()
    stage.press(.down, .character("z"))
    #expect(stage.state.view.selectedDetection != nil && !stage.state.rows.rows.isEmpty)
    stage.session.edit {
      $0.run += 1
      $0.source.name = "/dev/video2"
      $0.sourceState = .starting
      $0.latest = nil
    }
    stage.draw()
    #expect(stage.state.rows.rows.isEmpty && stage.state.view.selectedDetection == nil && stage.state.result == nil)
    #expect(stage.state.view.viewport.zoom == 1 && stage.screen.contains("/dev/video2"))
  }

  @Test func topicsGoRound() throws {
    var stage = try Self.stage()
    stage.session.edit {
      $0.replay = PlaybackStatus(
        position: 1, duration: 9, isPlaying: false, topics: ["/back", "/front"], topic: "/front")
    }
    stage.draw()
    stage.press(.character("T"))
    #expect(stage.session.asked.topics == ["/back"])
    Self.type("topic /f", on: &stage)
    stage.press(.tab, .enter)
    #expect(stage.session.asked.topics == ["/back", "/front"])
    stage.session.edit { $0.replay?.topics = ["/front"] }
    stage.draw()
    stage.press(.character("T"))
    #expect(stage.session.asked.topics.count == 2 && stage.screen.contains("one camera only"))
    var live = try Stage()
    live.press(.character("T"))
    #expect(live.screen.contains("a live source cannot be stepped"))
  }
}
