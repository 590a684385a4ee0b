import Perception
import TestSupport
import Testing
import Vision

/// Objects that move as objects do: they turn round, bounce, stop, cross, and the detector changes its mind about them.
@Suite struct MovementTests {
  private func detection(
    _ x: Float, _ y: Float = 100, size: Float = 40, classID: Int = 0, confidence: Float = 0.9
  ) -> Detection {
    Detection(
      label: "class \(classID)", classID: classID, confidence: confidence,
      box: Box(x: x, y: y, width: size, height: size))
  }

  /// The numbers that the only object of each frame gets, without the first `settling` frames.
  private func numbers(_ frames: [Detection?], rate: Double = 30, settling: Int = 2) -> [Int?] {
    var tracker = Tracker()
    return frames.map { found in
      tracker.follow(found.map { [$0] } ?? [], secondsSinceLast: 1 / rate, frame: (640, 480)).first?.track
    }.dropFirst(settling).map { $0 }
  }

  private func expectOne(_ frames: [Detection?], rate: Double = 30, _ what: String) {
    let got = zip(frames.dropFirst(2), numbers(frames, rate: rate)).filter { $0.0 != nil }.map(\.1)
    #expect(got.allSatisfy { $0 == 1 }, "\(what): \(got.map { $0.map(String.init) ?? "none" })")
  }

  // MARK: Turning round

  @Test func aBouncingObjectKeepsItsNumber() {
    for size in [24, 40, 90] as [Float] {
      for share in stride(from: Float(0.05), through: 0.6, by: 0.05) {
        for run in [3, 7, 12] {
          var (x, speed) = (Float(200), size * share)
          let frames = (0..<80).map { frame in
            if frame % run == run - 1 { speed = -speed }
            x += speed
            return detection(x, size: size)
          }
          expectOne(frames, "size \(size), \(share) of it a frame, turning every \(run) frames")
        }
      }
    }
  }

  @Test func aCirclingObjectKeepsItsNumber() {
    for (radius, step) in [(30, 0.3), (60, 0.15), (120, 0.08), (15, 0.6)] as [(Float, Float)] {
      var angle: Float = 0
      let frames = (0..<90).map { _ in
        angle += step
        // A polygon of its own: no trigonometry is needed to go round.
        let turn = angle.truncatingRemainder(dividingBy: 4)
        let along = radius * (turn.truncatingRemainder(dividingBy: 1) * 2 - 1)
        let (x, y) = [(along, -radius), (radius, along), (-along, radius), (-radius, -along)][Int(turn)]
        return detection(300 + x, 200 + y)
      }
      expectOne(frames, "radius \(radius), \(step) sides a frame")
    }
  }

  @Test func anObjectThatStopsAndGoesKeepsItsNumber() {
    for speed in [4, 10, 18, 24] as [Float] {
      var x: Float = 20
      let frames = (0..<100).map { frame in
        if frame / 6 % 2 == 0 { x += speed }
        return detection(x)
      }
      expectOne(frames, "\(speed) pixels a frame, then none")
    }
  }

  /// Hidden while it stops or turns: it comes back where it was, or a little back.
  @Test func anObjectThatStopsOrTurnsOutOfSightKeepsItsNumber() {
    for speed in [3, 6, 10] as [Float] {
      for hidden in [1, 3, 6, 10] {
        for after in [0, -1] as [Float] {
          var x: Float = 20
          let frames: [Detection?] = (0..<60).map { frame in
            x += frame < 20 ? speed : frame < 20 + hidden ? 0 : after * speed
            return (20..<20 + hidden).contains(frame) ? nil : detection(x)
          }
          expectOne(frames, "\(speed) pixels a frame, hidden for \(hidden), then times \(after)")
        }
      }
    }
  }

  @Test func slowRatesKeepTheirTurns() {
    for rate in [2, 5, 10, 15] as [Double] {
      var (x, speed) = (Float(100), Float(14))
      let frames = (0..<40).map { frame in
        if frame % 5 == 4 { speed = -speed }
        x += speed
        return detection(x)
      }
      expectOne(frames, rate: rate, "\(rate) frames a second")
    }
  }

  // MARK: Labels

  @Test func aFlickeringLabelKeepsItsNumber() {
    for (name, labels) in [
      ("two", [0, 1]), ("three", [0, 1, 2]), ("one of three", [0, 0, 1]), ("pairs", [0, 0, 1, 1]),
    ] {
      for size in [24, 40, 90] as [Float] {
        for share in [0, 0.1, 0.2, 0.3, 0.4, 0.5] as [Float] {
          let frames = (0..<40).map { frame in
            detection(20 + size * share * Float(frame), size: size, classID: labels[frame % labels.count])
          }
          expectOne(frames, "\(name) labels, size \(size), \(share) of it a frame")
        }
      }
    }
  }

  @Test func aLabelThatChangesForGoodAtATurnKeepsItsNumber() {
    var (x, speed) = (Float(100), Float(12))
    let frames = (0..<60).map { frame in
      if frame == 30 { speed = -speed }
      x += speed
      return detection(x, classID: frame < 30 ? 0 : 1)
    }
    expectOne(frames, "a turn with another label")
    var tracker = Tracker()
    let labels = frames.map { tracker.follow([$0], secondsSinceLast: 1 / 30).first?.label }
    #expect(labels.first == "class 0" && labels.last == "class 1", "the vote goes over to the new label")
  }

  /// Another object of another class that appears where one has just been hidden for a while is another object.
  @Test func anotherClassWhereAnObjectWasLostIsAnotherObject() {
    var tracker = Tracker()
    for frame in 0..<20 { _ = tracker.follow([detection(100 + Float(frame))], secondsSinceLast: 1 / 30) }
    for _ in 0..<15 { _ = tracker.follow([], secondsSinceLast: 1 / 30) }
    for frame in 0..<3 {
      _ = tracker.follow([detection(145 + Float(frame), classID: 1)], secondsSinceLast: 1 / 30)
    }
    #expect(tracker.present.map(\.id) == [2])
  }

  // MARK: Several objects

  /// Follows paths; the numbers that each of them gets.
  private func numbers(of paths: [(Int) -> Detection], frames: Int) -> [Set<Int>] {
    var tracker = Tracker()
    var numbers = [Set<Int>](repeating: [], count: paths.count)
    for frame in 0..<frames {
      let seen = paths.map { $0(frame) }
      let found = tracker.follow(seen, secondsSinceLast: 1 / 30, frame: (640, 480))
      // Where two boxes are equal, nobody can tell which is whose.
      guard Set(seen.map(\.box.x)).count == seen.count else { continue }
      for (index, detection) in seen.enumerated() {
        if let number = found.first(where: { $0.box == detection.box })?.track { numbers[index].insert(number) }
      }
    }
    return numbers
  }

  @Test func crossingObjectsOfAClassKeepTheirNumbers() {
    for speed in [2, 3.5, 6, 9, 13] as [Float] {
      for gap in [0, 7, 15] as [Float] {
        let frames = Int(400 / speed)
        let found = numbers(
          of: [{ detection(50 + speed * Float($0), 100) }, { detection(450 - speed * Float($0), 100 + gap) }],
          frames: frames)
        #expect(found.allSatisfy { $0.count == 1 } && found[0] != found[1], "\(speed), \(gap) apart: \(found)")
      }
    }
  }

  @Test func overtakingObjectsKeepTheirNumbers() {
    for (slow, fast) in [(2, 5), (3, 9), (1, 12)] as [(Float, Float)] {
      let found = numbers(
        of: [{ detection(150 + slow * Float($0), 100) }, { detection(20 + fast * Float($0), 108) }], frames: 45)
      #expect(found.allSatisfy { $0.count == 1 } && found[0] != found[1], "\(slow) and \(fast): \(found)")
    }
  }

  @Test func crossingObjectsOfTwoClassesKeepTheirNumbersAndLabels() {
    for speed in [2, 6, 12] as [Float] {
      let found = numbers(
        of: [
          { detection(50 + speed * Float($0), classID: 0) }, { detection(450 - speed * Float($0), 104, classID: 1) },
        ], frames: Int(400 / speed))
      #expect(found.allSatisfy { $0.count == 1 } && found[0] != found[1], "\(speed): \(found)")
    }
  }

  /// Neighbours that bounce against each other, as balls do, and side by side in step.
  @Test func neighboursInStepKeepTheirNumbers() {
    for speed in [3, 8, 14] as [Float] {
      func place(_ frame: Int) -> Float { speed * Float(abs(frame % 16 - 8)) }
      let found = numbers(
        of: [{ detection(100 + place($0)) }, { detection(160 + place($0)) }, { detection(220 + place($0)) }],
        frames: 64)
      #expect(found.allSatisfy { $0.count == 1 } && Set(found).count == 3, "\(speed): \(found)")
    }
  }

  // MARK: Confidence

  @Test func whatIsShownMayBeginATrack() {
    for shown in [0.05, 0.12, 0.25, 0.3, 0.4, 0.6, 0.9] as [Float] {
      for confidence in [0.04, 0.06, 0.11, 0.12, 0.2, 0.25, 0.3, 0.39, 0.4, 0.7] as [Float] {
        var tracker = Tracker()
        var last: [Detection] = []
        for _ in 0..<5 {
          last = tracker.follow(
            [detection(50, confidence: confidence)], secondsSinceLast: 1 / 30, shownFrom: shown)
        }
        #expect(!last.isEmpty == (confidence >= min(0.4, shown)), "\(confidence), shown from \(shown)")
        #expect(last.allSatisfy { $0.track == 1 })
      }
    }
  }

  @Test(arguments: [0.2, 0.4, 0.8] as [Float])
  func detectionsKeepTheirOwnConfidenceAndShowNoLessThanIsAsked(shown: Float) {
    var random = SeededGenerator(3)
    var tracker = Tracker()
    for frame in 0..<300 {
      let confidence = frame < 3 ? 0.9 : 0.1 + 0.89 * random.unit()
      let found = tracker.follow(
        [detection(50, confidence: confidence)], secondsSinceLast: 1 / 30, shownFrom: shown)
      #expect(found.map(\.ownConfidence) == [confidence] && (frame == 0 || found.first?.track == 1))
      if confidence >= shown { #expect((found.first?.confidence ?? 0) >= shown) }
    }
  }

  // MARK: Bounds

  @Test func tensOfThousandsOfDetectionsAreBounded() {
    var random = SeededGenerator(4)
    var tracker = Tracker()
    for frame in 0..<4 {
      // Half in one heap, half anywhere: heaps are what makes assignment expensive.
      let crowd = (0..<20_000).map { index in
        detection(
          index % 2 == 0 ? 100 + random.unit() : random.unit() * 100_000, 100 + random.unit(),
          confidence: index == 7 ? 1 : 0.5 + 0.4 * random.unit())
      }
      let found = tracker.follow(crowd, secondsSinceLast: 1 / 30)
      #expect(found.count <= 1000 && tracker.tracks.count <= 2000)
      #expect(found.contains { $0.ownConfidence == 1 }, "the most confident are followed, in frame \(frame)")
    }
  }

  @Test func aClassPerFrameIsForgotten() {
    var tracker = Tracker()
    for frame in 0..<2000 { _ = tracker.follow([detection(50, classID: frame)], secondsSinceLast: 1 / 30) }
    #expect(tracker.present.map(\.id) == [1])
  }
}
