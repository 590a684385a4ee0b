import Capture
import Dashboard
import Ground
import Perception
import Pipeline
import Testing
import Vision

/// Photos on the screen: their names, and nothing of one on the next.
@Suite struct PhotoScreenTests {
  typealias Stage = InteractionTests.Stage

  private static func show(
    _ name: String, _ number: Int, of count: Int, alone: Bool = true, found: [Detection] = [],
    classes: [Classification] = [],
    on stage: inout Stage
  ) {
    stage.session.edit {
      $0.paused = true
      var result = ScriptedSession.result(number: UInt64(number), now: .now)
      result.findings.detections = found
      if !classes.isEmpty { result.findings.classes = classes }
      result.frame.photo = PhotoPlace(name: name, number: number, count: count)
      result.frame.photo?.isAlone = alone
      result.frame.timeline = alone ? UInt64(number) : 0
      $0.latest = result
      $0.source.name = "/data/photos"
      $0.source.detail = "\(count) photos"
      $0.source.width = 810
    }
    stage.draw()
  }

  private static func find(_ label: String, _ confidence: Float) -> Detection {
    ScriptedSession.detection(label, 0, confidence, Box(x: 100, y: 120, width: 90, height: 240), track: nil)
  }

  @Test(arguments: [60, 80, 120, 200])
  func theHeaderNamesThePhotoItsSizeAndItsPlace(columns: Int) throws {
    var stage = try Stage(columns: columns, rows: 40)
    Self.show("bus.jpg", 3, of: 16, on: &stage)
    #expect(stage.composer.canvas.line(0).contains("bus.jpg 640x480 · 3/16"), "\(stage.composer.canvas.line(0))")
    Self.show("zebra.jpg", 16, of: 16, on: &stage)
    let header = stage.composer.canvas.line(0)
    #expect(
      header.contains("zebra.jpg 640x480 · 16/16") && !header.contains("bus") && !header.contains("810"), "\(header)")
  }

  @Test func aSinglePhotoHasNeitherAgeNorRateNorPlace() throws {
    var stage = try Stage()
    stage.session.edit {
      $0.source.isStill = true
      $0.source.isLive = true
      $0.source.framesPerSecond = 0
    }
    Self.show("bus.jpg", 1, of: 1, on: &stage)
    // Long after, it is not stale either.
    stage.session.edit {
      $0.paused = false
      $0.sourceState = .streaming
      $0.latest?.frame.captured = MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds - 60_000_000_000)
    }
    stage.session.edit { $0.paused = true }
    stage.draw()
    let header = stage.composer.canvas.line(0)
    #expect(header.contains("bus.jpg 640x480"), "\(header)")
    #expect(!header.contains("1/1") && !header.contains("age") && !header.contains("fps"), "\(header)")
    #expect(!stage.screen.contains("STALE"))
  }

  @Test func noLineOfThePhotoBeforeStays() throws {
    var stage = try Stage()
    Self.show("cat.jpg", 1, of: 3, found: [Self.find("cat", 0.9), Self.find("sofa", 0.8)], on: &stage)
    #expect(stage.state.rows.rows.map(\.detection.label) == ["cat", "sofa"])
    Self.show("zebra.jpg", 2, of: 3, found: [Self.find("zebra", 0.5)], on: &stage)
    #expect(stage.state.rows.rows.map(\.detection.label) == ["zebra"])
    #expect(stage.state.rows.rows.first?.confidence == 0.5)
    // Of a film the lost ones stay for a moment.
    Self.show("frame_3.jpg", 3, of: 9, alone: false, found: [], on: &stage)
    Self.show("frame_4.jpg", 4, of: 9, alone: false, found: [Self.find("cat", 0.9)], on: &stage)
    Self.show("frame_5.jpg", 5, of: 9, alone: false, found: [], on: &stage)
    #expect(stage.state.rows.rows.map(\.detection.label) == ["cat"])
  }

  @Test func barsShowThePhotosOwnClasses() throws {
    var stage = try Stage()
    let answers = [("tabby", Float(0.9)), ("zebra", 0.7), ("tabby", 0.2)]
    for (index, (label, confidence)) in answers.enumerated() {
      Self.show(
        "\(index).jpg", index + 1, of: 3,
        classes: [Classification(label: label, classID: index, confidence: confidence)],
        on: &stage)
      let bars = stage.state.classes.groups.flatMap(\.bars)
      #expect(bars.map(\.label) == [label])
      #expect(bars.allSatisfy { abs($0.smoothed - Double(confidence)) < 1e-6 }, "\(bars)")
    }
  }

  @Test func anotherAnswerOnTheSamePhotoShowsAtOnce() throws {
    var stage = try Stage()
    for confidence in [Float(0.9), 0.4] {
      Self.show("a.jpg", 1, of: 1, found: [Self.find("cat", confidence)], on: &stage)
      stage.session.edit { $0.latest?.number += UInt64(confidence * 100) }
      stage.draw()
      #expect(abs((stage.state.rows.rows.first?.confidence ?? 0) - Double(confidence)) < 1e-6)
    }
  }
}
