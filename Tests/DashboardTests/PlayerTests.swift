import Capture
import Dashboard
import Ground
import Pipeline
import Testing

/// A replay is moved through as in a player.
@Suite struct PlayerTests {
  typealias Stage = InteractionTests.Stage

  private static func replaying(_ columns: Int = 160, _ rows: Int = 50) throws -> Stage {
    var stage = try Stage(columns: columns, rows: rows)
    stage.session.edit {
      $0.replay = PlaybackStatus(
        position: 100, duration: 1000, isPlaying: false,
        marks: [.init(seconds: 20, title: "recording started"), .init(seconds: 315, title: "no signal\u{1B}[2J")],
        begin: 1_796_047_513_000_000_000)
    }
    stage.draw()
    return stage
  }

  @Test func theBarIsClickedAndDragged() throws {
    var stage = try Self.replaying()
    let bar = try #require(stage.composer.screen.timeline)
    stage.press(.mouse(.left, x: bar.x, y: bar.y))
    stage.press(.drag(x: bar.right - 1, y: bar.y))
    // The mouse may leave the bar while it is dragged.
    stage.press(.drag(x: bar.right + 30, y: 0), .drag(x: 0, y: 0))
    #expect(stage.session.asked.seeks == [0, 1000, 1000, 0])
    stage.press(.released)
    stage.press(.drag(x: bar.x + 3, y: bar.y))
    #expect(stage.session.asked.seeks.count == 4, "released is released")
    let middle = bar.x + (bar.width - 1) / 2
    stage.press(.mouse(.left, x: middle, y: bar.y))
    #expect(abs((stage.session.asked.seeks.last ?? 0) - 500) <= 1000 / Double(bar.width))
    // Without a replay there is no bar.
    #expect(try Stage().composer.screen.timeline == nil)
  }

  @Test func stepsOfEveryLength() throws {
    var stage = try Self.replaying()
    for (key, position) in [("(", 99), (")", 101), ("U", 40), ("D", 160), ("[", 90), ("]", 110)] as [(String, Double)] {
      stage.session.edit { $0.replay?.position = 100 }
      stage.draw()
      stage.press(.character(Unicode.Scalar(key) ?? " "))
      #expect(stage.session.asked.seeks.last == position, "\(key)")
    }
    stage.session.edit { $0.replay?.position = 995 }
    stage.draw()
    stage.press(.character("D"))
    #expect(stage.session.asked.seeks.last == 1000)
  }

  @Test func eventsAndMarksAreInAListToJumpTo() throws {
    var stage = try Self.replaying()
    stage.press(.character("K"))
    #expect(stage.screen.contains("mark 1 at 1:40.00"))
    stage.press(.character("E"))
    #expect(
      stage.screen.contains("recording started") && stage.screen.contains("mark 1") && stage.screen.contains("UTC"),
      "\(stage.screen)")
    #expect(!stage.composer.canvas.cells.contains { $0.scalar == 0x1B })
    #expect(stage.state.view.modal == .moments(selected: 1), "the one at the present position")
    stage.press(.down, .enter)
    #expect(stage.session.asked.seeks.last == 315 && stage.state.view.modal == nil)
    stage.press(.character("E"))
    let list = try #require(stage.composer.screen.overlayList)
    stage.press(.mouse(.left, x: list.room.x + 2, y: list.room.y))
    #expect(stage.session.asked.seeks.last == 20)
    // Events and marks are gone to by keys as well, and a mark is taken away where it stands.
    stage.press(.character("}"))
    #expect(stage.session.asked.seeks.last == 100)
    stage.press(.character("K"))
    #expect(stage.state.view.marks.isEmpty)
    stage.press(.character("E"), .escape)
    #expect(stage.state.view.modal == nil)
  }

  @Test func withoutEventsTheListSaysHowToSetAMark() throws {
    var stage = try Self.replaying()
    stage.session.edit { $0.replay?.marks = [] }
    stage.draw()
    stage.press(.character("E"))
    #expect(stage.state.view.modal == nil && stage.screen.contains("K sets a mark"))
    var live = try Stage()
    live.press(.character("E"), .character("K"))
    #expect(live.screen.contains("a live source cannot be stepped"))
  }

  @Test(arguments: [(160, 50), (200, 60), (120, 40)])
  func thePaneHasTheHourAndTheKeys(size: (Int, Int)) throws {
    let stage = try Self.replaying(size.0, size.1)
    let rect = try #require(stage.composer.screen.layout.panes[.recording])
    let text = (rect.y..<rect.bottom).map {
      String(stage.composer.canvas.line($0).dropFirst(rect.x).prefix(rect.width))
    }.joined(separator: "\n")
    #expect(text.contains("1:40.00 / 16:40.00"), "\(text)")
    #expect(text.contains("[ ] 10 s") && text.contains(", . step"))
  }
}
