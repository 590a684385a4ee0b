import Capture
import Ground
import Perception
import Pipeline
import Recording
import TestSupport
import Testing
import Vision

@Suite struct ReplayTests {
  private func source(_ frames: Int = 30, _ change: (inout RecordingSource.Options) -> Void = { _ in }) throws
    -> RecordingSource
  {
    let disk = record(frames, RecordingConfiguration(directory: "d"))
    let name = try #require(disk.names.first)
    var options = RecordingSource.Options()
    options.speed = 0
    change(&options)
    return try RecordingSource(
      try MCAPReader(MemoryBytes(try #require(disk.contents(name)), name: name)), options: options)
  }

  private func nextSequence(_ source: RecordingSource, timeout: Int = 2000) throws -> UInt64? {
    if case .frame(let frame) = try source.next(timeout: timeout) { frame.sequence } else { nil }
  }

  @Test func playsEveryFrameInOrderAndEnds() throws {
    let source = try source()
    defer { source.close() }
    #expect(try (0..<30).map { _ in try nextSequence(source) } == (0..<30).map { UInt64($0) })
    guard case .end = try source.next(timeout: 10) else {
      Issue.record("no end")
      return
    }
    #expect(abs((source.status.duration ?? 0) - 29 / 30.0) < 0.001)
  }

  @Test func seeksStepsPausesAndLoops() throws {
    let source = try source { $0.atEnd = .hold }
    defer { source.close() }
    #expect(try nextSequence(source) == 0)
    source.seek(to: 0.5)
    #expect(try nextSequence(source) == 15)
    source.setPlaying(false)
    #expect(try nextSequence(source, timeout: 20) == nil)
    source.step(by: 1)
    #expect(try nextSequence(source) == 16)
    source.step(by: -1)
    #expect(try nextSequence(source) == 15)
    source.step(by: -100)
    #expect(try nextSequence(source) == 0)
    source.step(by: Int.max)
    #expect(try nextSequence(source) == 29)
    #expect(source.status.position > 0.9 && !source.status.isPlaying)
    source.seek(to: .nan)
    source.seek(to: -5)
    #expect(try nextSequence(source) == 0)
    source.seek(to: 1e9)
    #expect(try nextSequence(source) == 29)
    source.setPlaying(true)
    #expect(try nextSequence(source) == 0, "play at the end begins anew")
  }

  private func nextFrame(_ source: RecordingSource) throws -> Frame {
    guard case .frame(let frame) = try source.next(timeout: 5000) else {
      throw RecordingError(.nothingToDo, "no frame")
    }
    return frame
  }

  @Test(arguments: [0, 1, 4, 64])
  func framesKeepTheDistancesOfTheRecordingAtEverySpeed(speed: Double) throws {
    let source = try source { $0.speed = speed }
    defer { source.close() }
    let frames = try (0..<30).map { _ in try nextFrame(source) }
    for (a, b) in zip(frames, frames.dropFirst()) {
      #expect(abs(b.timestamp.nanoseconds(since: a.timestamp) - 33_333_333) < 1000)
      #expect(b.timeline == 0)
    }
  }

  @Test func stepsOnKeepTheTimelineAndMovesElsewhereDoNot() throws {
    let source = try source { $0.atEnd = .hold }
    defer { source.close() }
    let first = try nextFrame(source)
    source.step(by: 1)
    let second = try nextFrame(source)
    #expect(second.timeline == first.timeline)
    #expect(abs(second.timestamp.nanoseconds(since: first.timestamp) - 33_333_333) < 1000)
    var before = second
    for move in [{ source.step(by: -1) }, { source.seek(to: 0.8) }, { source.step(by: 3) }, { source.seek(to: 0) }] {
      move()
      let frame = try nextFrame(source)
      #expect(frame.timeline == before.timeline + 1 && frame.timestamp > before.timestamp)
      before = frame
    }
  }

  @Test func aLapGoesOn() throws {
    let source = try source(5) { $0.atEnd = .loop }
    defer { source.close() }
    let frames = try (0..<12).map { _ in try nextFrame(source) }
    #expect(frames.allSatisfy { $0.timeline == 0 })
    for (a, b) in zip(frames, frames.dropFirst()) {
      #expect(abs(b.timestamp.nanoseconds(since: a.timestamp) - 33_333_333) < 1000)
    }
  }

  @Test func loopsWhenAsked() throws {
    let source = try source(5) { $0.atEnd = .loop }
    defer { source.close() }
    #expect(try (0..<12).map { _ in try nextSequence(source) } == (0..<12).map { UInt64($0 % 5) })
  }

  @Test func marksNameWhatCameIntoThePicture() throws {
    let source = try source()
    defer { source.close() }
    #expect(
      eventually { Set(source.status.marks.map(\.title)).isSuperset(of: ["person", "pallet", "model switched"]) })
  }

  @Test func recordedResultsPlayAsADetector() throws {
    let source = try source()
    defer { source.close() }
    let model = RecordedModel(source)
    #expect(model.description.reasons == ["results of finder, as recorded"])
    for number in 0..<30 {
      guard case .frame(let frame) = try source.next(timeout: 2000) else {
        Issue.record("no frame")
        return
      }
      let (findings, times) = try model.perceive(frame.image, region: nil, minimumConfidence: 0.4)
      #expect(findings.detections.map(\.label) == [Scene.detection(number).label])
      #expect(times.inference == 12_000_000)
      #expect(try model.perceive(frame.image, region: nil, minimumConfidence: 0.99).0.detections.isEmpty)
    }
  }

  @Test func aClosedReplayIsOver() throws {
    let source = try source()
    source.close()
    source.close()
    guard case .end = try source.next(timeout: 10) else {
      Issue.record("no end")
      return
    }
  }
}
