import Capture
import Dashboard
import Ground
import Perception
import Pipeline
import Testing
import Vision

/// Poses on the screen: skeletons, each in its track's colour.
@Suite struct SkeletonScreenTests {
  typealias Stage = InteractionTests.Stage

  /// A person of COCO's 17 points: head above, arms spread, legs apart.
  private static func person(_ x: Float, track: Int?) -> Detection {
    var person = ScriptedSession.detection("person", 0, 0.9, Box(x: x, y: 60, width: 240, height: 400), track: track)
    let places: [(Float, Float)] = [
      (120, 80), (125, 75), (115, 75), (130, 80), (110, 80), (160, 150), (80, 150), (200, 200), (40, 200), (230, 250),
      (10, 250), (140, 280), (100, 280), (150, 360), (90, 360), (160, 450), (80, 450),
    ]
    person.keypoints = places.map { Keypoint(x: x + $0.0, y: $0.1, confidence: 0.9) }
    return person
  }

  private static func cells(of color: Color, _ stage: Stage) throws -> Int {
    let cells = try #require(stage.composer.screen.picture).cells
    var count = 0
    for y in cells.y..<cells.bottom {
      for x in cells.x..<cells.right where stage.composer.canvas[x, y].foreground == color { count += 1 }
    }
    return count
  }

  private static func show(_ persons: [Detection], on stage: inout Stage) {
    stage.session.edit {
      $0.paused = true
      var result = ScriptedSession.result(number: 9, now: .now)
      result.findings.detections = persons
      for index in persons.indices { result.findings.detections[index].number = index }
      $0.latest = result
    }
    stage.draw()
  }

  @Test func posesAreLinesInTheirTracksColours() throws {
    var stage = try Stage()
    // Colours that no other thing on the picture has.
    Self.show([Self.person(40, track: 2), Self.person(200, track: 5)], on: &stage)
    let two = stage.state.theme.color(ofClass: 2)
    let five = stage.state.theme.color(ofClass: 5)
    #expect(two != five)
    // More cells than the 17 points take.
    #expect(try Self.cells(of: two, stage) > 25 && Self.cells(of: five, stage) > 25, "\(stage.screen)")
    // Points that no data set joins are points only.
    var points = Self.person(40, track: 2)
    points.keypoints.removeLast(6)
    Self.show([points], on: &stage)
    let alone = try Self.cells(of: two, stage)
    #expect((1...11).contains(alone), "\(alone)")
    // A manifest joins them.
    points.skeleton = Skeleton([.init(0, 9), .init(0, 10)])
    Self.show([points], on: &stage)
    #expect(try Self.cells(of: two, stage) > alone + 5)
  }
}
