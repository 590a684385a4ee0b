import CVideo4Linux
import Capture
import Foundation
import Ground
import TestSupport
import Testing
import Vision

/// Damaged JPEGs all the way through the camera: `OCELLUS_MUTATED_JPEGS=10000 swift test -c release --filter
/// MutatedJPEGTests` says how many, 1,000 without it.
@Suite struct MutatedJPEGTests {
  private var rounds: Int { environmentCount("OCELLUS_MUTATED_JPEGS", usual: 1000) }

  private func residentMebibytes() throws -> Int {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/statm"))
    let fields = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self).split(separator: " ")
    return try #require(fields.count > 1 ? Int(fields[1]) : nil) * 4 / 1024
  }

  /// A few bytes changed, or a piece lost, doubled or swapped.
  private func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int(random.next() % 6) + 1 {
      let at = Int(random.next() % UInt64(result.count))
      let length = min(result.count - at, Int(random.next() % 200))
      switch random.next() % 5 {
      case 0, 1: result[at] = UInt8(truncatingIfNeeded: random.next())
      case 2: result.removeSubrange(at..<min(at + length, max(at, result.count - 4)))
      case 3: result.insert(contentsOf: result[at..<at + length], at: at)
      default: result[at] ^= 1 << UInt8(random.next() % 8)
      }
    }
    return random.next() % 8 == 0 ? Array(result.prefix(Int(random.next() % UInt64(result.count)))) : result
  }

  @Test func mutatedPicturesAreCountedAndSurvived() throws {
    let camera = ScriptedCamera([.init(fourCC: FourCC("MJPG"), sizes: [(160, 120)])])
    let good = testJPEG(160, 120)
    var random = SeededGenerator(7)
    let bad = (0..<rounds).map { _ in mutate(good, &random) }
    camera.picture = { _ in good }
    camera.delivery = { $0 % 2 == 1 && $0 / 2 < bad.count ? .bytes(Array(bad[$0 / 2].prefix(160 * 120 * 2))) : .good }
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    _ = try watch(source, system, for: 3, keep: false)
    let before = try residentMebibytes()
    var frames = 0
    var last: Frame?
    while camera.produced < rounds * 2 + 60 {
      switch try source.next(timeout: 50) {
      case .frame(let frame):
        frames += 1
        last = frame
      default: break
      }
    }
    let damaged = try #require(last?.damaged)
    #expect(damaged > UInt64(rounds / 20))
    #expect(UInt64(camera.produced) <= UInt64(frames) + damaged + (last?.passedOver ?? 0) + 100)
    #expect(camera.everStreamed == 1, "a bad picture is no reason to begin anew")
    let after = try residentMebibytes()
    #expect(after - before < 200)
    print(
      "mutated JPEGs: \(rounds), refused and counted \(damaged), shown \(frames), resident \(before) MiB before, "
        + "\(after) MiB after")
    source.close()
    #expect(system.mapped == 0)
  }
}
