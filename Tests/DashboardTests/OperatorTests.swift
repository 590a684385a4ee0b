import Capture
import Dashboard
import Ground
import Perception
import Pipeline
import Testing
import Vision

/// What operators stumble over, each as it happened to one.
@Suite struct OperatorTests {
  typealias Stage = InteractionTests.Stage

  private static let match = Likeness.Match(name: "our pallet", similarity: 0.97)

  @Test func aNewReferenceShowsOnAPictureThatStandsStill() throws {
    var stage = try Stage(columns: 120)
    stage.press(.character(" "))
    let shown = stage.state.result?.number
    #expect(!stage.screen.contains("our pallet"))
    stage.session.edit { $0.latest?.findings.detections[0].attach(Likeness([Self.match]), by: "references") }
    stage.draw()
    #expect(stage.state.result?.number == shown)
    // How much it looks like it shows at every size, and its name where there is room.
    #expect(stage.screen.contains("person \u{2248}97"), "\(stage.screen)")
    for (columns, rows, says) in [(200, 60, "\u{2248}our pallet 97"), (60, 18, "\u{2248}97")] {
      var other = try Stage(columns: columns, rows: rows)
      other.session.edit {
        $0.paused = true
        $0.latest?.findings.detections[0].attach(Likeness([Self.match]), by: "references")
      }
      other.draw()
      #expect(other.screen.contains(says), "\(other.screen)")
    }
  }

  @Test func theFrozenPictureIsTheSessionsOwn() throws {
    var stage = try Stage()
    stage.session.edit { snapshot in
      snapshot.paused = true
      snapshot.latest = ScriptedSession.result(number: 900_001, now: .now)
    }
    stage.draw()
    #expect(
      stage.state.result?.number == 900_001, "photos are saved and references made of another frame than is shown")
  }

  @Test func aModelThatFailsDoesNotBarTheWay() throws {
    var stage = try Stage()
    stage.session.edit { snapshot in
      snapshot.detectors = ["one", "broken", "three"].map {
        ModelListing(
          name: $0, description: nil, state: $0 == "one" ? .active : $0 == "broken" ? .failed(reason: "no") : .available
        )
      }
    }
    stage.draw()
    stage.press(.character("m"))
    #expect(stage.session.asked.detectors == ["three"])
    stage.press(.character("m"))
    stage.press(.character("M"))
    #expect(stage.session.asked.detectors == ["three", "one", "three"])
    // With nowhere to go a key says so.
    stage.session.edit { $0.detectors.removeLast() }
    stage.session.edit { $0.detectors[0].state = .active }
    stage.draw()
    stage.press(.character("m"))
    #expect(stage.screen.contains("no other detector"))
    stage.press(.character("c"))
    #expect(stage.screen.contains("no other classifier"))
  }

  @Test func theReasonOfAFailureIsOnTheScreen() throws {
    var stage = try Stage(columns: 80, rows: 24)
    let message =
      "detector vad not loaded: /home/robot/.local/share/ocellus/models/vad.onnx: cannot tell what this network is: "
      + "no input looks like a picture"
    for _ in 0..<3 { stage.session.edit { $0.events.append(SessionEvent(severity: .error, message: message)) } }
    stage.draw()
    let words = stage.screen.split(whereSeparator: { " \n".contains($0) })
    #expect(words.contains("picture"), "\(stage.screen)")
    #expect(words.filter { $0 == "detector" }.count <= 1, "said once is enough:\n\(stage.screen)")
    #expect(!stage.screen.contains("/home/robot"))
  }

  @Test(arguments: [(80, 24), (60, 18), (50, 16), (40, 12)], PaneID.allCases)
  func everyPaneComesWhenItsDigitIsPressed(size: (Int, Int), pane: PaneID) throws {
    for preset in LayoutPreset.all.indices {
      var stage = try Stage(columns: size.0, rows: size.1)
      stage.state.view.preset = preset
      stage.draw()
      let digit = Key.character(Unicode.Scalar(UInt8(48 + pane.rawValue)))
      let wasShown = stage.composer.screen.layout.panes[pane] != nil
      stage.press(digit)
      #expect((stage.composer.screen.layout.panes[pane] != nil) == !wasShown, "\(LayoutPreset.all[preset].name)")
      stage.press(digit)
      #expect((stage.composer.screen.layout.panes[pane] != nil) == wasShown, "\(LayoutPreset.all[preset].name), again")
    }
  }

  @Test func theFocusStaysOnTheScreen() throws {
    var stage = try Stage(columns: 60, rows: 18)
    for _ in 0..<12 {
      stage.press(.tab)
      #expect(stage.composer.screen.layout.panes[stage.state.view.focus] != nil, "\(stage.state.view.focus)")
    }
    stage.press(.character("6"))
    #expect(stage.state.view.focus == .models)
    stage.press(.down, .enter)
    #expect(stage.session.asked.detectors == ["yolov8n"])
    // Hidden again, the list takes no keys.
    stage.press(.character("6"))
    stage.press(.up, .enter)
    #expect(stage.session.asked.detectors == ["yolov8n"])
  }

  /// Latency is nothing without its course and shares, a rate nothing without its history.
  @Test(arguments: [(120, 40), (160, 48), (200, 60), (300, 100)])
  func thePanesBelowThePictureHaveRoomForWhatTheyTell(size: (Int, Int)) throws {
    var stage = try Stage(columns: size.0, rows: size.1)
    let start = MonotonicTime.now
    for i in 1..<40 {
      _ = stage.state.update(
        with: stage.session.snapshot(), now: MonotonicTime(nanoseconds: start.nanoseconds + Int64(i) * 600_000_000))
    }
    stage.draw()
    #expect(stage.screen.contains("share"))
    for pane in [PaneID.latency, .rates] {
      let rect = try #require(stage.composer.screen.layout.panes[pane])
      let dots = (rect.y..<rect.bottom).flatMap { y in
        (rect.x..<rect.right).map { stage.composer.canvas[$0, y].scalar }
      }.filter { (0x2801...0x28FF).contains($0) }
      #expect(dots.count >= 12, "\(pane) at \(size): \(dots.count)\n\(stage.screen)")
    }
  }

  @Test func theSelectedLineShowsWithoutColors() throws {
    var stage = try Stage(depth: .mono)
    stage.press(.down)
    let rect = try #require(stage.composer.screen.layout.panes[.detections])
    let cell = stage.composer.canvas[rect.x + 6, rect.y + 1]
    #expect(cell.background == .white && cell.foreground == .black, "shown reversed")
    let other = stage.composer.canvas[rect.x + 6, rect.y + 2]
    #expect(other.background.isTerminal)
  }

  @Test func anObjectThatComesBackIsStillTheSelectedOne() {
    var rows = DetectionRows()
    func result(_ track: Int?) -> FrameResult {
      var result = ScriptedSession.result(number: 1, now: .now)
      result.findings.detections =
        track.map {
          [ScriptedSession.detection("person", 0, 0.8, Box(x: 0, y: 0, width: 50, height: 50), track: $0)]
        } ?? []
      return result
    }
    let start = MonotonicTime.now
    func at(_ seconds: Int64) -> MonotonicTime {
      MonotonicTime(nanoseconds: start.nanoseconds + seconds * 1_000_000_000)
    }
    rows.update(with: result(4), order: .confidence, now: at(0))
    let key = rows.rows.first?.key
    rows.update(with: result(nil), order: .confidence, now: at(1))
    rows.forget(now: at(2))
    #expect(rows.rows.isEmpty)
    rows.update(with: result(4), order: .confidence, now: at(3))
    #expect(rows.rows.first?.key == key)
    #expect(rows.rows.first?.firstSeen == at(0))
    rows.update(with: result(5), order: .confidence, now: at(4))
    #expect(rows.rows.first { $0.detection.track == 5 }?.key != key)
  }

  @Test func whatAKeyChangedIsSaidOnce() throws {
    var stage = try Stage()
    for _ in 0..<3 { stage.press(.character("p")) }
    #expect(stage.state.view.toasts.map(\.text) == ["layout numbers"])
    stage.press(.character("+"))
    #expect(stage.state.view.toasts.map(\.text) == ["confidence at least 45%"])
    // A style that the terminal cannot show says why another is there.
    stage.state.own.depth = .sixteen
    stage.press(.character("v"))
    #expect(
      stage.state.view.toasts.last?.text.hasPrefix("picture: half blocks, because the terminal cannot show quadrants")
        == true)
  }

  @Test func informationDoesNotTakeThePlaceOfAnAnswer() throws {
    var stage = try Stage()
    func happens(_ severity: SessionEvent.Severity, _ message: String, on stage: inout Stage) {
      stage.session.edit { $0.events.append(SessionEvent(time: .now, severity: severity, message: message)) }
      stage.draw()
    }
    stage.press(.character("+"))
    happens(.info, "the picture is back", on: &stage)
    #expect(stage.state.view.toasts.map(\.text) == ["confidence at least 45%"])
    happens(.warning, "no signal", on: &stage)
    #expect(stage.state.view.toasts.map(\.text) == ["no signal"])
    happens(.info, "the picture is back", on: &stage)
    #expect(stage.state.view.toasts.map(\.text) == ["the picture is back"])
  }

  @Test func optionsThatDidNotChangeAreNotSaved() throws {
    var stage = try Stage()
    #expect(stage.press(.character("O"), .escape) == .none)
    #expect(stage.press(.character("O"), .right, .escape) == .none, "the only theme there is")
    #expect(stage.press(.character("O"), .down, .right, .escape) == .save)
  }

  @Test func aReplayGoesFromEventToEvent() throws {
    var stage = try Stage()
    stage.session.edit {
      $0.replay = PlaybackStatus(
        position: 4, duration: 60, isPlaying: false,
        marks: [.init(seconds: 2, title: "recording started"), .init(seconds: 31.5, title: "no signal")])
    }
    stage.draw()
    stage.press(.character("}"))
    #expect(stage.session.asked.seeks == [31.5])
    #expect(stage.screen.contains("no signal"))
    stage.press(.character("}"))
    #expect(stage.screen.contains("no later event"))
    stage.press(.character("{"))
    #expect(stage.session.asked.seeks == [31.5, 2])
  }

  /// "Run another model on the same frames": the one on the screen is the first of them.
  @Test func aStoppedReplayShowsItsFrameByTheNewModel() throws {
    var stage = try Stage()
    stage.session.edit { $0.replay = PlaybackStatus(position: 4, duration: 60, isPlaying: false) }
    stage.draw()
    let before = stage.state.activeModels
    stage.press(.character("m"))
    stage.controller.reprocessStoppedFrame(ifModelsDifferFrom: before)
    #expect(stage.session.asked.seeks == [4])
    stage.controller.reprocessStoppedFrame(ifModelsDifferFrom: stage.state.activeModels)
    #expect(stage.session.asked.seeks == [4])
    stage.press(.character("+"))
    #expect(stage.session.asked.seeks == [4, 4])
    // One that plays goes on.
    stage.press(.character(" "))
    stage.press(.character("+"))
    #expect(stage.session.asked.seeks == [4, 4])
  }

  @Test func noLineCrossesOutALabel() {
    TerminalCapabilities.useUnicode()
    let mapping = CellMapping(
      region: Box(x: 0, y: 0, width: 640, height: 480), cells: Rect(x: 0, y: 0, width: 80, height: 30), imageWidth: 640,
      imageHeight: 480)
    let overlay = Overlay(mapping: mapping, theme: InteractionTests.theme, glyphs: Glyphs(.full), isPhotographic: true)
    var canvas = CellCanvas(width: 80, height: 30)
    let mine = ScriptedSession.detection("person", 0, 0.82, Box(x: 100, y: 200, width: 200, height: 200), track: 2)
    let other = ScriptedSession.detection("person", 0, 0.5, Box(x: 40, y: 100, width: 100, height: 200), track: nil)
    overlay.draw(
      ScriptedSession.findings([mine]), selected: nil, labels: true,
      differences: (first: [mine], second: [other]), on: &canvas
    )
    let screen = (0..<30).map { canvas.line($0) }.joined(separator: "\n")
    #expect(screen.contains(" person 82 #2 "), "\(screen)")
    #expect(screen.contains(" B person ") && screen.contains(" A "))
  }

  @Test func labelsDoNotHideASmallPicture() {
    TerminalCapabilities.useUnicode()
    for (width, height) in [(13, 5), (21, 8), (30, 11), (50, 19), (80, 30)] {
      let cells = Rect(x: 0, y: 0, width: width, height: height)
      let overlay = Overlay(
        mapping: CellMapping(
          region: Box(x: 0, y: 0, width: 640, height: 480), cells: cells, imageWidth: 640, imageHeight: 480),
        theme: InteractionTests.theme, glyphs: Glyphs(.full), isPhotographic: true)
      var canvas = CellCanvas(width: width, height: height)
      let found = (0..<12).map { i in
        ScriptedSession.detection(
          "forklift", i, 0.8, Box(x: Float(i % 4) * 160, y: Float(i / 4) * 160, width: 90, height: 90), track: i)
      }
      overlay.draw(ScriptedSession.findings(found), selected: 3, labels: true, on: &canvas)
      // What is written is of the label's own colour, and letters or digits.
      let letters = canvas.cells.count { ("0"..."z").contains(Unicode.Scalar($0.scalar) ?? " ") }
      #expect(letters > 0 && letters <= width * height / 6 + 12, "\(width)x\(height): \(letters)")
    }
  }

  @Test func helpCutsNothingOff() throws {
    for columns in [60, 80, 100] {
      var stage = try Stage(columns: columns, rows: 90)
      stage.press(.character("?"))
      for binding in KeyTable.all { #expect(stage.screen.contains(binding.title), "\(columns): \(binding.title)") }
    }
  }

  @Test func theHeaderShowsWholeFiguresOrNone() throws {
    for columns in 60...130 {
      let stage = try Stage(columns: columns, rows: 24)
      let header = stage.composer.canvas.line(0)
      #expect(!header.contains("/") || header.contains("fps"), "\(columns): \(header)")
    }
  }

  @Test func loadingShowsWhereRoomIsShort() throws {
    var stage = try Stage(columns: 60, rows: 18)
    stage.session.edit {
      $0.detectors[1].state = .loading
      $0.source.name = "rtsp://camera.example/a/long/path/to/the/stream"
    }
    stage.draw()
    #expect(stage.composer.canvas.line(0).contains("loading yolov8n"))
  }

  @Test func aLostSignalLeavesTheSourceItsName() throws {
    var stage = try Stage(columns: 80, rows: 24)
    stage.session.edit {
      $0.sourceState = .noSignal(
        reason: "the camera is in use by cheese (process 4321), retrying", since: MonotonicTime.now)
    }
    stage.draw()
    #expect(stage.composer.canvas.line(0).contains("demo:seed=7"))
    #expect(stage.screen.contains("in use by cheese"))
  }
}
