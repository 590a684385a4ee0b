import Ground
import Testing

@Suite struct MonitorTests {
  @Test func waitTimesOut() {
    let monitor = Monitor(0)
    let began = MonotonicTime.now
    let value = monitor.wait(timeout: 20_000_000, until: { $0 > 0 }, then: { $0 })
    #expect(value == nil)
    #expect(MonotonicTime.now.nanoseconds(since: began) >= 20_000_000)
  }

  @Test func everyItemHandedOverExactlyOnce() throws {
    let queue = Monitor<(items: [Int], isClosed: Bool)>(([], false))
    let received = Monitor<[Int]>([])
    let consumers = try (0..<2).map { index in
      try WorkerThread(name: "consumer-\(index)") {
        while let item = queue.wait(
          timeout: nil, until: { !$0.items.isEmpty || $0.isClosed },
          then: { $0.items.isEmpty ? nil : $0.items.removeFirst() }) ?? nil
        {
          received.withLock { $0.append(item) }
        }
      }
    }
    for item in 0..<1000 { queue.update { $0.items.append(item) } }
    queue.update { $0.isClosed = true }
    consumers.forEach { $0.join() }
    #expect(received.withLock { $0.sorted() } == Array(0..<1000))
  }
}

@Suite struct RateMeterTests {
  private func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(saturating: seconds * 1e9)) }

  @Test func countsOverTheLastTwoSeconds() {
    var meter = RateMeter()
    for i in 0..<300 { meter.add(at: at(100 + Double(i) / 30)) }
    #expect(abs(meter.rate(at: at(110)) - 30) < 3)
    #expect(meter.rate(at: at(113)) == 0)
  }

  /// The step that has only begun must not pull the rate down.
  @Test(arguments: [15.0, 29.97, 30, 60]) func aSteadyRateReadsAsItIs(rate: Double) {
    var meter = RateMeter()
    var next = 0
    var read: [Double] = []
    for tick in 0..<1000 {
      let now = Double(tick) / 100
      while Double(next) / rate <= now {
        meter.add(at: at(100 + Double(next) / rate))
        next += 1
      }
      if now > 3 { read.append(meter.rate(at: at(100 + now))) }
    }
    #expect(read.allSatisfy { abs($0 - rate) < 0.6 }, "\(read.min() ?? 0)...\(read.max() ?? 0)")
    #expect(abs(read.reduce(0, +) / Double(read.count) - rate) < 0.3)
  }

  @Test func nothingIsZero() {
    var meter = RateMeter()
    #expect(meter.rate(at: at(5)) == 0)
  }
}
