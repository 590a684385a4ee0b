import Capture
import Foundation
import Ground
import TestSupport
import Testing
import Vision

/// The own time of pictures that are not live: the media's, however fast they are delivered.
@Suite struct MediaClockTests {
  private static let image = Image.grey(8, 8)!

  private func frame(at nanoseconds: Int64) -> Frame {
    Frame(image: Self.image, sequence: 0, timestamp: MonotonicTime(nanoseconds: nanoseconds))
  }

  /// The timestamps that a clock gives for media times, delivered at `pace` of their own speed and with jitter.
  private func stamps(_ media: [Double], pace: Double, _ random: inout SeededGenerator) -> [Int64] {
    var clock = MediaClock()
    return media.map { seconds in
      let jitter = Int64.random(in: 0...20_000_000, using: &random)
      var frame = frame(at: 5_000_000_000 + (pace > 0 ? Int64(saturating: seconds / pace * 1e9) : 0) + jitter)
      clock.stamp(&frame, seconds: seconds, period: 0.04)
      return frame.timestamp.nanoseconds
    }
  }

  @Test func distancesAreTheMediasAtEveryPace() {
    var random = SeededGenerator(7)
    for _ in 0..<200 {
      var seconds = Double.random(in: 0...1000, using: &random)
      let media = (0..<50).map { _ in
        seconds += Double.random(in: 0.001...0.5, using: &random)
        return seconds
      }
      for pace in [0.25, 1, 4, 0] {
        let times = stamps(media, pace: pace, &random)
        for (index, time) in times.enumerated() {
          let distance = Double(time - times[0]) / 1e9
          #expect(abs(distance - (media[index] - media[0])) < 1e-6)
        }
      }
    }
  }

  @Test func timeAlwaysGrows() {
    var random = SeededGenerator(8)
    var clock = MediaClock()
    var last = Int64.min
    let odd = [0, -5, .nan, .infinity, -.infinity, 1e300, 1e18, 5, 5, 4.999]
    for round in 0..<2000 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0: clock.jump()
      case 1: clock.beginLap()
      default: break
      }
      var frame = frame(at: Int64(round))
      clock.stamp(&frame, seconds: odd.randomElement(using: &random)!, period: odd.randomElement(using: &random)!)
      #expect(frame.timestamp.nanoseconds > last)
      #expect(frame.captured.nanoseconds == Int64(round), "the clock's own moment stays")
      last = frame.timestamp.nanoseconds
    }
  }

  @Test func aLapGoesOnAndAJumpIsAnotherTimeline() {
    var clock = MediaClock()
    func stamp(_ seconds: Double) -> (Int64, UInt64) {
      var frame = frame(at: 1000)
      clock.stamp(&frame, seconds: seconds, period: 0.1)
      #expect(frame.mediaTime == seconds)
      return (frame.timestamp.nanoseconds, frame.timeline)
    }
    #expect(stamp(3) == (1000, 0))
    #expect(stamp(3.1) == (100_001_000, 0))
    clock.beginLap()
    #expect(stamp(0) == (200_001_000, 0))
    #expect(stamp(0.25) == (450_001_000, 0))
    clock.jump()
    #expect(stamp(90) == (550_001_000, 1))
    #expect(stamp(90.1) == (650_001_000, 1))
    clock.jump()
    #expect(stamp(0) == (750_001_000, 2))
  }

  // MARK: Sources

  /// Each frame's seconds since the first, by its own time.
  private func times(_ source: any FrameSource, pausing: Int64 = 0) throws -> [Double] {
    defer { source.close() }
    var frames: [Frame] = []
    for _ in 0..<100_000 {
      let event = try source.next(timeout: 50)
      if case .frame(let frame) = event {
        frames.append(frame)
        if pausing > 0 { pass(pausing) }
      }
      if case .end = event { break }
    }
    let first = try #require(frames.first)
    return frames.map { Double($0.timestamp.nanoseconds(since: first.timestamp)) / 1e9 }
  }

  private func requests(fps: Double? = nil) -> [SourceRequest] {
    [SourceRequest.Pace.native, .unlimited].map { pace in
      var request = SourceRequest(framesPerSecond: fps)
      request.pace = pace
      return request
    }
  }

  private func expectSteps(_ times: [Double], of period: Double, count: Int) {
    #expect(times.count == count)
    for (index, time) in times.enumerated() { #expect(abs(time - Double(index) * period) < 1e-6) }
  }

  @Test func photosOfAFolder() throws {
    let folder = try TemporaryFolder()
    for number in 0..<5 { try folder.write("\(number).jpg", testJPEG(64, 48)) }
    for request in requests(fps: 40) {
      expectSteps(try times(try PhotoSource(path: folder.path, request: request)), of: 1 / 40, count: 5)
      let slow = try times(try PhotoSource(path: folder.path, request: request), pausing: 30_000_000)
      expectSteps(slow, of: 1 / 40, count: 5)
    }
  }

  @Test func rawVideoFiles() throws {
    let folder = try TemporaryFolder()
    let picture = Array("FRAME\n".utf8) + [UInt8](repeating: 90, count: 48)
    let path = try folder.write(
      "a.y4m", Array("YUV4MPEG2 W8 H4 F50:1 C420\n".utf8) + (0..<8).flatMap { _ in picture })
    for request in requests() {
      expectSteps(try times(try RawVideoSource(path: path, request: request)), of: 0.02, count: 8)
    }
  }

  @Test func aFaultAtASecondOfAFileIsAtThatSecondAtEveryPace() throws {
    let folder = try TemporaryFolder()
    for number in 0..<8 { try folder.write("\(number).jpg", testJPEG(64, 48)) }
    for request in requests(fps: 50) {
      let source = try PhotoSource(path: folder.path, request: request)
      let faulty = FaultySource(source, faults: [SourceFault(.end, start: 0.1)])
      #expect(try times(faulty).count == 5)
    }
  }
}
