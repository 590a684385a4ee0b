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

  private func faulty(_ fault: String) throws -> DemoSource {
    try DemoSource(
      options: DemoOptions(name: "demo:noise=0,objects=9,fault=\(fault)"),
      request: SourceRequest(width: 64, height: 48, framesPerSecond: 200))
  }

  private func bytes(_ frame: Frame) -> [UInt8] { Array(frame.image.storage.bytes.prefix(64 * 48 * 3)) }

  @Test func frozenPicturesStayTheSame() throws {
    let source = try faulty("freeze@0s-1000s")
    let first = try frame(source)
    for _ in 0..<5 { _ = try frame(source) }
    // Only the light and the noise of one frame number: not a bit may differ.
    #expect(try bytes(frame(source)) == bytes(first))
  }

  @Test func coveredLensesAreBlack() throws {
    #expect(try bytes(frame(faulty("black@0s"))).allSatisfy { $0 == 0 })
  }

  @Test func unpluggedSourcesSaySoAndComeBack() throws {
    let source = try faulty("unplug@0.05s-0.15s")
    var heard: [String] = []
    for _ in 0..<2000 where heard.last != "frame after" {
      switch try source.next(timeout: 10) {
      case .frame: heard.append(heard.contains("notice") ? "frame after" : "frame")
      case .noSignal(let reason, _):
        #expect(reason.contains("unplugged"))
        heard.append("no signal")
      case .notice: heard.append("notice")
      case .nothing, .end: break
      }
    }
    #expect(heard.last == "frame after")
    #expect(heard.contains("no signal") && heard.filter { $0 == "notice" }.count == 1)
  }

  @Test func stalledFailedAndEndedSources() throws {
    guard case .nothing = try faulty("stall@0s-1000s").next(timeout: 1) else {
      Issue.record("a stalled source spoke")
      return
    }
    #expect(throws: CaptureError.self) { try faulty("fail@0s").next(timeout: 1) }
    guard case .end = try faulty("end@0s").next(timeout: 1) else {
      Issue.record("the source did not end")
      return
    }
  }
}
