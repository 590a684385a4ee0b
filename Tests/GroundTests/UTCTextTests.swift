import Foundation
import Ground
import TestSupport
import Testing

@Suite struct UTCTextTests {
  /// The system's own calendar is the oracle.
  @Test func momentsReadAsTheSystemWritesThem() throws {
    var random = SeededGenerator(11)
    // 1970 to 2500, leap years and centuries.
    for round in 0..<3000 {
      let seconds = round < 400 ? UInt64(round) * 41_990_400 : random.next() % 16_725_225_600
      let milliseconds = random.next() % 1000
      let nanoseconds = seconds * 1_000_000_000 + milliseconds * 1_000_000
      let text = UTCText.milliseconds(nanoseconds)
      var (moment, parts) = (time_t(seconds), tm())
      gmtime_r(&moment, &parts)
      var written = [CChar](repeating: 0, count: 40)
      strftime(&written, written.count, "%Y-%m-%dT%H:%M:%S", &parts)
      let expected = String(decoding: written.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      #expect(text == expected + String(format: ".%03dZ", Int(milliseconds)))
      #expect(UTCText.nanoseconds(text) == nanoseconds)
    }
  }

  @Test func fractionsAreCutAndRead() {
    #expect(UTCText.milliseconds(1_796_043_686_076_702_900) == "2026-11-30T13:01:26.076Z")
    #expect(UTCText.milliseconds(.max) == "2554-07-21T23:34:33.709Z")
    #expect(UTCText.nanoseconds("2026-11-30T14:21:26Z") == 1796048486_000_000_000)
    #expect(UTCText.nanoseconds("1970-01-01T00:00:00.000000001Z") == 1)
  }

  @Test(arguments: [
    "", "Z", "2026-11-30", "2026-11-30T14:21:26", "2026-13-30T14:21:26Z", "2026-11-30T24:21:26Z",
    "2026-11-30 14:21:26Z",
    "2026-11-30T14:21:26.Z", "2026-11-30T14:21:26.0000000000Z", "1969-12-31T23:59:59Z", "2554-12-31T23:59:59Z",
    "２026-11-30T14:21:26Z", "2026-11-30T14:21:26.+12Z",
  ])
  func otherTextsAreNoMoments(_ text: String) { #expect(UTCText.nanoseconds(text) == nil) }
}
