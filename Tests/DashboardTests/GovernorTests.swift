import Dashboard
import Ground
import Testing

@Suite struct GovernorTests {
  @Test func theGovernorHoldsItsBudget() {
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var governor = Governor(budget: 50_000, now: now)
    var second: [Int] = []
    var sent = 0
    for tick in 0..<(60 * 60) {
      now.nanoseconds += 16_666_667
      if governor.allowsFrame(now: now) {
        // A worst scene: every rung still wants far too much.
        let bytes = 20_000 / (governor.level + 1)
        governor.recordFrame(bytes: bytes, now: now)
        sent += bytes
      }
      if tick % 60 == 59 {
        second.append(sent)
        sent = 0
      }
    }
    let mean = Double(second.dropFirst(5).reduce(0, +)) / Double(second.count - 5)
    #expect(mean <= 51_000)
    #expect(governor.level > 0)
  }

  @Test func aSlowTerminalLowersTheRateAndAFastOneDoesNot() {
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var fast = Governor(budget: nil, now: now)
    var slow = Governor(budget: nil, now: now)
    for _ in 0..<300 {
      now.nanoseconds += 33_000_000
      fast.recordFrame(bytes: 30_000, now: now)
      fast.recordDelivery(after: 12, now: now)
      slow.recordFrame(bytes: 30_000, now: now)
      slow.recordDelivery(after: 400, now: now)
    }
    #expect(fast.level == 0)
    #expect(slow.level > 3 && slow.isCongested)
    for _ in 0..<3000 {
      now.nanoseconds += 33_000_000
      slow.recordFrame(bytes: 3000, now: now)
      slow.recordDelivery(after: 1, now: now)
    }
    #expect(slow.level == 0)
  }

  @Test func oneWaitingCountsOnceHoweverOftenItIsToldOf() {
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var governor = Governor(budget: nil, now: now)
    for _ in 0..<1000 {
      now.nanoseconds += 100_000
      governor.recordHold(now: now)
    }
    #expect(governor.level == 0 && !governor.isCongested)
  }

  @Test func anAnswerThatStaysOutIsOverdue() {
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    func after(_ milliseconds: Int64) -> MonotonicTime {
      now.nanoseconds += milliseconds * 1_000_000
      return now
    }
    var probe = LinkProbe(now: now)
    #expect(probe.query(now: after(600)) != nil)
    #expect(!probe.isOverdue(now: after(5000)), "nothing is known of the link yet")
    #expect(probe.recordAnswer(now: after(0)) == 5000)
    #expect(probe.query(now: after(600)) != nil)
    #expect(probe.recordAnswer(now: after(40)) == 40)
    #expect(probe.query(now: after(600)) != nil)
    #expect(!probe.isOverdue(now: after(300)))
    #expect(probe.isOverdue(now: after(200)))
  }

  @Test func aLostAnswerIsAskedForAgain() {
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var probe = LinkProbe(now: now)
    func after(_ milliseconds: Double) -> MonotonicTime {
      now = now.advanced(milliseconds: milliseconds)
      return now
    }
    #expect(probe.query(now: now) != nil)
    #expect(probe.recordAnswer(now: after(20)) == 20)
    #expect(probe.query(now: after(600)) != nil)
    #expect(probe.query(now: after(2900)) == nil, "the answer may still come")
    #expect(probe.isOverdue(now: now))
    #expect(probe.query(now: after(200)) != nil)
    #expect(probe.recordAnswer(now: after(20)) == nil, "an answer to one of two queries measures nothing")
    #expect(!probe.isOverdue(now: now) && probe.roundTrip == 20)
    // The other one, late, answers no query that is sent after it.
    #expect(probe.query(now: after(1000)) == nil)
    #expect(probe.recordAnswer(now: after(1000)) == nil)
    #expect(probe.query(now: after(1100)) != nil)
    #expect(probe.recordAnswer(now: after(30)) == 30)
  }
}
