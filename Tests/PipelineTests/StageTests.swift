import Configuration
import Foundation
import Ground
import Perception
import Pipeline
import Testing
import Vision

/// A network that answers with what the test gave it.
final class ScriptedModel: VisionModel {
  let description: ModelDescription
  private let answer: @Sendable (Box?) -> Findings

  init(_ name: String, _ task: ModelTask, answer: @escaping @Sendable (Box?) -> Findings) {
    description = ModelDescription(
      name: name, task: task, path: "", fileBytes: 0, inputWidth: 16, inputHeight: 16, labels: [], decoder: "scripted")
    self.answer = answer
  }

  func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
    (answer(region), StageTimes(preprocess: 1, inference: 2, postprocess: 3))
  }

  static func detector(_ name: String, _ objects: [(label: String, confidence: Float, x: Float)]) -> ScriptedModel {
    ScriptedModel(name, .detection) { _ in
      var findings = Findings()
      findings.detections = objects.map {
        Detection(
          label: $0.label, classID: 0, confidence: $0.confidence, box: Box(x: $0.x, y: 10, width: 16, height: 20))
      }
      return findings
    }
  }

  static func classifier(_ name: String, _ label: String) -> ScriptedModel {
    ScriptedModel(name, .classification) { _ in
      var findings = Findings()
      findings.classes = [Classification(label: label, classID: 3, confidence: 0.75)]
      return findings
    }
  }
}

/// Pipelines of many stages: nothing that one says hides what another says.
@Suite struct StageTests {
  /// Two detectors, two classifiers of crops, a pose network on one class, a segmentation and a depth network.
  static let models: [any VisionModel] = [
    ScriptedModel.detector("people", [("person", 0.9, 0), ("person", 0.8, 20)]),
    ScriptedModel.detector("things", [("cup", 0.7, 40), ("person", 0.6, 1)]),
    ScriptedModel.classifier("moods", "calm"), ScriptedModel.classifier("helmets", "helmet"),
    ScriptedModel("poses", .pose) { _ in
      var findings = Findings()
      var person = Detection(label: "person", classID: 0, confidence: 0.9, box: Box(x: 0, y: 0, width: 9, height: 9))
      person.keypoints = [Keypoint(x: 4, y: 5, confidence: 0.5)]
      findings.detections = [person]
      return findings
    },
    ScriptedModel("scenes", .semanticSegmentation) { _ in
      var findings = Findings()
      findings.segmentation = SegmentationMap(
        columns: 3, rows: 2, classes: [0, 0, 1, 1, 1, 0], labels: ["floor", "wall"])
      return findings
    },
    ScriptedModel("ranges", .depth) { _ in
      var findings = Findings()
      findings.depth = DepthMap(columns: 2, rows: 1, nearness: [0, 1], range: 1...4.5)
      return findings
    },
  ]

  static let pipeline = """
    [[stage]]
    id = "people"
    model = "people"
    [[stage]]
    id = "things"
    model = "things"
    [[stage]]
    id = "moods"
    model = "moods"
    of = "people"
    [[stage]]
    model = "helmets"
    of = ["people", "things"]
    classes = ["person"]
    [[stage]]
    id = "poses"
    model = "poses"
    of = ["people", "things"]
    classes = ["person"]
    [[stage]]
    model = "scenes"
    [[stage]]
    model = "ranges"
    every = 2
    """

  static func configuration(_ text: String, merge: MergeRule? = nil) throws -> SessionConfiguration {
    let spec = try PipelineSpec(ConfigReader(try ConfigDocument(text: text, file: "pipeline.toml")))
    var configuration = SessionConfiguration(primaries: [])
    configuration.stages = spec.stages
    configuration.merge = merge ?? spec.merge
    configuration.waitForModels = true
    return configuration
  }

  static func run(
    _ configuration: SessionConfiguration, frames: Int = 3
  ) -> (results: [FrameResult], events: [SessionEvent], failure: String?) {
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(frames), live: false), provider: FakeProvider(models: models),
      configuration: configuration, consumers: [collector])
    session.start()
    let failure = session.wait()
    return (collector.results, collector.events, failure)
  }

  @Test func aSecondMergeIsRefused() throws {
    let merge = "[[stage]]\nkind = \"merge\"\n"
    let single = try PipelineSpec(file: try ConfigDocument(text: merge, file: "p.toml"))
    #expect(single.stages.count == 1)
    for text in [merge + merge, merge + "[[stage]]\nkind = \"motion\"\n" + merge + "id = \"other\"\nrule = \"any\"\n"] {
      let document = try ConfigDocument(text: text, file: "p.toml")
      let error = #expect(throws: ConfigurationError.self) { try PipelineSpec(file: document) }
      #expect(error?.what.contains("second stage") == true && error?.place.contains("p.toml") == true)
    }
  }

  @Test func everyStageOfALargePipelineIsHeard() throws {
    let (results, _, failure) = Self.run(try Self.configuration(Self.pipeline))
    #expect(failure == nil)
    let result = try #require(results.last)
    let objects = result.findings.detections
    #expect(objects.map(\.label) == ["person", "person", "cup"])
    #expect(objects.map(\.stage) == ["people", "people", "things"])
    // The second detector's person is the first one's: one object, which says so.
    #expect(objects[0].attributes.all(Sighting.self).map(\.stage) == ["things"])
    #expect(objects[0].attributes.all(Classes.self).map(\.stage) == ["moods", "helmets"])
    #expect(objects[0].attributes.all(Classes.self).map(\.content.list[0].label) == ["calm", "helmet"])
    #expect(objects[0].pose == [Keypoint(x: 4, y: 5, confidence: 0.5)] && objects[0].keypoints.isEmpty)
    #expect(objects[2].attributes.isEmpty)
    #expect(result.findings.segmentation?.classes == [0, 0, 1, 1, 1, 0])
    #expect(result.findings.depth?.nearness == [0, 1])
    #expect(objects.allSatisfy { $0.track != nil } && Set(objects.map(\.track)).count == 3)
    let ids = result.latency.stages.map(\.id.name)
    #expect(ids == ["people", "things", "scenes", "ranges", "merge", "tracker", "moods", "helmets", "poses"])
    #expect(results[1].latency["ranges"] == nil, "it runs on every second frame")
    #expect(results[1].findings.depth != nil, "and its answer is held")
    // Four networks on the whole frame, three on the crops of two objects.
    #expect(result.latency.inference == 4 * 2 + 3 * 2 * 2)
  }

  @Test func theJSONLineHoldsWhatEveryStageSaid() throws {
    let result = try #require(Self.run(try Self.configuration(Self.pipeline)).results.last)
    let line = try FrameRecord(result).jsonLine()
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["schema"] as? Int == 2)
    let stages = try #require(object["stages"] as? [[String: Any]])
    #expect(stages.compactMap { $0["id"] as? String }.contains("helmets"))
    #expect(Set(stages[0].keys) == ["id", "kind", "model", "preprocess", "inference", "postprocess", "total"])
    let segmentation = try #require(object["segmentation"] as? [String: Any])
    #expect(segmentation["stage"] as? String == "scenes")
    #expect(segmentation["runs"] as? [[Int]] == [[0, 2], [1, 3], [0, 1]])
    let depth = try #require(object["depth"] as? [String: Any])
    #expect(Set(depth.keys) == ["stage", "columns", "rows", "unit", "range", "nearness"])
    #expect(depth["range"] as? [Double] == [1, 4.5] && depth["nearness"] as? String == "AP8=")
    let first = try #require((object["detections"] as? [[String: Any]])?.first)
    let attributes = try #require(first["attributes"] as? [[String: Any]])
    #expect(
      attributes.map { "\($0["stage"] ?? "") \($0["kind"] ?? "")" }
        == ["things detection", "moods classes", "helmets classes", "poses pose"])
    #expect(first["stage"] as? String == "people")
  }

  @Test func aRecordIsTheSameAfterEncodingAndDecoding() throws {
    for result in Self.run(try Self.configuration(Self.pipeline)).results {
      let line = try FrameRecord(result).jsonLine()
      let record = try #require(FrameRecord(jsonLine: line))
      #expect(try record.jsonLine() == line)
      #expect(record.findings.layers.count == result.findings.layers.count)
      #expect(record.findings.detections.map(\.attributes.count) == result.findings.detections.map(\.attributes.count))
    }
  }

  @Test func objectsMayBeKeptApart() throws {
    let (results, _, _) = Self.run(try Self.configuration(Self.pipeline, merge: .apart))
    let objects = try #require(results.last).findings.detections
    #expect(objects.map(\.stage) == ["people", "people", "things", "things"])
    #expect(Set(objects.map(\.track)).count == 4, "numbers are unique over all detectors")
    #expect(objects[3].attributes.all(Classes.self).map(\.stage) == ["helmets"], "moods looks at people alone")
  }

  @Test func severalModelsMayBePrimaries() throws {
    var configuration = SessionConfiguration(primaries: [StageSpec(model: "people"), StageSpec(model: "things")])
    configuration.waitForModels = true
    let (results, _, _) = Self.run(configuration)
    #expect(results.last?.findings.detections.map(\.stage) == ["detector", "detector", "things"])
    #expect(results.last?.detector == "people")
  }

  @Test func aStageThatFailsLeavesTheOthers() throws {
    let configuration = try Self.configuration(
      """
      [[stage]]
      id = "people"
      model = "people"
      [[stage]]
      id = "bad"
      model = "failing"
      [[stage]]
      model = "scenes"
      """)
    let (results, events, _) = Self.run(configuration)
    #expect(results.allSatisfy { $0.findings.detections.count == 2 && $0.findings.segmentation != nil })
    #expect(events.filter { $0.severity == .error }.count == 1, "said once")
  }

  @Test(arguments: [
    ("[[stage]]\nkind = \"netwrok\"\nmodel = \"people\"", "did you mean 'network'?"),
    (
      "[[stage]]\nid = \"a\"\nmodel = \"people\"\n[[stage]]\nid = \"a\"\nmodel = \"things\"",
      "two stages have the id 'a'"
    ),
    (
      "[[stage]]\nid = \"people\"\nmodel = \"people\"\n[[stage]]\nmodel = \"moods\"\nof = \"poeple\"",
      "did you mean 'people'?"
    ),
    ("[[stage]]\nevery = 2", "field 'stage.0.model' is missing"),
    ("[[stage]]\nmodel = \"people\"\nevery = 0", "must be between 1 and 10000"),
    ("[[stage]]\nkind = \"crops\"", "names no model"),
    ("[[stage]]\nmodel = \"people\"\nmin_confidense = 0.5", "did you mean 'min_confidence'?"),
    ("[[stage]]\nkind = \"network\"\nmodel = \"people\"\nof = \"detector\"", "takes no 'of'"),
    ("[[stage]]\nid = \"m\"\nmodel = \"moods\"\nof = \"m\"", "which finds no objects"),
    ("[[stage]]\nid = \"tracker\"\nmodel = \"people\"", "is another stage's"),
    ("merge = \"sometimes\"", "known are 'class', 'any', 'none'"),
  ]) func badPipelinesNameFileAndRemedy(text: String, words: String) {
    do {
      let (_, _, failure) = Self.run(try Self.configuration(text), frames: 1)
      #expect(failure?.contains(words) == true && failure?.contains("pipeline.toml") == true)
    } catch {
      #expect("\(error)".contains(words) && "\(error)".contains("pipeline.toml"))
    }
  }

  @Test func kindsOfStagesAndContentsAreUnique() {
    #expect(Set(StageRegistry.standard.definitions.map(\.kind)).count == StageRegistry.standard.definitions.count)
    #expect(Set(LayerContents.all.map { $0.kind }).count == LayerContents.all.count)
    let keys = LayerContents.all.compactMap { $0.frameKey }
    #expect(Set(keys).count == keys.count)
  }

  @Test(arguments: [
    "\"segmentation\":{\"stage\":\"s\",\"columns\":3,\"rows\":2,\"labels\":[],\"runs\":[[0,5]]}",
    "\"segmentation\":{\"stage\":\"s\",\"columns\":3,\"rows\":2,\"labels\":[],\"runs\":[[0,7]]}",
    "\"segmentation\":{\"stage\":\"s\",\"columns\":3,\"rows\":2,\"labels\":[],\"runs\":[[-1,6]]}",
    "\"segmentation\":{\"stage\":\"s\",\"columns\":99999999,\"rows\":99999999,\"labels\":[],\"runs\":[[0,6]]}",
    "\"depth\":{\"stage\":\"s\",\"columns\":2,\"rows\":1,\"unit\":\"m\",\"range\":[4,1],\"nearness\":\"AP8=\"}",
    "\"depth\":{\"stage\":\"s\",\"columns\":3,\"rows\":1,\"unit\":\"m\",\"range\":[1,4],\"nearness\":\"AP8=\"}",
    "\"layers\":[{\"stage\":\"s\",\"kind\":\"classes\"}]",
  ]) func impossibleRecordsAreRefused(part: String) {
    let line = "{\"schema\":2,\"width\":4,\"height\":4,\"detections\":[],\(part)}"
    #expect(FrameRecord(jsonLine: line) == nil)
    #expect(FrameRecord(jsonLine: "{\"schema\":2,\"width\":4,\"height\":4,\"detections\":[]}") != nil)
    // What a later program says in another kind is passed over.
    let later =
      "{\"schema\":3,\"width\":4,\"height\":4,\"detections\":[],\"layers\":[{\"stage\":\"s\",\"kind\":\"smell\"}]}"
    #expect(FrameRecord(jsonLine: later)?.findings.layers.isEmpty == true)
  }
}
