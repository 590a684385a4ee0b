import Dashboard
import Ground
import Testing

@Suite struct PaceTests {
  /// Milliseconds at which a source's pictures are drawn by a loop that hears of each at once.
  private func drawn(every interval: Double, count: Int, rate: Double, jitter: (Int) -> Double = { _ in 0 }) -> [Double]
  {
    var pace = PicturePace()
    var times: [Double] = []
    for i in 0..<count {
      let came = 1000 + Double(i) * interval + jitter(i)
      let before = MonotonicTime(nanoseconds: Int64(saturating: came * 1e6))
      let at = came + max(0, pace.milliseconds(untilDueFrom: before))
      // A picture that came before this one's turn has taken its place.
      if i + 1 < count, at > came + interval { continue }
      let now = MonotonicTime(nanoseconds: Int64(saturating: (at * 1e6).rounded(.up)))
      #expect(pace.isDue(now))
      pace.recordFrame(now: now, period: 1000 / rate)
      times.append(at)
    }
    return times
  }

  @Test func everyPictureOfASourceAtTheRateIsDrawn() {
    #expect(drawn(every: 1000 / 15, count: 300, rate: 15).count >= 299)
    // Late by up to eight milliseconds, in turn: what is late puts off nothing after it.
    #expect(drawn(every: 1000 / 15, count: 300, rate: 15) { Double($0 % 5) * 2 }.count >= 299)
  }

  @Test func aSlowerSourceIsDrawnAsItComes() {
    let times = drawn(every: 66.7, count: 100, rate: 30)
    #expect(times.count == 100)
    #expect(zip(times, times.dropFirst()).allSatisfy { abs($1 - $0 - 66.7) < 0.01 })
  }

  @Test(arguments: [(30.0, 20.0), (60, 30), (60, 25), (30, 10)])
  func aFasterSourceIsHeldToTheRate(source: Double, rate: Double) {
    let times = drawn(every: 1000 / source, count: Int(saturating: source) * 10, rate: rate)
    #expect(abs(Double(times.count) - rate * 10) <= rate * 0.2 + 2)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= 500 / rate - 0.01 })
  }

  @Test func aPauseIsNotMadeUpFor() {
    var pace = PicturePace()
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    pace.recordFrame(now: now, period: 50)
    now.nanoseconds += 10_000_000_000
    pace.recordFrame(now: now, period: 50)
    #expect(pace.milliseconds(untilDueFrom: now) == 25)
    pace.recordFrame(now: now, period: 50)
    #expect(pace.milliseconds(untilDueFrom: now) == 75)
  }

  @Test func ringsCountOnceUntilHeard() {
    let bell = Bell()
    #expect(!bell.hear())
    bell.ring()
    bell.ring()
    #expect(bell.hear())
    #expect(!bell.hear())
  }
}
