import Capture
import Dashboard
import Ground
import Perception
import Pipeline
import Testing

/// Commands of the palette that take a value.
@Suite struct PaletteArgumentTests {
  private static func run(_ text: String, on stage: inout InteractionTests.Stage) {
    stage.press(.escape)
    stage.press(.character(":"))
    for scalar in text.unicodeScalars { stage.press(.character(scalar)) }
    stage.press(.enter)
  }

  @Test func theThresholdIsTypedAsTheScreenShowsIt() throws {
    var stage = try InteractionTests.Stage()
    for (text, value) in [("25%", 25), ("0.5", 50), ("99", 99), ("1", 1), (" 33 % ", 33), ("0.07", 7)]
      as [(String, Int)]
    {
      Self.run("threshold \(text)", on: &stage)
      #expect(abs(stage.state.snapshot.minimumConfidence - Float(value) / 100) < 0.001, "\(text)")
      #expect(stage.screen.contains("confidence at least \(value)%"))
    }
    for text in ["0", "100%", "-5", "x", "1e9", "nan", "0.5%", ""] {
      stage.press(.escape, .character(":"), .paste("threshold"), .character(" "))
      for scalar in text.unicodeScalars { stage.press(.character(scalar)) }
      #expect(stage.screen.contains("takes 25% or 0.25"), "\(text):\n\(stage.screen)")
      stage.press(.enter)
      #expect(abs(stage.state.snapshot.minimumConfidence - 0.07) < 0.001, "\(text)")
      #expect(stage.state.view.modal == .palette(text: "threshold ", selected: 0), "\(text)")
    }
  }

  @Test func onlySomeClassesAreShown() throws {
    var stage = try InteractionTests.Stage()
    stage.press(.character(" "))
    Self.run("only car, Dog", on: &stage)
    #expect(
      stage.state.rows.rows.filter(\.isPresent).map(\.detection.label).sorted() == ["car", "dog"], "\(stage.screen)")
    #expect(stage.screen.contains("only car, dog"))
    stage.press(.character(" "))
    stage.draw()
    #expect(stage.state.result?.findings.detections.contains { $0.label == "person" } == false)
    Self.run("only unicorn", on: &stage)
    #expect(stage.state.view.modal != nil, "a class that no network has")
    Self.run("only all", on: &stage)
    #expect(stage.state.result?.findings.detections.count == 3)
    // `:classes` leads to the list of classes.
    Self.run("classes", on: &stage)
    #expect(stage.screen.contains(":only ") && stage.screen.contains("only person"))
  }

  @Test func valuesAreCompleted() throws {
    var stage = try InteractionTests.Stage()
    stage.press(.character(":"))
    for scalar in "thresh".unicodeScalars { stage.press(.character(scalar)) }
    stage.press(.enter)
    #expect(stage.state.view.modal == .palette(text: "threshold ", selected: 0))
    #expect(stage.screen.contains("threshold 5%"))
    for scalar in "7".unicodeScalars { stage.press(.character(scalar)) }
    #expect(stage.screen.contains("threshold 7%") && stage.screen.contains("threshold 75%"))
    stage.press(.down, .enter)
    #expect(abs(stage.state.snapshot.minimumConfidence - 0.7) < 0.001)
    stage.press(.character(":"))
    for scalar in "only car, pe".unicodeScalars { stage.press(.character(scalar)) }
    stage.press(.tab)
    #expect(stage.screen.contains(":only car, person"))
  }

  @Test func aReplayIsSoughtByPositionAndByHour() throws {
    var stage = try InteractionTests.Stage()
    // Begins at 14:05:20.5 UTC.
    let begin: Int64 = 1_796_047_520_500_000_000
    stage.session.edit { $0.replay = PlaybackStatus(position: 100, duration: 36_000, isPlaying: false, begin: begin) }
    stage.draw()
    for (text, position) in [
      ("seek 1:30", 90), ("seek 90", 90), ("seek +30", 120), ("seek -1:00", 30), ("seek 2:00:00.5", 7200.5),
      ("seek 99:00:00", 36_000),
    ] as [(String, Double)] {
      stage.session.edit { $0.replay?.position = 90 }
      stage.draw()
      Self.run(text, on: &stage)
      #expect(stage.session.asked.seeks.last == position, "\(text)")
    }
    let hour = Text.utc(nanoseconds: begin + 65_500_000_000)
    Self.run("goto \(hour)", on: &stage)
    #expect(abs((stage.session.asked.seeks.last ?? 0) - 65.5) < 0.001)
    let count = stage.session.asked.seeks.count
    // Twelve hours later is after the end, and no hour is no hour.
    Self.run("goto \(Text.utc(nanoseconds: begin + 43_200_000_000_000))", on: &stage)
    #expect(
      stage.session.asked.seeks.count == count && stage.screen.contains("this recording is from"), "\(stage.screen)")
    for text in ["goto 25:00:00", "goto 12", "goto 12:60", "seek 1:99", "seek x", "seek 1:2:3:4", "seek", "seek ٣"] {
      Self.run(text, on: &stage)
      #expect(stage.session.asked.seeks.count == count, "\(text)")
    }
    stage.session.edit { $0.replay?.begin = nil }
    stage.draw()
    Self.run("goto 14:06:00", on: &stage)
    #expect(stage.screen.contains("does not say when it was made"))
    Self.run("speed 4", on: &stage)
    #expect(stage.state.snapshot.replay?.speed == 4)
  }

  @Test func whatASessionCannotChangeItSaysHow() throws {
    var stage = try InteractionTests.Stage()
    Self.run("source /dev/video2", on: &stage)
    #expect(stage.screen.contains("`ocellus --source /dev/video2`"), "\(stage.screen)")
    stage.session.edit { $0.capabilities = [] }
    Self.run("record to /mnt/usb", on: &stage)
    #expect(stage.session.asked.recordings.isEmpty && stage.screen.contains("this session cannot record"))
    Self.run("seek 5", on: &stage)
    #expect(stage.screen.contains("a live source cannot be stepped"))
  }

  @Test func aPasteIsOneTextInThePaletteAndNothingElsewhere() throws {
    var stage = try InteractionTests.Stage()
    let before = stage.state.view.visible
    stage.press(.paste("r 1234 m q\n"))
    #expect(
      stage.state.view.visible == before && stage.session.asked.recording.isEmpty && stage.state.view.modal == nil)
    stage.press(.character("?"), .paste("x"), .released)
    #expect(stage.state.view.modal == .help(scroll: 0), "neither a paste nor a released button closes the help")
    stage.press(.escape, .character(":"), .paste("  theme\nnord\u{7}  "))
    #expect(stage.state.view.modal == .palette(text: "theme nord", selected: 0))
    stage.press(.paste(String(repeating: "x", count: 10_000)))
    guard case .palette(let text, _)? = stage.state.view.modal else {
      Issue.record("the palette is closed")
      return
    }
    // Paths are values (`:record PATH`), and longer than names.
    #expect(text.count == 400)
  }
}
