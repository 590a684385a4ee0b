import Capture
import Ground
import Perception
import Pipeline
import Recording
import Synchronization
import TestSupport
import Testing

/// The numbers of objects in a replay are the recorded ones, wherever the user goes in it.
@Suite struct RecordedTracksTests {
  private struct NoModels: ModelProvider {
    func offers() -> [ModelOffer] { [] }
    func describe(_ name: String) throws -> ModelDescription { throw PerceptionError(.notFound, "no model") }
    func loadVisionModel(_ name: String) throws -> any VisionModel { throw PerceptionError(.notFound, "no model") }
    func loadSequenceModel(_ name: String) throws -> any SequenceModel { throw PerceptionError(.notFound, "no model") }
  }

  /// The numbers shown on each picture, in the order in which they were shown.
  private final class Shown: ResultConsumer {
    let all = Mutex<[(picture: Int, tracks: [Int?])]>([])
    func receive(_ result: FrameResult) {
      all.withLock { $0.append((Int(result.frame.sequence), result.findings.detections.map(\.track))) }
    }
    func receive(_ event: SessionEvent) {}
  }

  /// Plays to the end, goes back twice, and plays to the end each time.
  private func play(_ reader: MCAPReader, pictures: Int) throws -> [(picture: Int, tracks: [Int?])] {
    var options = RecordingSource.Options()
    options.speed = 0
    options.atEnd = .hold
    let source = try RecordingSource(reader, options: options)
    var configuration = SessionConfiguration(detector: RecordedModel.name)
    configuration.waitForModels = true
    let shown = Shown()
    let session = Session(
      source: source, provider: ReplayModelProvider(NoModels(), source: source), configuration: configuration,
      consumers: [shown])
    session.start()
    var wanted = pictures
    #expect(eventually { shown.all.withLock { $0.count } >= wanted })
    for seconds in [0, (source.status.duration ?? 0) / 2] {
      session.perform(.seek(to: seconds))
      session.perform(.setPlaying(true))
      wanted += pictures / 3
      #expect(eventually { shown.all.withLock { $0.count } >= wanted })
    }
    session.stop()
    session.wait()
    return shown.all.withLock { $0 }
  }

  @Test func ownRecordings() throws {
    let disk = record(30, RecordingConfiguration(directory: "d"))
    let name = try #require(disk.names.first)
    let reader = try MCAPReader(MemoryBytes(try #require(disk.contents(name)), name: name))
    for (picture, tracks) in try play(reader, pictures: 30) { #expect(tracks == [picture % 7], "picture \(picture)") }
  }

  /// `id` of vision_msgs/Detection2D: "same for the same object".
  @Test func otherProgramsRecordings() throws {
    let bag = try Bag()
    for number in 0..<20 {
      let time = UInt64(1_700_000_000_000_000_000 + number * 50_000_000)
      try bag.picture("/cam", level: number, stamp: time, at: time)
      try bag.found("/found", ["bus"], stamp: time, at: time, id: String(40 + number / 5))
    }
    for (picture, tracks) in try play(try bag.reader(), pictures: 20) {
      #expect(tracks == [40 + picture / 5], "picture \(picture)")
    }
  }
}
