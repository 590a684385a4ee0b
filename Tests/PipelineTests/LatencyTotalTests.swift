import Capture
import Ground
import Perception
import Pipeline
import TestSupport
import Testing

@Suite struct LatencyTotalTests {
  /// A total is never less than its parts, wherever the source decodes: before it delivers, or after.
  @Test(arguments: [[], ["first"]])
  func aTotalHoldsItsParts(models: [String]) throws {
    let events = (0..<6).map { index -> SourceEvent in
      var frame = Frame(image: greyPicture(64, 48), sequence: UInt64(index), timestamp: .now)
      frame.decodeNanoseconds = Int64(index) * 4_000_000
      frame.captureNanoseconds = Int64(index % 2) * 9_000_000
      return .frame(frame)
    }
    let collector = Collector()
    var setup = SessionConfiguration(detector: "first")
    if models.isEmpty { setup.primaries = [] }
    let session = Session(
      source: ScriptedSource(events, live: false), provider: FakeProvider(), configuration: setup,
      consumers: [collector])
    session.start()
    #expect(session.wait() == nil)
    #expect(collector.results.count == 6)
    for result in collector.results {
      let latency = result.latency
      let stages = latency.stages.reduce(0 as Int64) { $0 + $1.times.total }
      #expect(latency.total >= latency.capture + latency.decode + latency.queue + stages)
    }
  }
}
