import Capture
import Dashboard
import Ground
import Perception
import Pipeline
import Testing

/// The box of the camera's controls.
@Suite struct ControlBoxTests {
  typealias Stage = InteractionTests.Stage

  private static func listing() -> ControlListing {
    var listing = ControlListing()
    listing.isKnown = true
    listing.controls = [
      CameraControl(name: "brightness", kind: .integer, minimum: -64, maximum: 64, standard: 0, value: 3),
      CameraControl(
        name: "auto_exposure", kind: .menu, minimum: 0, maximum: 3, standard: 3, value: 3,
        choices: [.init(value: 1, name: "Manual Mode"), .init(value: 3, name: "Aperture Priority Mode")]),
      CameraControl(
        name: "exposure_time_absolute", kind: .integer, minimum: 1, maximum: 5000, standard: 157, value: 157,
        isLocked: true),
      CameraControl(name: "focus_automatic_continuous", kind: .boolean, minimum: 0, maximum: 1, standard: 1, value: 1),
      CameraControl(
        name: "temperature", kind: .integer, minimum: 0, maximum: 100, standard: 0, value: 41, isLocked: true,
        isReadOnly: true),
      CameraControl(name: "pan_reset", kind: .button, minimum: 0, maximum: 0, standard: 0, value: nil),
    ]
    return listing
  }

  private static func stage(_ columns: Int = 120, _ rows: Int = 40) throws -> Stage {
    var stage = try Stage(columns: columns, rows: rows)
    stage.session.edit {
      $0.capabilities.insert(.controls)
      $0.controls = listing()
    }
    stage.draw()
    return stage
  }

  private static func sets(_ stage: Stage) -> [ControlRequest] {
    stage.session.asked.controls.filter { $0 != .read }
  }

  @Test(arguments: [(80, 24), (120, 40), (200, 60), (60, 18), (40, 12)]) func everyKindIsShown(size: (Int, Int)) throws
  {
    var stage = try Self.stage(size.0, size.1)
    stage.press(.character("X"))
    #expect(stage.session.asked.controls == [.read])
    var seen = ""
    for _ in 0..<6 {
      seen += stage.screen
      stage.press(.down)
    }
    let texts =
      size.0 >= 80
      ? ["exposure_time_absolute", "157 x 100 µs", "inactive", "read-only", "Aperture Priority Mode", "-64 to 64"]
      : ["brightness", "inactive", "read-only"]
    for text in texts { #expect(seen.contains(text), "\(text):\n\(stage.screen)") }
    stage.press(.escape)
    #expect(stage.state.view.modal == nil)
  }

  @Test func keysChangeByStepsPagesAndToTheEnds() throws {
    var stage = try Self.stage()
    stage.press(.character("X"), .right, .right, .left, .pageUp, .home, .end)
    #expect(
      Self.sets(stage) == [4, 5, 4, 16, -64, 64].map { .set(name: "brightness", value: $0) }, "each from the one before"
    )
    stage.press(.down, .enter, .right)
    #expect(
      Self.sets(stage).suffix(2) == [.set(name: "auto_exposure", value: 1), .set(name: "auto_exposure", value: 3)])
    stage.press(.down, .down, .character(" "), .down, .down, .enter, .character("h"))
    #expect(
      Self.sets(stage).suffix(2) == [
        .set(name: "focus_automatic_continuous", value: 0), .set(name: "pan_reset", value: 1),
      ])
    stage.press(.up, .up, .character("d"), .character("D"), .character("W"))
    #expect(Self.sets(stage).suffix(3) == [.reset(name: "focus_automatic_continuous"), .resetAll, .remember])
    // Letters of the panes below do nothing.
    let before = Self.sets(stage)
    stage.press(.character("m"), .character("r"), .character("s"))
    #expect(
      Self.sets(stage) == before && stage.session.asked.detectors.isEmpty && stage.session.asked.recording.isEmpty)
  }

  @Test func lockedControlsSayWhy() throws {
    var stage = try Self.stage()
    stage.press(.character("X"), .down, .down, .right)
    #expect(Self.sets(stage).isEmpty && stage.screen.contains("switch that off first"))
    stage.press(.down, .down, .right)
    #expect(Self.sets(stage).isEmpty && stage.screen.contains("read-only: only the camera changes it"))
  }

  @Test func theMouseSelectsAndToggles() throws {
    var stage = try Self.stage()
    stage.press(.character("X"))
    let list = try #require(stage.composer.screen.overlayList)
    let line = Key.mouse(.left, x: list.room.x + 2, y: list.room.y + 3)
    stage.press(line)
    #expect(Self.sets(stage).isEmpty)
    stage.press(line)
    #expect(Self.sets(stage) == [.set(name: "focus_automatic_continuous", value: 0)])
    stage.press(.mouse(.left, x: 0, y: 0))
    #expect(stage.state.view.modal == nil)
  }

  @Test func aSourceWithoutControlsSaysSo() throws {
    var stage = try Stage()
    stage.press(.character("X"))
    #expect(stage.state.view.modal == nil && stage.screen.contains("this source has no controls"))
    // A driver that lists none, and one that has not answered yet.
    stage.session.edit {
      $0.capabilities.insert(.controls)
      $0.controls = ControlListing()
    }
    stage.draw()
    stage.press(.character("X"))
    #expect(stage.screen.contains("reading the camera's controls"))
    stage.press(.right, .down, .enter, .end, .character("d"))
    stage.session.edit { $0.controls?.isKnown = true }
    stage.draw()
    #expect(stage.screen.contains("has no controls") && Self.sets(stage).isEmpty)
  }

  @Test(arguments: [(80, "DARK: X"), (120, "DARK: X opens controls")])
  func aDarkPictureOffersTheControls(columns: Int, text: String) throws {
    var stage = try Self.stage(columns)
    let dark = PictureHealth(brightness: 9, contrast: 3, sharpness: nil, complaints: [.dark])
    stage.session.edit { $0.health = dark }
    stage.draw()
    #expect(stage.composer.canvas.line(0).contains(text), "\(stage.composer.canvas.line(0))")
    var other = try Stage(columns: columns)
    other.session.edit { $0.health = dark }
    other.draw()
    #expect(other.composer.canvas.line(0).contains("DARK ") && !other.composer.canvas.line(0).contains("DARK:"))
  }

  /// Automatic modes move controls: they are read again while they are looked at, and only then.
  @Test func controlsAreReadAgainWhileTheyAreOnTheScreen() throws {
    var stage = try Self.stage()
    let now = MonotonicTime.now
    func later(_ seconds: Double) -> MonotonicTime {
      MonotonicTime(nanoseconds: now.nanoseconds + Int64(saturating: seconds * 1e9))
    }
    stage.controller.keepControlsFresh(now: later(5))
    #expect(stage.session.asked.controls.isEmpty)
    stage.press(.character("X"))
    stage.controller.keepControlsFresh(now: later(0.2))
    #expect(stage.session.asked.controls.count == 1)
    stage.controller.keepControlsFresh(now: later(9))
    #expect(stage.session.asked.controls.count == 2)
  }
}
