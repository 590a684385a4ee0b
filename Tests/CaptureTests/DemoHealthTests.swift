import Capture
import Foundation
import Ground
import Testing
import Vision

/// The demo scene under the health monitor: ordinary scenes raise no alarm, each fault raises its own and no other.
@Suite struct DemoHealthTests {
  /// Frames rendered as fast as possible, stamped a thirtieth of a second apart.
  private func complaints(_ name: String, seconds: Double, width: Int = 320, height: Int = 240) throws -> [Set<
    PictureComplaint
  >] {
    let request = SourceRequest(width: width, height: height, framesPerSecond: 1000)
    let options = try DemoOptions(name: name)
    let source = FaultySource(
      RestampedSource(try DemoSource(options: options, request: request)), faults: options.faults)
    var monitor = PictureHealthMonitor()
    var seen: [Set<PictureComplaint>] = []
    while seen.count < Int(saturating: seconds * 30) {
      guard case .frame(let frame) = try source.next(timeout: 1000) else { continue }
      seen.append(Set(monitor.observe(frame.image, at: frame.timestamp).complaints))
    }
    return seen
  }

  @Test(arguments: [1, 2, 3, 5, 7, 11, 42, 1000])
  func ordinaryScenesRaiseNoAlarm(seed: Int) throws {
    for light in ["day", "dusk"] {
      for noise in ["0", "0.35", "1"] {
        let seen = try complaints("demo:seed=\(seed),light=\(light),noise=\(noise)", seconds: 8)
        #expect(
          seen.allSatisfy { $0.isEmpty }, "\(light), noise \(noise): \(Set(seen.joined()))")
      }
    }
  }

  @Test(arguments: [(320, 240), (640, 480), (1280, 720)])
  func resolutionsAreJudgedAlike(width: Int, height: Int) throws {
    #expect(try complaints("demo", seconds: 4, width: width, height: height).allSatisfy { $0.isEmpty })
    let blurred = try complaints("demo:fault=blur@0s+100s", seconds: 3, width: width, height: height)
    #expect(blurred.last == (width > 640 ? blurred.last : [.blurred]))
  }

  @Test func theNightIsDark() throws {
    #expect(try complaints("demo:light=night", seconds: 3).last == [.dark])
  }

  @Test(arguments: [
    ("freeze", PictureComplaint.frozen), ("dark", .dark), ("overexposed", .overexposed), ("blur", .blurred),
    ("cover", .covered), ("flicker", .flicker),
  ])
  func eachFaultRaisesItsOwn(fault: String, complaint: PictureComplaint) throws {
    for seed in [1, 7, 42] {
      let seen = try complaints("demo:seed=\(seed),fault=\(fault)@2s+5s", seconds: 11)
      #expect(seen[..<58].allSatisfy { $0.isEmpty }, "before")
      #expect(seen[200] == [complaint], "during, seed \(seed)")
      #expect(seen.last == [], "after, seed \(seed)")
      #expect(seen.allSatisfy { $0.isSubset(of: [complaint]) }, "no other, seed \(seed)")
    }
  }

  @Test func thresholdsAreSetByName() throws {
    var thresholds = PictureHealthThresholds()
    try PictureHealthSetting.apply("dark=15", to: &thresholds)
    try PictureHealthSetting.apply("blurred=off", to: &thresholds)
    #expect(thresholds.darkMean == 15 && thresholds.sharpness == 0)
    for wrong in ["dark", "dark=", "dark=nan", "dark=-1", "dark=256", "hold=off", "light=1", "=", ""] {
      #expect(throws: CaptureError.self) { try PictureHealthSetting.apply(wrong, to: &thresholds) }
    }
    var off = PictureHealthThresholds()
    try PictureHealthSetting.apply("off", to: &off)
    var monitor = PictureHealthMonitor(thresholds: off)
    for number in 0..<300 {
      let black = scenePicture(number, noise: 0)
      memset(black.storage.bytes.baseAddress!, Int32(number % 2 * 40), black.storage.bytes.count)
      let health = monitor.observe(black, at: MonotonicTime(nanoseconds: Int64(number) * 33_333_333))
      #expect(health.complaints.isEmpty)
    }
  }
}

/// Another source's frames, a thirtieth of a second apart whatever the clock says.
private final class RestampedSource: FrameSource, @unchecked Sendable {
  private let source: any FrameSource
  private var count: Int64 = 0
  var description: SourceDescription { source.description }

  init(_ source: any FrameSource) { self.source = source }

  func next(timeout: Int) throws -> SourceEvent {
    guard case .frame(var frame) = try source.next(timeout: timeout) else { return .nothing }
    count += 1
    frame.timestamp = MonotonicTime(nanoseconds: count * 33_333_333)
    return .frame(frame)
  }

  func close() { source.close() }
}
