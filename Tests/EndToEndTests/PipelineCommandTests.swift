import Foundation
import TestSupport
import Testing

/// Pipelines from the command line: several models, pipeline files, added stages; what goes wrong is said.
@Suite struct PipelineCommandTests {
  private func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  private func run(_ arguments: [String]) throws -> [[String: Any]] {
    let outcome = try Program.run(
      ["run", "--headless", "--json", "--source", "demo:seed=7", "--frames", "4"] + arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try lines(outcome.output)
  }

  private func text(_ value: Any?) throws -> String {
    let data = try JSONSerialization.data(withJSONObject: [value ?? NSNull()], options: .sortedKeys)
    return String(decoding: data, as: UTF8.self)
  }

  private func ids(_ line: [String: Any]) -> [String] {
    (line["stages"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
  }

  @Test func twoModelsAndAnAddedStage() throws {
    let all = try run([
      "--model", "ocellus-detector", "--model", "ocellus-detector", "--stage", "motion:threshold=8,every=2",
    ])
    let last = try #require(all.last)
    #expect(ids(last).prefix(2) == ["detector", "ocellus-detector"])
    let third = all[2]
    #expect(ids(third).contains("motion") && third["motion"] != nil)
    let detections = try #require(last["detections"] as? [[String: Any]])
    #expect(!detections.isEmpty && detections.allSatisfy { $0["stage"] as? String == "detector" })
    // The same network found the same objects: each carries the other's sighting.
    let attributes = detections.flatMap { $0["attributes"] as? [[String: Any]] ?? [] }
    #expect(attributes.count { $0["kind"] as? String == "detection" } == detections.count)
  }

  @Test func aPipelineFileIsRecordedAndReplayed() throws {
    let scratch = try TemporaryFolder()
    let file = try scratch.write(
      "pipeline.toml",
      """
      merge = "none"
      [[stage]]
      id = "scene"
      model = "ocellus-detector"
      [[stage]]
      id = "robots"
      model = "ocellus-detector"
      classes = ["robot"]
      every = 2
      [[stage]]
      id = "states"
      model = "ocellus-classifier"
      of = "scene"
      [[stage]]
      id = "loads"
      model = "ocellus-classifier"
      of = "robots"
      max_crops = 3
      [[stage]]
      kind = "motion"
      """)
    let outcome = try Program.run([
      "run", "--headless", "--json", "--source", "demo:seed=7", "--frames", "6", "--pipeline", file, "--record",
      scratch.path,
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let live = try lines(outcome.output)
    let stages = Set(
      live.flatMap { ($0["detections"] as? [[String: Any]] ?? []).compactMap { $0["stage"] as? String } })
    #expect(stages == ["scene", "robots"])
    for line in live {
      for object in line["detections"] as? [[String: Any]] ?? [] {
        let by = Set((object["attributes"] as? [[String: Any]] ?? []).compactMap { $0["stage"] as? String })
        #expect(by.isSubset(of: object["stage"] as? String == "scene" ? ["states"] : ["loads"]))
      }
    }
    let recording = try #require(
      try FileManager.default.contentsOfDirectory(atPath: scratch.path).first { $0.hasSuffix(".mcap") })
    let replay = try Program.run(["replay", scratch.file(recording), "--headless", "--json", "--speed", "0"])
    #expect(replay.status == 0, "\(replay.errors)")
    let again = try lines(replay.output)
    #expect(again.count == live.count)
    for (one, two) in zip(live, again) {
      for field in ["detections", "motion", "classes"] {
        #expect(try text(one[field]) == text(two[field]), "\(field)")
      }
    }
  }

  @Test(arguments: [
    (["--stage", "moton"], 64, "did you mean 'motion'?"),
    (["--stage", "motion:threshold=999"], 1, "threshold"),
    (["--stage", "motion:treshold=9"], 64, "did you mean 'threshold'?"),
    (["--stage", "motion:every"], 64, "'every' is not KEY=VALUE"),
    (["--pipeline", "/nonexistent.toml"], 1, "/nonexistent.toml"),
    (["--pipeline", "a.toml", "--chain", "b.toml"], 64, "exclude each other"),
    (["--model", "ocellus-detecter"], 1, "did you mean 'ocellus-detector'?"),
  ])
  func whatIsWrongIsSaid(arguments: [String], status: Int32, words: String) throws {
    let outcome = try Program.run(
      ["run", "--headless", "--source", "demo:seed=7", "--frames", "1"] + arguments)
    #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome.status): \(outcome.errors)")
  }

  @Test func noNetworkRunsWhereNoneIsNamed() throws {
    let all = try run(["--stage", "none", "--stage", "motion"])
    #expect(all.count == 4 && all.allSatisfy { $0["model"] as? String == "" })
    #expect(all.dropFirst().allSatisfy { self.ids($0).first == "motion" })
  }

  /// Networks and photos that are not part of the project.
  private static let material =
    URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .path + "/shared/real"

  @Test func manyRealNetworksOnAPhoto() throws {
    let models = Self.material + "/models/"
    guard FileManager.default.fileExists(atPath: models + "yolov5n.onnx") else {
      return print("skipped: no real networks beside the checkout")
    }
    let scratch = try TemporaryFolder()
    let file = try scratch.write(
      "pipeline.toml",
      """
      [[stage]]
      id = "yolo"
      model = "\(models)yolov5n.onnx"
      [[stage]]
      id = "fastest"
      model = "\(models)fastestdet.onnx"
      [[stage]]
      id = "outlines"
      model = "\(models)yolov8n-seg_320_dequant.onnx"
      [[stage]]
      id = "kinds"
      model = "\(models)squeezenet1.1.onnx"
      of = ["yolo", "fastest"]
      [[stage]]
      id = "states"
      model = "ocellus-classifier"
      of = ["yolo", "fastest", "outlines"]
      [[stage]]
      id = "picture"
      model = "\(models)squeezenet1.1.onnx"
      """)
    let outcome = try Program.run(["detect", Self.material + "/photos/dog.jpg", "--pipeline", file, "--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let line = try #require(try lines(outcome.output).first)
    let objects = try #require(line["detections"] as? [[String: Any]])
    let dog = try #require(objects.first { $0["label"] as? String == "dog" })
    let attributes = try #require(dog["attributes"] as? [[String: Any]])
    let by = attributes.compactMap { $0["stage"] as? String }
    #expect(Set(by).isSuperset(of: ["kinds", "states"]))
    let kinds = attributes.first { $0["stage"] as? String == "kinds" }?["classes"] as? [[String: Any]]
    let states = attributes.first { $0["stage"] as? String == "states" }?["classes"] as? [[String: Any]]
    #expect(kinds?.first?["label"] as? String != states?.first?["label"] as? String)
    #expect((line["classes"] as? [[String: Any]])?.isEmpty == false)
    #expect(ids(line) == ["yolo", "fastest", "outlines", "picture", "merge", "kinds", "states"])
  }
}
