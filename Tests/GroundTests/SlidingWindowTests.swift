import Ground
import Testing

@Suite struct SlidingWindowTests {
  @Test func percentilesAreNearestRank() {
    var window = SlidingWindow(capacity: 100)
    for i in 1...100 { window.add(Double(i)) }
    let (p50, p95, p99) = window.percentiles((0.5, 0.95, 0.99))
    #expect(p50 == 50)
    #expect(p95 == 95)
    #expect(p99 == 99)
  }

  @Test func forgetsTheOldest() {
    var window = SlidingWindow(capacity: 3)
    for i in 1...5 { window.add(Double(i)) }
    #expect(window.chronological == [3, 4, 5])
    #expect(window.mean == 4)
    #expect(window.last == 5)
  }

  @Test func emptyIsZero() {
    var window = SlidingWindow(capacity: 3)
    #expect(window.percentiles((0.5, 0.9, 1)) == (0, 0, 0))
    #expect(window.mean == 0)
  }
}
