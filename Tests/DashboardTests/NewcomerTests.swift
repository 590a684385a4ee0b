import Capture
import Dashboard
import Foundation
import Ground
import Perception
import Pipeline
import Testing
import Vision

/// What confuses people on their first day.
@Suite struct NewcomerTests {
  typealias Stage = InteractionTests.Stage

  private static func find(_ label: String, _ confidence: Float, _ x: Float, track: Int?, id: Int = 0) -> Detection {
    ScriptedSession.detection(label, id, confidence, Box(x: x, y: 120, width: 90, height: 240), track: track)
  }

  private static func show(_ found: [Detection], _ number: UInt64, on stage: inout Stage) {
    stage.session.edit {
      $0.paused = true
      var result = ScriptedSession.result(number: number, now: .now)
      result.findings.detections = found
      $0.latest = result
    }
    stage.draw()
  }

  @Test(arguments: [(80, 24), (120, 40)])
  func aDeadEndSaysWhatToDo(size: (Int, Int)) throws {
    var stage = try Stage(columns: size.0, rows: size.1)
    stage.session.edit {
      $0.detectors = [$0.detectors[0]]
      $0.capabilities.insert(.comparison)
      $0.capabilities.insert(.labels)
    }
    stage.draw()
    for (key, what) in [
      ("m", "detector"), ("M", "detector"), ("a", "detector"), ("c", "classifier"), ("C", "classifier"),
    ] {
      stage.press(.escape)
      stage.press(.character(Unicode.Scalar(key) ?? " "))
      #expect(stage.screen.contains("no other \(what): run `ocellus models pull "), "\(key):\n\(stage.screen)")
      #expect(stage.session.asked.detectors.isEmpty && stage.session.asked.classifiers.isEmpty)
    }
  }

  @Test func labelsAreRefusedBeforeTheyAreTyped() throws {
    var stage = try Stage()
    stage.session.edit {
      $0.detectors = [$0.detectors[0]]
      $0.classifiers = []
      $0.capabilities.insert(.labels)
    }
    stage.draw()
    stage.press(.character("/"))
    #expect(stage.state.view.modal == nil && stage.screen.contains("CLIP"), "\(stage.screen)")
    // A network that nobody has read yet may be one of such a pair.
    stage.session.edit { $0.classifiers = [ModelListing(name: "clip", description: nil, state: .available)] }
    stage.draw()
    stage.press(.character("/"))
    #expect(stage.state.view.modal != nil)
  }

  @Test(arguments: [(80, 24), (120, 40), (200, 60)])
  func messagesLeaveThePanesFree(size: (Int, Int)) throws {
    var stage = try Stage(columns: size.0, rows: size.1)
    let long = String(repeating: "the camera does not answer, ", count: 12)
    for (severity, text) in [
      (SessionEvent.Severity.error, long), (.warning, "no signal: cable"), (.info, "the picture is back"),
    ] {
      stage.session.edit { $0.events.append(SessionEvent(time: .now, severity: severity, message: text)) }
      stage.draw()
    }
    stage.session.edit { $0.events.append(SessionEvent(time: .now, severity: .error, message: long)) }
    stage.draw()
    #expect(stage.state.view.toasts.count == 1)
    let place = try #require(stage.composer.screen.toast)
    #expect(place.y >= size.1 - 2 && place.bottom == size.1)
    let panes = stage.composer.screen.layout.panes.values.map(\.inner)
    #expect(panes.allSatisfy { $0.bottom <= place.y }, "a message lies over a pane")
    // The newest news counts, a click takes it away.
    stage.press(.character("p"))
    #expect(stage.state.view.toasts.map(\.text) == ["layout \(LayoutPreset.all[1].name)"])
    stage.press(.mouse(.left, x: 1, y: size.1 - 1))
    #expect(stage.state.view.toasts.isEmpty && stage.state.view.modal == nil)
  }

  @Test func aLostObjectHasNoConfidence() throws {
    var stage = try Stage()
    Self.show(
      [Self.find("person", 0.75, 10, track: 1), Self.find("robot", 0.93, 300, track: 2, id: 1)], 900_001, on: &stage)
    #expect(stage.screen.contains("93%"))
    Self.show([Self.find("person", 0.75, 10, track: 1)], 900_002, on: &stage)
    let line = try #require(stage.screen.split(separator: "\n").first { $0.contains("robot") })
    #expect(line.contains("lost") && !line.contains("93%"), "\(line)")
    #expect(stage.screen.contains("1 ≥ 40%"))
  }

  @Test func boxAndListSayTheSame() throws {
    var stage = try Stage(columns: 160, rows: 50)
    var values = Set<String>()
    for (i, confidence) in [0.46, 0.73, 0.9, 0.41, 0.66, 0.84, 0.5].enumerated() {
      Self.show([Self.find("person", Float(confidence), 200, track: 5)], 900_001 + UInt64(i), on: &stage)
      let row = try #require(stage.state.rows.rows.first { $0.detection.track == 5 })
      let percent = Text.percent(row.confidence)
      values.insert(percent)
      let lines = stage.screen.split(separator: "\n")
      #expect(lines.contains { $0.contains(" person \(percent.dropLast()) #5 ") }, "\(percent):\n\(stage.screen)")
      #expect(lines.contains { $0.contains("#5") && $0.contains(percent) }, "\(percent):\n\(stage.screen)")
    }
    #expect(values.count > 3, "smoothed, but not for ever the same")
  }

  @Test func everythingOldIsDimmed() throws {
    var stage = try Stage(columns: 80, rows: 24)
    func colors(_ pane: PaneID) throws -> [Color] {
      let rect = try #require(stage.composer.screen.layout.panes[pane]).inner
      return (rect.x..<rect.right).map { stage.composer.canvas[$0, rect.y].foreground }
    }
    Self.show([Self.find("person", 0.75, 10, track: 1)], 900_001, on: &stage)
    let panes = [PaneID.detections, .classes, .latency].filter { stage.composer.screen.layout.panes[$0] != nil }
    #expect(panes.count >= 2)
    let before = try panes.map(colors)
    stage.session.edit { $0.sourceState = .noSignal(reason: "unplugged", since: .now) }
    stage.draw()
    for (pane, old) in zip(panes, before) {
      let now = try colors(pane)
      #expect(now != old, "\(pane) is as bright as before")
      #expect(zip(now, old).allSatisfy { $0.brightness <= $1.brightness || $1.isTerminal }, "\(pane)")
    }
  }

  @Test func lostFramesAreInTheHeader() throws {
    var stage = try Stage(columns: 80, rows: 24)
    #expect(!stage.composer.canvas.line(0).contains("DROPS"))
    stage.session.edit { $0.rates.droppedByDriver = 15.2 }
    stage.draw()
    #expect(stage.composer.canvas.line(0).contains("DROPS 15/s"), "\(stage.composer.canvas.line(0))")
  }

  @Test func aMarkOfAComparisonHasABox() throws {
    var stage = try Stage(columns: 160, rows: 50)
    let shown = Self.find("person", 0.8, 100, track: 1)
    stage.session.edit {
      var comparison = ComparisonStatus(model: "other", state: .active)
      comparison.primaryFindings = ScriptedSession.findings(
        [shown] + (0..<13).map { Self.find("person", 0.1, Float($0) * 30 + 150, track: nil) })
      comparison.findings = ScriptedSession.findings([Self.find("car", 0.05, 500, track: nil, id: 1)])
      comparison.agreement.add(comparison.primaryFindings.detections, comparison.findings.detections)
      $0.comparison = comparison
    }
    Self.show([shown], 900_001, on: &stage)
    #expect(stage.screen.contains("only A 1, only B 0"), "\(stage.screen)")
    #expect(stage.screen.components(separatedBy: " A ").count == 4, "\(stage.screen)")
    #expect(!stage.screen.contains(" B car"))
  }

  @Test func choicesOfKeysSayHowToKeepThem() throws {
    var stage = try Stage()
    stage.press(.character("v"))
    #expect(stage.screen.contains("W keeps it"))
    #expect(stage.press(.character("W")) == .save)
  }

  @Test func eightColorsAreLetters() {
    #expect(PictureStyle.blocks.possible(with: .blocks, depth: .eight) == .ascii)
    #expect(PictureStyle.blocks.possible(with: .full, depth: .eight) == .ascii)
    #expect(PictureStyle.blocks.possible(with: .full, depth: .sixteen) == .blocks)
    #expect(PictureStyle.blocks.possible(with: .full, depth: .mono) == .braille)
  }

  @Test func aCrowdIsCountedAndItsLabelsThinned() throws {
    var stage = try Stage(columns: 120, rows: 40)
    let found = (0..<96).map { i in
      ScriptedSession.detection(
        i < 64 ? "person" : "bus", i < 64 ? 0 : 1, 0.8,
        Box(x: Float(i % 12) * 53, y: Float(i / 12) * 60, width: 40, height: 50), track: i)
    }
    Self.show(found, 900_001, on: &stage)
    #expect(stage.screen.contains("64 person, 32 bus"), "\(stage.screen)")
    let picture = try #require(stage.composer.screen.picture).cells
    let text = (picture.y..<picture.bottom).map { y in
      String(
        String.UnicodeScalarView(
          (picture.x..<picture.right).map { Unicode.Scalar(stage.composer.canvas[$0, y].scalar) ?? " " }))
    }
    #expect(!text.contains { $0.contains(" #") }, "a number without its class: \(text)")
  }

  @Test(arguments: [60, 80, 120, 200])
  func aReplayHasAnHourAndNoAge(columns: Int) throws {
    var stage = try Stage(columns: columns, rows: 40)
    stage.session.edit {
      $0.replay = PlaybackStatus(position: 7, duration: 600, isPlaying: true, begin: 1_796_047_513_000_000_000)
      $0.source.name = "/data/ocellus-20261130-125332.mcap"
      $0.source.detail = "recording of 600.0 s, 15100 pictures on /camera/front/image_raw/compressed"
    }
    stage.draw()
    let header = stage.composer.canvas.line(0)
    #expect(header.contains("0:07 / 10:00") && header.contains("14:05:20 UTC"), "\(header)")
    #expect(!header.contains("age ") && !header.contains("fps"), "\(header)")
    if columns >= 120 { #expect(header.contains("2026-11-30")) }
    #expect(header.contains("pictures on") == header.contains("compressed"), "whole or not at all: \(header)")
  }
}
