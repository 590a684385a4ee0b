import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Synchronization
import TestSupport
import Testing
import Vision

/// Sessions over photos: each is looked at for itself, and once.
@Suite struct PhotoSessionTests {
  /// Finds one object in the middle of every picture, whose class is the picture's brightness by tens. Counts its looks.
  final class Labeller: VisionModel {
    let description = ModelDescription(
      name: "labeller", task: .detection, path: "", fileBytes: 0, inputWidth: 16, inputHeight: 16,
      labels: (0..<26).map { "class\($0)" }, decoder: "fake")
    private let looks = Atomic<Int>(0)
    var count: Int { looks.load(ordering: .relaxed) }

    func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
      var findings = Findings()
      let shade = Int(withExtendedLifetime(image) { image.base(ofPlane: 0).loadUnaligned(as: UInt8.self) }) / 10
      // The picture that warms networks up is small.
      if image.width == 64 { looks.add(1, ordering: .relaxed) }
      findings.detections = [
        Detection(
          label: "class\(shade)", classID: shade, confidence: shade % 2 == 0 ? 0.9 : 0.5,
          box: Box(x: 20, y: 10, width: 30, height: 30))
      ]
      return (findings, StageTimes(inference: 1))
    }
  }

  private static func photo(_ shade: Int) throws -> [UInt8] {
    try PNGCodec.encode(greyPicture(64, 48, shade: UInt8(shade * 10 + 5)))
  }

  private static func run(_ shades: [Int], options: String = "", stage: String = "") throws -> [FrameResult] {
    let folder = try TemporaryFolder()
    for (index, shade) in shades.enumerated() {
      let letters = String(UnicodeScalar(UInt8(97 + index / 26))) + String(UnicodeScalar(UInt8(97 + index % 26)))
      try folder.write("\(letters).png", photo(shade))
    }
    var request = SourceRequest()
    request.pace = .unlimited
    let collector = Collector()
    var configuration = try StageTests.configuration(
      "[[stage]]\nid = \"labeller\"\nmodel = \"labeller\"\n\(stage)")
    configuration.waitForModels = true
    let session = Session(
      source: try SourceRegistry().open(folder.path + options, request: request).source,
      provider: FakeProvider(models: [Labeller()]), configuration: configuration, consumers: [collector])
    session.start()
    #expect(session.wait() == nil)
    return collector.results
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func nothingOfAPhotoIsSaidOfTheNext(seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let shades = (0..<20).map { _ in Int(random.next() % 25) }
    // With a stage of a lower rate too: a photo has no frame before whose answer could stand for its own.
    for stage in ["", "every = 3\n", "max_hz = 1\n"] {
      let results = try Self.run(shades, stage: stage)
      #expect(results.map { $0.findings.detections.map(\.label) } == shades.map { ["class\($0)"] }, "\(stage)")
      #expect(
        results.allSatisfy {
          $0.findings.detections.allSatisfy { $0.track == nil && $0.confidence == $0.ownConfidence }
        })
      #expect(results.map { FrameRecord($0).file ?? "" } == results.map { $0.frame.photo?.name ?? "?" })
    }
  }

  @Test func aFilmIsFollowedWhereItIsOne() throws {
    let results = try Self.run([4, 4, 4, 4, 4, 4], options: ":track=on")
    #expect(results.dropFirst().allSatisfy { $0.findings.detections.first?.track == 1 })
  }

  @Test func aFilesNameIsKeptInJSON() throws {
    let result = try #require(try Self.run([3, 7]).last)
    let line = try FrameRecord(result).jsonLine()
    #expect(line.contains("\"file\":\"ab.png\""))
    let again = try #require(FrameRecord(jsonLine: line))
    #expect(again.file == "ab.png")
    #expect(again.result(image: result.frame.image).frame.photo?.name == "ab.png")
    var camera = result
    camera.frame.photo = nil
    #expect(try !FrameRecord(camera).jsonLine().contains("\"file\""))
  }

  @Test func aStillIsLookedAtOnceAndAgainAfterAChange() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.png", Self.photo(4))
    let model = Labeller()
    let other = FakeDetector("other")
    let collector = Collector()
    let session = Session(
      source: try PhotoSource(path: path), provider: FakeProvider(models: [model, other]),
      configuration: SessionConfiguration(detector: "labeller"), consumers: [collector])
    session.start()
    let view = session.openView()
    defer {
      view.close()
      session.stop()
      session.wait()
    }
    func settles(at count: Int) -> Bool {
      guard eventually({ model.count >= count }) else { return false }
      // Several periods of the pipeline's waiting.
      pass(400_000_000)
      return model.count == count
    }
    #expect(settles(at: 1), "\(model.count)")
    #expect(eventually { view.snapshot().latest?.findings.detections.first?.label == "class4" })
    view.perform(.showAtLeast(0.2))
    #expect(settles(at: 2), "another threshold")
    view.perform(.showAtLeast(0.2))
    #expect(settles(at: 2), "the same threshold")
    view.perform(.selectModel(name: "other", stage: nil))
    #expect(eventually { view.snapshot().latest?.findings.detections.first?.label == "thing" })
    view.perform(.selectModel(name: "labeller", stage: nil))
    #expect(settles(at: 3), "another model")
    #expect(view.snapshot().latest?.findings.detections.map(\.label) == ["class4"], "nothing of the model before")
    #expect(view.snapshot().latest?.findings.detections.first?.track == nil)
    view.perform(.setRecording(true))
    #expect(settles(at: 4), "a recording that begins wants the picture")
    #expect(view.snapshot().sourceState == .streaming && view.snapshot().captured == 1)
  }

  @Test func complaintsOfAPhotoAreItsOwn() throws {
    func complaints(_ shades: [Int]) throws -> [[PictureComplaint]] {
      try Self.run(shades).map { $0.frame.health?.complaints ?? [] }
    }
    // Grey without a shape is covered, white is overexposed.
    #expect(try complaints([12, 25, 12, 25]) == [[.covered], [.overexposed], [.covered], [.overexposed]])
  }
}
