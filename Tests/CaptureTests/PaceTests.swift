import Capture
import Foundation
import Ground
import TestSupport
import Testing
import Vision

/// How fast sources that are not live are played: at their own rate, or as fast as they are asked.
@Suite struct PaceTests {
  private func request(_ pace: SourceRequest.Pace, fps: Double? = nil, loops: Bool = false) -> SourceRequest {
    var request = SourceRequest(framesPerSecond: fps)
    request.pace = pace
    request.loops = loops
    return request
  }

  /// The moments of frames, by the scripted clock where there is one, of a source asked every few milliseconds.
  private func moments(
    _ source: any FrameSource, _ now: () -> MonotonicTime, frames: Int
  ) throws -> (seconds: [Double], media: [Double]) {
    let start = now()
    var result: (seconds: [Double], media: [Double]) = ([], [])
    for _ in 0..<100_000 where result.seconds.count < frames {
      switch try source.next(timeout: 20) {
      case .frame(let frame):
        result.seconds.append(now().milliseconds(since: start) / 1000)
        result.media.append(frame.mediaTime ?? -1)
      case .end: return result
      default: break
      }
    }
    return result
  }

  /// A machine with a clock of its own, and `count` photos in `folder`.
  private func photos(_ folder: TemporaryFolder, _ count: Int) throws -> ScriptedSystem {
    let system = ScriptedSystem([:])
    system.folders[folder.path] = (0..<count).map { "\($0).jpg" }
    for number in 0..<count { try folder.write("\(number).jpg", testJPEG(64, 48)) }
    return system
  }

  // MARK: Photos, by a scripted clock

  @Test(arguments: [nil, 10.0, 0.5])
  func aFolderAtItsOwnRate(fps: Double?) throws {
    let folder = try TemporaryFolder()
    let system = try photos(folder, 6)
    let source = try PhotoSource(path: folder.path, request: request(.native, fps: fps), system: system)
    let seen = try moments(source, { system.now }, frames: 6)
    let period = 1 / (fps ?? 2)
    for (index, second) in seen.seconds.enumerated() {
      #expect(abs(second - Double(index) * period) < 0.002, "photo \(index) at \(second) s")
      #expect(abs(seen.media[index] - Double(index) * period) < 1e-9)
    }
    #expect(seen.seconds.count == 6)
  }

  @Test func aFolderAsFastAsPossibleNeverWaits() throws {
    let folder = try TemporaryFolder()
    let system = try photos(folder, 6)
    let source = try PhotoSource(path: folder.path, request: request(.unlimited), system: system)
    let seen = try moments(source, { system.now }, frames: 6)
    #expect(seen.seconds == Array(repeating: 0, count: 6))
    #expect(seen.media == [0, 0.5, 1, 1.5, 2, 2.5], "media time goes on all the same")
  }

  @Test func aLoopKeepsThePace() throws {
    let folder = try TemporaryFolder()
    let system = try photos(folder, 3)
    let source = try PhotoSource(path: folder.path, request: request(.native, fps: 10, loops: true), system: system)
    let seen = try moments(source, { system.now }, frames: 12)
    for (index, second) in seen.seconds.enumerated() { #expect(abs(second - Double(index) / 10) < 0.002) }
  }

  @Test func aPauseIsNotHurriedThrough() throws {
    let folder = try TemporaryFolder()
    let system = try photos(folder, 8)
    let source = try PhotoSource(path: folder.path, request: request(.native, fps: 10), system: system)
    _ = try moments(source, { system.now }, frames: 3)
    system.sleep(milliseconds: 5000)
    let seen = try moments(source, { system.now }, frames: 4)
    #expect(seen.seconds[0] == 0)
    for (a, b) in zip(seen.seconds, seen.seconds.dropFirst()) { #expect(abs(b - a - 0.1) < 0.002) }
  }

  // MARK: Files, by the real clock: never early, never without waiting

  private func y4m(_ frames: Int) -> [UInt8] {
    Array("YUV4MPEG2 W8 H4 F50:1 C420\n".utf8)
      + (0..<frames).flatMap { Array("FRAME\n".utf8) + [UInt8](repeating: UInt8($0), count: 48) }
  }

  @Test func aRawFileIsPlayedAtItsOwnRateOrAtOnce() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.y4m", y4m(20))
    let paced = try moments(
      try RawVideoSource(path: path, request: request(.native)), { MonotonicTime.now }, frames: 100)
    #expect(paced.seconds.count == 20)
    for (index, media) in paced.media.enumerated() { #expect(abs(media - Double(index) / 50) < 1e-9) }
    // A busy machine is late, but nothing is shown before its time.
    let first = try #require(paced.seconds.first)
    let last = try #require(paced.seconds.last)
    #expect(last - first > 0.02 * 19 - 0.01)
    let quick = try RawVideoSource(path: path, request: request(.unlimited))
    var answers = 0
    var frames = 0
    while frames < 20 {
      answers += 1
      if case .frame = try quick.next(timeout: 0) { frames += 1 }
      try #require(answers < 200)
    }
    #expect(answers < 40, "frames are there whenever they are asked for")
    quick.close()
  }

  @Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
  func aVideoIsPlayedAtItsOwnRate() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.y4m", y4m(20))
    // The same file through ffmpeg, at half the rate that it has.
    let source = try VideoFileSource(path: path, request: request(.native, fps: 25))
    let paced = try moments(source, { MonotonicTime.now }, frames: 100)
    source.close()
    #expect((9...13).contains(paced.seconds.count))
    let first = try #require(paced.seconds.first)
    let last = try #require(paced.seconds.last)
    #expect(last - first > 0.04 * Double(paced.seconds.count - 1) - 0.01)
  }
}
