import Dashboard
import Ground
import Perception
import Pipeline
import Testing
import Vision

/// What several stages say of one frame is on the screen, none of it hidden by another.
@Suite struct StageResultTests {
  typealias Stage = InteractionTests.Stage

  private static func classes(_ label: String, _ confidence: Float) -> Classes {
    Classes([
      Classification(label: label, classID: 0, confidence: confidence),
      Classification(label: "other", classID: 1, confidence: 1 - confidence),
    ])
  }

  private static func pausedStage(columns: Int, rows: Int, _ edit: (inout Findings) -> Void) throws -> Stage {
    var stage = try Stage(columns: columns, rows: rows)
    stage.session.edit { snapshot in
      snapshot.paused = true
      snapshot.latest = ScriptedSession.result(number: 900_001, now: .now)
      snapshot.latest.map { result in
        var findings = result.findings
        edit(&findings)
        snapshot.latest?.findings = findings
      }
    }
    stage.draw()
    return stage
  }

  @Test func everyStageHasItsSayOnTheSelectedObject() throws {
    var stage = try Self.pausedStage(columns: 200, rows: 60) { findings in
      findings.detections[0].attributes = []
      findings.detections[0].attach(Self.classes("walking", 0.9), by: "moves")
      findings.detections[0].attach(Self.classes("helmet", 0.8), by: "helmets")
      findings.detections[0].attach(Pose([Keypoint(x: 10, y: 10, confidence: 0.9)]), by: "skeleton")
      findings.detections[0].attach(Sighting(label: "pedestrian", classID: 3, confidence: 0.7), by: "second")
      findings.detections[0].attach(
        Activity([Classification(label: "waving", classID: 0, confidence: 0.6)]), by: "gestures")
    }
    stage.press(.down)
    stage.draw()
    for text in [
      "moves: walking 90%", "helmets: helmet 80%", "skeleton: pose, 1 of 1 points", "second: pedestrian 70%",
      "gestures: waving 60%",
    ] {
      #expect(stage.screen.contains(text), "\(text) is missing:\n\(stage.screen)")
    }
    // Beside the label, every best class that has room.
    #expect(stage.screen.contains("person walking helmet"), "\(stage.screen)")
    // In the pane of classes, each stage under its name.
    let classes = try #require(stage.composer.screen.layout.panes[.classes])
    let lines = (classes.y..<classes.bottom).map { String(stage.composer.canvas.line($0).dropFirst(classes.x)) }
    let pane = lines.joined(separator: "\n")
    for text in ["moves", "walking", "helmets", "helmet", "gestures", "waving"] {
      #expect(pane.contains(text), "\(text):\n\(pane)")
    }
  }

  @Test func classesOfTheWholePictureAreShownByStage() throws {
    let stage = try Self.pausedStage(columns: 200, rows: 60) { findings in
      findings.attach(Self.classes("kitchen", 0.7), by: "rooms")
      findings.attach(Self.classes("night", 0.6), by: "light")
    }
    for text in ["whole picture", "rooms", "kitchen", "light", "night"] {
      #expect(stage.screen.contains(text), "\(text)")
    }
  }

  @Test func mapsAreChosenByKey() throws {
    var stage = try Self.pausedStage(columns: 120, rows: 40) { findings in
      let all = SegmentationMap(columns: 1, rows: 1, classes: [3], labels: ["background", "a", "b", "c"])
      findings.attach(all, by: "ground")
      findings.attach(DepthMap(columns: 1, rows: 1, nearness: [1], range: 0...1), by: "depth")
    }
    func middle() throws -> Cell {
      let cells = try #require(stage.composer.screen.picture).cells
      return stage.composer.canvas[cells.right - 2, cells.y + 1]
    }
    let both = try middle()
    stage.press(.character("n"))
    #expect(stage.screen.contains("ground segmentation"))
    let ground = try middle()
    stage.press(.character("n"))
    #expect(stage.state.view.maps == .one(PictureMap(stage: "depth", kind: "depth")))
    let depth = try middle()
    stage.press(.character("n"))
    #expect(stage.state.view.maps == MapChoice.none && stage.screen.contains("no maps"))
    let none = try middle()
    #expect(Set([both, ground, depth, none]).count == 4)
    stage.press(.character("n"))
    #expect(stage.state.view.maps == .all)
    // A picture without maps says so.
    var plain = try Stage()
    plain.press(.character("n"))
    #expect(plain.screen.contains("no stage has a map"))
    #expect(plain.state.view.maps == .all)
  }

  @Test func latencyHasTheStagesByNameAndTheirParts() throws {
    var stage = try Stage(columns: 200, rows: 60)
    stage.session.edit { snapshot in
      snapshot.paused = true
      snapshot.latencies =
        ["detector", "faces", "helmets"].map {
          StageStatistics(
            part: .stage(StageID($0)), last: 8, p50: 8, p95: 9, p99: 10, history: [8, 8],
            split: LatencySplit(preprocess: 1.25, inference: 6, postprocess: 0.75))
        } + [StageStatistics(part: .total, last: 30, p50: 30, p95: 31, p99: 32, history: [30])]
    }
    stage.draw()
    for text in ["faces", "helmets", "preprocess 1.25  inference 6.00  postprocess 0.75"] {
      #expect(stage.screen.contains(text), "\(text)")
    }
    // Where rows are short, every stage keeps its own.
    var low = try Stage(columns: 120, rows: 40)
    let few = stage.state.snapshot.latencies
    low.session.edit { snapshot in
      snapshot.paused = true
      snapshot.latencies =
        ["a", "b", "c"].map {
          var other = few[0]
          other.part = .stage(StageID($0))
          return other
        } + few
    }
    low.draw()
    #expect(low.screen.contains("helmets") && low.screen.contains("total") && !low.screen.contains("infer"))
  }

  @Test func everyStageOfThePipelineIsListed() throws {
    var stage = try Stage(columns: 200, rows: 60)
    stage.session.edit { snapshot in
      snapshot.pipeline = [
        StageListing(id: "detector", kind: "network"), StageListing(id: "motion", kind: "motion", every: 3),
        StageListing(id: "faces", kind: "crop", maximumHertz: 5),
      ]
    }
    stage.draw()
    let models = try #require(stage.composer.screen.layout.panes[.models])
    let pane = (models.y..<models.bottom).map { String(stage.composer.canvas.line($0).dropFirst(models.x)) }
    for (name, fact) in [("detector", "network"), ("motion", "motion, every 3"), ("faces", "crop, 5 Hz")] {
      #expect(pane.contains { $0.contains(name) && $0.contains(fact) }, "\(name):\n\(pane.joined(separator: "\n"))")
    }
    // Stages are not models: they cannot be selected.
    let list = try #require(stage.composer.screen.lists[.models])
    stage.press(.mouse(.left, x: list.room.x + 2, y: list.room.y + list.count - 1))
    stage.press(.enter)
    #expect(stage.session.asked.detectors == ["scout"])
  }
}
