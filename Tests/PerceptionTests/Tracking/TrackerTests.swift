import Perception
import TestSupport
import Testing
import Vision

@Suite struct TrackerTests {
  private func detection(_ x: Float, _ y: Float, _ confidence: Float = 0.9, classID: Int = 0) -> Detection {
    Detection(
      label: "class \(classID)", classID: classID, confidence: confidence, box: Box(x: x, y: y, width: 40, height: 60))
  }

  @Test func aMovingObjectKeepsItsNumber() {
    var tracker = Tracker()
    var numbers: Set<Int> = []
    for frame in 0..<60 {
      let found = tracker.follow([detection(Float(frame) * 4, 50)], secondsSinceLast: 1.0 / 30)
      if let track = found.first?.track { numbers.insert(track) }
    }
    #expect(numbers == [1])
  }

  @Test func aDoubtfulDetectionProlongsButDoesNotBegin() {
    var tracker = Tracker()
    #expect(tracker.follow([detection(10, 10, 0.2)], secondsSinceLast: 0.03).isEmpty)
    for _ in 0..<3 { _ = tracker.follow([detection(10, 10, 0.9)], secondsSinceLast: 0.03) }
    #expect(tracker.follow([detection(11, 10, 0.2)], secondsSinceLast: 0.03).first?.track == 1)
  }

  @Test func theClassIsVotedAlongTheTrack() {
    var tracker = Tracker()
    for _ in 0..<5 { _ = tracker.follow([detection(10, 10)], secondsSinceLast: 0.03) }
    let found = tracker.follow([detection(10, 10, 0.6, classID: 3)], secondsSinceLast: 0.03)
    #expect(found.first?.classID == 0)
    #expect(found.first?.label == "class 0")
  }

  @Test func aLostObjectIsForgottenAndItsNumberNotUsedAgain() {
    var tracker = Tracker()
    for _ in 0..<3 { _ = tracker.follow([detection(10, 10)], secondsSinceLast: 0.03) }
    for _ in 0..<200 { _ = tracker.follow([], secondsSinceLast: 0.04) }
    #expect(tracker.tracks.isEmpty)
    for _ in 0..<2 { _ = tracker.follow([detection(10, 10)], secondsSinceLast: 0.03) }
    #expect(tracker.tracks.first?.id == 2)
  }

  @Test func anObjectThatComesBackBesideItsPlaceKeepsItsNumber() {
    var tracker = Tracker()
    for _ in 0..<5 { _ = tracker.follow([detection(100, 50)], secondsSinceLast: 1.0 / 30) }
    for _ in 0..<30 { _ = tracker.follow([], secondsSinceLast: 1.0 / 30) }
    #expect(tracker.present.isEmpty)
    #expect(tracker.follow([detection(160, 50)], secondsSinceLast: 1.0 / 30).first?.track == 1)
    // Of another class, of another size, or too far away: another object.
    for other in [detection(100, 50, classID: 1), detection(500, 50)] {
      var copy = tracker
      for _ in 0..<30 { _ = copy.follow([], secondsSinceLast: 1.0 / 30) }
      for _ in 0..<2 { _ = copy.follow([other], secondsSinceLast: 1.0 / 30) }
      #expect(copy.present.map(\.id) == [2] || other.classID == 1 && copy.present.map(\.id) == [1])
    }
  }

  /// Three of ten detections are of another class: what is shown stays, and changes once if the object really does.
  @Test func labelsDoNotFlicker() {
    var random = SeededGenerator(5)
    var tracker = Tracker()
    var shown: [Int] = []
    for frame in 0..<400 {
      let wrong = random.unit() < 0.3
      let classID = frame < 200 ? (wrong ? 1 + Int(random.unit() * 3) : 0) : 7
      let found = tracker.follow(
        [detection(100, 50, 0.5 + 0.4 * random.unit(), classID: classID)], secondsSinceLast: 0.033)
      if frame >= 10, let label = found.first?.classID { shown.append(label) }
    }
    let changes = zip(shown, shown.dropFirst()).count { $0 != $1 }
    #expect(changes == 1 && shown.first == 0 && shown.last == 7, "\(changes) changes")
  }

  /// Something passes before an object at rest, which shows again on the other side first.
  @Test func anObjectAtRestIsKnownByTheFirstPartThatShows() {
    var tracker = Tracker()
    func part(_ left: Float, _ right: Float) -> Detection {
      Detection(label: "", classID: 0, confidence: 0.9, box: Box(left: left, top: 100, right: right, bottom: 180))
    }
    for _ in 0..<30 { _ = tracker.follow([part(100, 300)], secondsSinceLast: 1.0 / 30) }
    for step in 0..<36 { _ = tracker.follow([part(100, 300 - 5 * Float(step))], secondsSinceLast: 1.0 / 30) }
    for _ in 0..<20 { _ = tracker.follow([], secondsSinceLast: 1.0 / 30) }
    #expect(tracker.follow([part(270, 300)], secondsSinceLast: 1.0 / 30).first?.track == 1)
  }

  /// Who walked out of the frame is not whoever walks in there later; who stands at the edge is.
  @Test func whatLeavesTheFrameIsNotWaitedFor() {
    for (speed, expected) in [(Float(6), 2), (0, 1)] {
      var tracker = Tracker()
      for step in 0..<20 {
        _ = tracker.follow(
          [detection(600 - 120 + Float(step) * speed, 50)], secondsSinceLast: 1.0 / 30, frame: (640, 480))
      }
      for step in 0..<6 where speed > 0 {
        let left = 600 + Float(step) * speed
        let box = Box(left: left, top: 50, right: 640, bottom: 110)
        let cut = Detection(label: "class 0", classID: 0, confidence: 0.9, box: box)
        _ = tracker.follow([cut], secondsSinceLast: 1.0 / 30, frame: (640, 480))
      }
      for _ in 0..<30 { _ = tracker.follow([], secondsSinceLast: 1.0 / 30, frame: (640, 480)) }
      let back: Float = speed > 0 ? 600 : 480
      for _ in 0..<3 { _ = tracker.follow([detection(back, 50)], secondsSinceLast: 1.0 / 30, frame: (640, 480)) }
      #expect(tracker.present.map(\.id) == [expected])
    }
  }

  /// Two frames a second, every third detection missing, objects beside each other and at the frame's edge.
  @Test func slowRatesKeepNumbers() {
    var tracker = Tracker()
    var numbers: [Float: Set<Int>] = [:]
    for frame in 0..<30 {
      let seen = [Float(600), 555].enumerated().filter { (frame + $0.offset) % 3 != 0 || frame < 2 }.map(\.element)
      let found = tracker.follow(
        seen.map { detection($0 + Float(frame % 2), 50) }, secondsSinceLast: 0.5, frame: (640, 480))
      for detection in found {
        guard let track = detection.track else { continue }
        numbers[detection.box.x > 590 ? 600 : 555, default: []].insert(track)
      }
    }
    #expect(numbers[600]?.count == 1 && numbers[555]?.count == 1, "\(numbers)")
  }

  @Test func hostileBoxesDoNoHarm() {
    var tracker = Tracker()
    let odd = [Float.nan, .infinity, -.infinity, 1e30, -5].map {
      Detection(label: "", classID: 0, confidence: 0.9, box: Box(x: $0, y: 0, width: $0, height: 4))
    }
    for _ in 0..<5 { _ = tracker.follow(odd + [detection(5, 5)], secondsSinceLast: .nan) }
    #expect(tracker.tracks.contains { $0.id != nil })
  }

  /// Eight objects cross a frame; 30 % of detections are dropped at random. IDF1 (Ristani et al., 2016) over the tracks,
  /// coasting ones up to a third of a second included.
  @Test func keepsIdentitiesWhenThirtyPercentIsDropped() {
    var random = SeededGenerator(42)
    let frames = 300
    // [object][frame] → box, straight paths that cross.
    let paths: [[Box]] = (0..<8).map { object in
      (0..<frames).map { frame in
        let direction: Float = object % 2 == 0 ? 1 : -1
        let start: Float = direction > 0 ? 0 : 1200
        return Box(
          x: start + direction * Float(frame) * (2 + Float(object) * 0.4), y: 30 + Float(object) * 55,
          width: 40 + Float(object) * 3, height: 60)
      }
    }
    var tracker = Tracker()
    var together: [[Int]: Int] = [:]
    var predicted = 0
    for frame in 0..<frames {
      let found = paths.indices.compactMap { object -> Detection? in
        guard random.unit() >= 0.3 else { return nil }
        var box = paths[object][frame]
        box.x += (random.unit() - 0.5) * 4
        box.y += (random.unit() - 0.5) * 4
        return Detection(label: "o", classID: 0, confidence: 0.6 + 0.4 * random.unit(), box: box)
      }
      _ = tracker.follow(found, secondsSinceLast: 1.0 / 30)
      for track in tracker.present {
        predicted += 1
        for object in paths.indices where track.box.iou(paths[object][frame]) >= 0.5 {
          together[[object, track.id!], default: 0] += 1
        }
      }
    }
    let ids = Array(Set(together.keys.map { $0[1] })).sorted()
    let costs = paths.indices.flatMap { object in
      ids.map { id in Float(1000) - Float(together[[object, id]] ?? 0) }
    }
    let pairs = Assignment.solve(costs, rows: paths.count, columns: ids.count, limit: 1000)
    let truePositives = pairs.enumerated().reduce(0) { sum, pair in
      sum + (pair.element.map { together[[pair.offset, ids[$0]]] ?? 0 } ?? 0)
    }
    let idf1 = 2 * Double(truePositives) / Double(predicted + paths.count * frames)
    #expect(idf1 >= 0.9, "IDF1 \(idf1)")
  }
}
