import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Synchronization
import TestSupport
import Testing
import Vision

/// Models change in a loop while the demo scene runs: nothing of the capture is lost, and memory stays.
@Suite(.serialized) struct SwitchingTests {
  private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The shipped networks, and whatever real ones lie beside the package; ten names, some of them for one file.
  private static func networks() -> [String] {
    let folders = [root.appending(path: "models"), root.appending(path: "../shared/real/models").standardized]
    var paths: [String] = []
    for folder in folders {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      paths += files.filter { $0.hasSuffix(".onnx") }.sorted().map { folder.appending(path: $0).path }
    }
    let store = ModelStore(folders: [])
    let usable = paths.filter { path in
      guard let task = try? store.describe(path).task else { return false }
      return task.detects || task == .classification
    }
    return (0..<10).compactMap { usable.isEmpty ? nil : usable[$0 % usable.count] }
  }

  private struct Networks: ModelProvider {
    let store = ModelStore(folders: [])
    func offers() -> [ModelOffer] { [] }
    func describe(_ name: String) throws -> ModelDescription { try store.describe(name) }
    func loadVisionModel(_ name: String) throws -> any VisionModel { try store.loadVision(name) }
    func loadSequenceModel(_ name: String) throws -> any SequenceModel { try store.loadSequence(name) }
  }

  /// Passes the demo scene on and looks for gaps in its frames' numbers.
  private final class WatchedSource: FrameSource {
    private let demo: DemoSource
    private let seen = Mutex<(last: UInt64?, gaps: UInt64, frames: UInt64, times: [Int])>((nil, 0, 0, []))
    private let began = MonotonicTime.now
    var description: SourceDescription { demo.description }
    var gaps: UInt64 { seen.withLock { $0.gaps } }
    var frames: UInt64 { seen.withLock { $0.frames } }
    /// Seconds after which frames were lost.
    var times: [Int] { seen.withLock { $0.times } }

    init() throws {
      demo = try DemoSource(options: DemoOptions(), request: SourceRequest(width: 320, height: 240))
    }

    func next(timeout: Int) throws -> SourceEvent {
      let event = try demo.next(timeout: timeout)
      if case .frame(let frame) = event {
        seen.withLock { seen in
          if let last = seen.last, frame.sequence > last + 1 {
            seen.gaps += frame.sequence - last - 1
            seen.times.append(Int(saturating: MonotonicTime.now.milliseconds(since: began) / 1000))
          }
          seen.last = frame.sequence
          seen.frames += 1
        }
      }
      return event
    }

    func close() { demo.close() }
  }

  /// Resident memory in MiB.
  private func resident() -> Double {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Double(fields[1]) ?? 0) * 4096 / 1_048_576 : 0
  }

  /// A line every half minute, so that a soak that is cut short still shows its figures.
  private func progress(seconds: Double, switches: Int, source: WatchedSource) {
    print(
      String(format: "%.0f s, %.0f MiB, ", seconds, resident())
        + "\(switches) loads, \(source.gaps) of \(source.frames) frames lost, after \(source.times) s")
    fflush(nil)
  }

  /// Runs for `OCELLUS_SOAK_SECONDS`, or for one round of the ten networks.
  @Test func tenNetworksInTurn() throws {
    let names = SwitchingTests.networks()
    try #require(names.count == 10)
    let asked = ProcessInfo.processInfo.environment["OCELLUS_SOAK_SECONDS"].flatMap(Double.init)
    let source = try WatchedSource()
    let collector = Tally()
    let session = Session(
      source: source, provider: Networks(), configuration: SessionConfiguration(detector: names[0]),
      consumers: [collector])
    session.start()
    #expect(eventually { collector.ready > 0 })
    let began = MonotonicTime.now
    var series: [Double] = []
    var switches = 0
    var reported = began
    while switches < names.count || MonotonicTime.now.milliseconds(since: began) < (asked ?? 0) * 1000 {
      let name = names[switches % names.count]
      // Before it is asked for: a small network is ready at once.
      let wanted = collector.ready + 1
      session.perform(.selectModel(name: name, stage: nil))
      eventually { collector.ready >= wanted || !collector.failures.isEmpty }
      // A few frames with each.
      let served = collector.processed + 2
      eventually { collector.processed >= served }
      switches += 1
      if switches % names.count == 0 { series.append(resident()) }
      guard asked != nil, MonotonicTime.now.milliseconds(since: reported) >= 30_000 else { continue }
      reported = MonotonicTime.now
      progress(seconds: reported.milliseconds(since: began) / 1000, switches: switches, source: source)
    }
    let snapshot = session.snapshot()
    session.stop()
    session.wait()
    #expect(collector.failures.isEmpty, "\(collector.failures)")
    #expect(source.gaps == 0, "\(source.gaps) of \(source.frames) frames lost by the capture after \(source.times) s")
    #expect(snapshot.processed > 0 && snapshot.captured > 0)
    guard asked != nil else { return }
    let shown = series.map { String(format: "%.0f", $0) }.joined(separator: " ")
    print("\(switches) switches, \(source.frames) frames, \(source.gaps) lost; MiB after each round: \(shown)")
    guard series.count >= 6 else { return }
    let third = series.count / 3
    let middle = series[third..<(2 * third)].max() ?? 0
    let last = series[(2 * third)...].max() ?? 0
    #expect(last <= middle * 1.05 + 8, "memory grows: \(shown)")
  }

  /// Counts without keeping: frames hold pictures.
  private final class Tally: ResultConsumer {
    private let state = Mutex<(processed: Int, ready: Int, failures: [String])>((0, 0, []))
    var processed: Int { state.withLock { $0.processed } }
    var ready: Int { state.withLock { $0.ready } }
    var failures: [String] { state.withLock { $0.failures } }
    func receive(_ result: FrameResult) { state.withLock { $0.processed += 1 } }
    func receive(_ event: SessionEvent) {
      state.withLock { state in
        if event.message.contains("ready in") { state.ready += 1 }
        if event.severity == .error { state.failures.append(event.message) }
      }
    }
  }
}
