import Capture
import Ground
import Testing
import Vision

@Suite struct DemoSourceTests {
  /// The next frame, however many times the source says "not yet".
  private func frame(_ source: DemoSource) throws -> Frame {
    for _ in 0..<1000 {
      if case .frame(let frame) = try source.next(timeout: 100) { return frame }
    }
    throw CaptureError(.deviceFailed, "no frame came")
  }

  @Test func describesWhatItGives() throws {
    let plain = try DemoSource(options: DemoOptions())
    #expect(plain.description.width == 640 && plain.description.height == 480)
    #expect(plain.description.framesPerSecond == 30 && plain.description.isLive)
    let asked = try DemoSource(
      name: "demo:seed=1", options: DemoOptions(), request: SourceRequest(width: 320, framesPerSecond: 100))
    #expect(asked.description.name == "demo:seed=1")
    let frame = try frame(asked)
    #expect(frame.image.width == 320 && frame.image.height == 240 && frame.image.format == .rgb24)
  }

  @Test(arguments: [
    SourceRequest(width: 31, height: 240), SourceRequest(width: 5000), SourceRequest(height: .max),
    SourceRequest(width: .min, height: 100), SourceRequest(framesPerSecond: 0), SourceRequest(framesPerSecond: .nan),
    SourceRequest(framesPerSecond: -.infinity),
  ])
  func refusesImpossibleRequests(_ request: SourceRequest) {
    let error = #expect(throws: CaptureError.self) { try DemoSource(options: DemoOptions(), request: request) }
    #expect(error?.kind == .unsupported)
  }

  @Test func framesComeInOrderAndNeverEarly() throws {
    let source = try DemoSource(
      options: DemoOptions(), request: SourceRequest(width: 64, height: 48, framesPerSecond: 50))
    let first = try frame(source)
    var previous = first
    for _ in 0..<10 {
      let next = try frame(source)
      #expect(next.sequence > previous.sequence)
      #expect(next.timestamp > previous.timestamp)
      // However slow this machine is, a frame never comes before its time.
      let due = Double(next.sequence - first.sequence) * 20 - 20
      #expect(next.timestamp.milliseconds(since: first.timestamp) >= due - 1)
      previous = next
    }
  }

  @Test func lostFramesAreCounted() throws {
    let source = try DemoSource(
      options: DemoOptions(), request: SourceRequest(width: 32, height: 32, framesPerSecond: 1000))
    var last = try frame(source)
    for _ in 0..<5 {
      let begun = MonotonicTime.now
      while MonotonicTime.now.milliseconds(since: begun) < 12 {}
      last = try frame(source)
    }
    #expect(last.driverDrops > 20)
    #expect(last.sequence >= last.driverDrops + 5)
  }

  @Test func steadyFlowAllocatesNoPixels() throws {
    let source = try DemoSource(
      options: DemoOptions(), request: SourceRequest(width: 64, height: 48, framesPerSecond: 500))
    var storages: Set<ObjectIdentifier> = []
    for _ in 0..<40 { storages.insert(ObjectIdentifier(try frame(source).image.storage)) }
    #expect(storages.count <= 2)
  }

  @Test func shortTimeoutsSayNothing() throws {
    let source = try DemoSource(
      options: DemoOptions(), request: SourceRequest(width: 64, height: 48, framesPerSecond: 0.1))
    _ = try frame(source)
    guard case .nothing = try source.next(timeout: 5) else {
      Issue.record("a frame came ten seconds early")
      return
    }
  }

  @Test func closedSourcesEnd() throws {
    let source = try DemoSource(options: DemoOptions(), request: SourceRequest(width: 64, height: 48))
    source.close()
    source.close()
    guard case .end = try source.next(timeout: 0) else {
      Issue.record("a closed source went on")
      return
    }
  }
}
