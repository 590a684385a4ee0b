import Dashboard
import Ground
import Perception
import Pipeline
import Testing
import Vision

/// The dashboard without a terminal: keys in, cells out.
@Suite struct InteractionTests {
  struct Stage {
    let session = ScriptedSession()
    var controller: Controller
    var composer: Composer
    var state: DashboardState {
      get { controller.state }
      set { controller.state = newValue }
    }

    init(columns: Int = 120, rows: Int = 40, glyphs: GlyphSet = .full, depth: ColorDepth = .indexed) throws {
      TerminalCapabilities.useUnicode()
      let themes = ThemeLibrary(onlyFolders: [])
      controller = Controller(
        session: SessionPort(session), themes: themes,
        configuration: ConfigurationFile(path: "/nonexistent/config.toml"),
        state: DashboardState(
          snapshot: session.snapshot(), settings: DashboardSettings(), theme: try themes.load("default"), now: .now))
      composer = Composer(glyphs: Glyphs(glyphs), depth: depth, columns: columns, rows: rows)
      draw()
    }

    mutating func draw() {
      let isNew = controller.state.update(with: session.snapshot(), now: .now)
      let drawing = composer.drawing(state, rung: Governor.ladder[0])
      composer.compose(
        state, now: .now, drawing: drawing, panesAreDue: true, isNewPicture: isNew, themes: ["default"],
        configuration: "")
    }

    @discardableResult
    mutating func press(_ keys: Key...) -> Controller.Outcome {
      var outcome = Controller.Outcome.none
      for key in keys { outcome = controller.handle(key, on: composer.screen) }
      draw()
      return outcome
    }

    var screen: String { (0..<composer.canvas.height).map { composer.canvas.line($0) }.joined(separator: "\n") }
  }

  static let theme = Theme(name: "plain", colors: [:], gradients: [:])

  @Test func theFirstScreenTellsTheEssentials() throws {
    let stage = try Stage()
    for text in ["demo:seed=7", "640x480", "scout", "age", "person", "77%", "#4", "inference", "camera", "quit"] {
      #expect(stage.screen.contains(text), "\(text) is missing:\n\(stage.screen)")
    }
  }

  @Test(arguments: [(60, 18), (80, 24), (120, 40), (200, 60), (300, 100), (40, 12), (58, 30)], GlyphSet.allCases)
  func everySizeHasPictureListAndAge(size: (Int, Int), glyphs: GlyphSet) throws {
    let stage = try Stage(columns: size.0, rows: size.1, glyphs: glyphs)
    #expect(stage.screen.contains("age"))
    #expect(stage.screen.contains("person"))
    #expect(stage.composer.screen.layout.panes[.picture] != nil)
    if glyphs == .ascii { #expect(stage.screen.unicodeScalars.allSatisfy { $0.value < 127 || $0 == "▄" }) }
  }

  @Test func tooSmallSaysWhatItNeeds() throws {
    var stage = try Stage(columns: 20, rows: 5)
    #expect(stage.screen.contains("20x5") && stage.screen.contains("40x12"))
    #expect(stage.press(.character("q")) == .quit)
    let tiny = try Stage(columns: 1, rows: 1)
    #expect(tiny.composer.canvas.cells.count == 1)
  }

  @Test func keysReachTheSession() throws {
    var stage = try Stage()
    stage.press(.character("m"))
    stage.press(.character("M"))
    #expect(stage.session.asked.detectors == ["yolov8n", "scout"])
    stage.press(.character(" "))
    #expect(stage.state.snapshot.paused)
    #expect(stage.screen.contains("PAUSED"))
    stage.press(.character(" "), .character("r"))
    #expect(stage.session.asked.recording == [true])
    #expect(stage.screen.contains("REC"))
    stage.press(.character("+"))
    #expect(abs(stage.state.snapshot.minimumConfidence - 0.45) < 0.001)
    for _ in 0..<30 { stage.press(.character("-")) }
    #expect(stage.state.snapshot.minimumConfidence >= 0.05)
  }

  @Test func everyKeyOfTheTableIsHarmlessAndNamedOnce() throws {
    for columns in [45, 60, 80, 200] {
      var stage = try Stage(columns: columns, rows: columns / 3)
      for binding in KeyTable.all { for key in binding.keys { stage.press(key, .escape) } }
      for binding in KeyTable.all.reversed() { for key in binding.keys { stage.press(key) } }
    }
    let keys = KeyTable.all.flatMap(\.keys)
    #expect(Set(keys).count == keys.count)
    let names = KeyTable.all.map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test func helpShowsEveryKey() throws {
    var stage = try Stage(columns: 120, rows: 60)
    stage.press(.character("?"))
    for binding in KeyTable.all { #expect(stage.screen.contains(binding.title), "\(binding.title)") }
    stage.press(.escape)
    #expect(stage.state.view.modal == nil)
  }

  @Test func thePaletteCompletesAndRuns() throws {
    var stage = try Stage()
    stage.press(.character(":"))
    for scalar in "style br".unicodeScalars { stage.press(.character(scalar)) }
    #expect(stage.screen.contains("style braille"))
    stage.press(.tab, .enter)
    #expect(stage.state.settings.style == .braille)
    stage.press(.character(":"))
    for scalar in "detector yolo".unicodeScalars { stage.press(.character(scalar)) }
    stage.press(.enter)
    #expect(stage.session.asked.detectors == ["yolov8n"])
  }

  @Test func panesToggleAndReflow() throws {
    var stage = try Stage()
    let before = stage.composer.screen.layout.panes[.picture]?.width ?? 0
    for digit in "2367".unicodeScalars { stage.press(.character(digit)) }
    #expect((stage.composer.screen.layout.panes[.picture]?.width ?? 0) > before)
    stage.press(.character("1"))
    #expect(stage.composer.screen.layout.panes[.picture] == nil)
    #expect(stage.screen.contains("inference"))
  }

  @Test func selectingADetectionShowsItsClasses() throws {
    var stage = try Stage()
    stage.press(.down)
    #expect(stage.state.selectedIndex == 0)
    stage.draw()
    #expect(stage.screen.contains("walking"))
    stage.press(.escape)
    #expect(stage.state.view.selectedDetection == nil)
  }

  @Test func aClickInAScrolledListOfModelsMeansTheLineUnderIt() throws {
    var stage = try Stage(columns: 120, rows: 40)
    stage.session.edit { snapshot in
      snapshot.detectors = (0..<40).map {
        ModelListing(name: "net\($0)", description: nil, state: $0 == 30 ? .active : .available)
      }
    }
    stage.draw()
    let rect = try #require(stage.composer.screen.layout.panes[.models])
    let (x, y) = (rect.x + 4, rect.y + 2)
    let line = String(stage.composer.canvas.line(y).dropFirst(rect.x))
    let clicked = try #require((0..<40).map { "net\($0)" }.last { line.contains($0) })
    stage.press(.mouse(.left, x: x, y: y))
    #expect(stage.session.asked.detectors.isEmpty, "the first click only selects")
    #expect(clicked == "net\(stage.state.view.selectedModel)")
  }

  @Test func whatRunsBesideThePickedModelsIsListed() throws {
    var stage = try Stage()
    stage.session.edit { snapshot in
      let about = ModelDescription(
        name: "gestures", task: .sequence, path: "gestures.onnx", fileBytes: 52_000, inputWidth: 0, inputHeight: 0,
        labels: [], decoder: "recurrent")
      snapshot.pipeline = [StageListing(id: "sequence", kind: "sequence", model: about)]
    }
    stage.draw()
    #expect(stage.screen.contains("gestures"))
    #expect(stage.screen.contains("sequence"))
    #expect(!stage.screen.contains("sequence 0x0"))
  }

  @Test func theSelectedDetectionIsShownLarge() throws {
    var stage = try Stage(columns: 160, rows: 60)
    #expect(!stage.screen.contains("seen for"))
    stage.press(.down)
    #expect(stage.screen.contains("seen for"))
    #expect(stage.screen.contains("pixels"))
    // Where the list takes all the room, nothing is drawn over it.
    var small = try Stage(columns: 80, rows: 24)
    small.press(.down)
    #expect(!small.screen.contains("seen for"))
  }

  @Test func rarerLossesShowOnceTheyHappen() throws {
    var stage = try Stage(columns: 200, rows: 60)
    #expect(!stage.screen.contains("damaged"))
    stage.session.edit { $0.skipped.damaged = 3 }
    stage.draw()
    #expect(stage.screen.contains("damaged"))
    stage.state.own.governorLevel = 3
    stage.draw()
    #expect(stage.screen.contains("step 3 of"))
  }

  @Test func aClickInThePictureSelectsTheBox() throws {
    var stage = try Stage()
    let mapping = try #require(stage.composer.screen.picture)
    let x = mapping.column(480)
    let y = mapping.row(330)
    stage.press(.mouse(.left, x: x, y: y))
    let selected = stage.state.rows.rows.first { $0.key == stage.state.view.selectedDetection }
    #expect(selected?.detection.label == "car")
    #expect(stage.state.view.focus == .picture)
  }

  @Test func lostSignalIsUnmistakable() throws {
    var stage = try Stage()
    stage.session.edit {
      $0.sourceState = .noSignal(
        reason: "the camera is in use by cheese (process 4321), retrying",
        since: MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds - 3_200_000_000))
    }
    stage.draw()
    // That there is none and since when, why, what is done about it, and how old the picture is that still stands there.
    for text in ["NO SIGNAL 3.", "in use by cheese", "retrying", "this picture is"] {
      #expect(stage.screen.contains(text), "\(text)")
    }
  }

  @Test func theListDoesNotJump() {
    var rows = DetectionRows()
    func result(_ number: UInt64, _ a: Float, _ b: Float) -> FrameResult {
      var result = ScriptedSession.result(number: number, now: .now)
      result.findings.detections = [
        ScriptedSession.detection("a", 0, a, Box(x: 0, y: 0, width: 50, height: 50), track: 1),
        ScriptedSession.detection("b", 1, b, Box(x: 99, y: 0, width: 50, height: 50), track: 2),
      ]
      return result
    }
    rows.update(with: result(1, 0.80, 0.78), order: .confidence, now: .now)
    for i in 2..<40 {
      rows.update(with: result(UInt64(i), i % 2 == 0 ? 0.76 : 0.8, 0.79), order: .confidence, now: .now)
      #expect(rows.rows.map(\.detection.label) == ["a", "b"])
    }
    for i in 40..<60 { rows.update(with: result(UInt64(i), 0.3, 0.79), order: .confidence, now: .now) }
    #expect(rows.rows.map(\.detection.label) == ["b", "a"])
  }
}
