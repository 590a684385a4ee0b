import Dashboard
import Ground
import Perception
import Pipeline
import Synchronization
import Testing

/// A catalogue whose downloads a test moves on.
final class ScriptedCatalogue: NetworkCatalogue {
  struct Missing: ExplainedError {
    var what = "the catalogue is missing"
    var place = ""
    var remedy = "install it again"
  }

  private struct Inside {
    var offers: [NetworkOffer]?
    var begun: [String] = []
    var cancels = 0
    var latest: NetworkDownload?
  }

  private let inside: Mutex<Inside>

  init(_ offers: [NetworkOffer]?) { inside = Mutex(Inside(offers: offers)) }

  static var offers: [NetworkOffer] {
    [
      NetworkOffer(
        name: "yolox-nano", task: "detection", bytes: 3_659_407, license: "Apache-2.0",
        source: "https://github.com/opencv/opencv_zoo", isSuggested: true),
      NetworkOffer(name: "mobilenet", task: "classification", bytes: 3_655_033, license: "MIT", isFirstStage: false),
      NetworkOffer(
        name: "clip", task: "embedding", bytes: 60_000_000, license: "MIT", isInstalled: true, isUsable: false),
      NetworkOffer(name: "tiny", task: "detection", bytes: 998_169, license: "BSD-3-Clause", isInstalled: true),
    ]
  }

  var begun: [String] { inside.withLock { $0.begun } }
  var cancels: Int { inside.withLock { $0.cancels } }
  var latest: NetworkDownload? { inside.withLock { $0.latest } }

  func offers() throws -> [NetworkOffer] {
    guard let offers = inside.withLock({ $0.offers }) else { throw Missing() }
    return offers
  }

  func download(_ name: String) {
    inside.withLock { inside in
      inside.begun.append(name)
      inside.latest = NetworkDownload(name: name, received: 0, total: 0, state: .running)
    }
  }

  func cancel() {
    inside.withLock { inside in
      inside.cancels += 1
      inside.latest?.state = .cancelled
    }
  }

  func move(to received: Int, of total: Int, _ state: NetworkDownload.State = .running) {
    inside.withLock { inside in
      inside.latest?.received = received
      inside.latest?.total = total
      inside.latest?.state = state
    }
  }
}

/// The catalogue's box, and the download behind it.
@Suite struct CatalogueBoxTests {
  typealias Stage = InteractionTests.Stage

  private static func stage(_ catalogue: ScriptedCatalogue, _ columns: Int = 120, _ rows: Int = 40) throws -> Stage {
    var stage = try Stage(columns: columns, rows: rows)
    stage.controller = Controller(
      session: SessionPort(stage.session), themes: ThemeLibrary(onlyFolders: []),
      configuration: ConfigurationFile(path: "/nonexistent/config.toml"), state: stage.state, catalogue: catalogue)
    stage.draw()
    return stage
  }

  /// What the main loop does between keys.
  private static func step(_ stage: inout Stage) {
    _ = stage.controller.followDownload()
    stage.draw()
  }

  @Test(arguments: [(80, 24), (120, 40), (200, 60), (60, 18)]) func theListSaysWhatEachIs(size: (Int, Int)) throws {
    var stage = try Self.stage(ScriptedCatalogue(ScriptedCatalogue.offers), size.0, size.1)
    stage.press(.character("N"))
    for text in ["yolox-nano", "detection", "3.7 MB", "start here", "mobilenet", "here"] {
      #expect(stage.screen.contains(text), "\(text):\n\(stage.screen)")
    }
    #expect(stage.screen.contains("Apache-2.0"), "\(stage.screen)")
    stage.press(.escape)
    #expect(stage.state.view.modal == nil)
  }

  @Test func aDownloadIsAskedAboutShownAndUsed() throws {
    let catalogue = ScriptedCatalogue(ScriptedCatalogue.offers)
    var stage = try Self.stage(catalogue)
    stage.press(.character("N"), .enter)
    #expect(stage.screen.contains("Download yolox-nano under its licence?") && catalogue.begun.isEmpty)
    stage.press(.escape)
    #expect(stage.state.view.modal == .catalogue(selected: 0, asks: false) && catalogue.begun.isEmpty)
    stage.press(.enter, .enter)
    #expect(catalogue.begun == ["yolox-nano"] && stage.state.view.modal == nil)
    catalogue.move(to: 1_500_000, of: 3_000_000)
    Self.step(&stage)
    #expect(stage.composer.canvas.line(0).contains("PULL yolox-nano 50%"), "\(stage.composer.canvas.line(0))")
    // Another one waits its turn.
    stage.press(.character("N"), .down, .enter, .enter)
    #expect(catalogue.begun == ["yolox-nano"] && stage.screen.contains("one at a time"))
    catalogue.move(to: 3_000_000, of: 3_000_000, .done)
    Self.step(&stage)
    #expect(stage.session.asked.detectors == ["yolox-nano"])
    #expect(!stage.composer.canvas.line(0).contains("PULL") && stage.screen.contains("yolox-nano is loading"))
    Self.step(&stage)
    #expect(stage.session.asked.detectors.count == 1, "once")
  }

  @Test func escStopsADownloadBeforeAnythingElse() throws {
    let catalogue = ScriptedCatalogue(ScriptedCatalogue.offers)
    var stage = try Self.stage(catalogue)
    stage.press(.down)
    let selected = stage.state.view.selectedDetection
    stage.press(.character("N"), .enter, .enter)
    catalogue.move(to: 1_000_000, of: 3_000_000)
    Self.step(&stage)
    stage.press(.escape)
    #expect(catalogue.cancels == 1 && stage.state.view.selectedDetection == selected)
    Self.step(&stage)
    #expect(stage.screen.contains("N resumes it from there"))
    stage.press(.escape)
    #expect(catalogue.cancels == 1 && stage.state.view.selectedDetection == nil)
  }

  @Test func failuresAreOneLine() throws {
    let catalogue = ScriptedCatalogue(ScriptedCatalogue.offers)
    var stage = try Self.stage(catalogue)
    stage.press(.character("N"), .enter, .enter)
    catalogue.move(to: 0, of: 0, .failed(reason: "the host's name cannot be resolved: check the network"))
    Self.step(&stage)
    #expect(stage.screen.contains("yolox-nano not downloaded: the host's name cannot be resolved: check the network"))
    #expect(stage.session.asked.detectors.isEmpty)
    // It can be tried again.
    stage.press(.character("N"), .enter, .enter)
    #expect(catalogue.begun.count == 2)
  }

  @Test func whatIsHereIsUsedAtOnce() throws {
    let catalogue = ScriptedCatalogue(ScriptedCatalogue.offers)
    var stage = try Self.stage(catalogue)
    // One that needs a pipeline says so; a classifier goes beside the detector that runs.
    stage.press(.character("N"), .down, .down, .enter)
    #expect(stage.screen.contains("docs/MODELS.md") && catalogue.begun.isEmpty)
    stage.press(.character("N"), .down, .enter, .enter)
    catalogue.move(to: 1, of: 1, .done)
    Self.step(&stage)
    #expect(stage.session.asked.classifiers == ["mobilenet"])
    stage.press(.character("N"), .end, .enter)
    #expect(stage.session.asked.detectors == ["tiny"] && catalogue.begun == ["mobilenet"])
  }

  @Test func aCatalogueThatCannotBeReadSaysWhy() throws {
    var stage = try Self.stage(ScriptedCatalogue(nil))
    stage.press(.character("N"))
    #expect(stage.state.view.modal == nil && stage.screen.contains("the catalogue is missing (install it again)"))
    stage = try Self.stage(ScriptedCatalogue([]))
    stage.press(.character("N"))
    #expect(stage.screen.contains("lists no networks"))
    var without = try Stage()
    without.press(.character("N"))
    #expect(without.screen.contains("`ocellus models pull`"))
  }

  @Test func thePictureWithoutANetworkNamesTheKey() throws {
    var stage = try Self.stage(ScriptedCatalogue(ScriptedCatalogue.offers))
    stage.session.edit {
      $0.advice = "no network for this source: ocellus models pull yolox-nano, or --model best.onnx"
    }
    stage.draw()
    #expect(stage.screen.contains("no network for this source: N opens the catalogue"), "\(stage.screen)")
  }

  @Test func theMouseSelectsThenAsks() throws {
    let catalogue = ScriptedCatalogue(ScriptedCatalogue.offers)
    var stage = try Self.stage(catalogue)
    stage.press(.character("N"))
    let list = try #require(stage.composer.screen.overlayList)
    let line = Key.mouse(.left, x: list.room.x + 2, y: list.room.y + 1)
    stage.press(line)
    #expect(stage.state.view.modal == .catalogue(selected: 1, asks: false))
    stage.press(line)
    #expect(stage.state.view.modal == .catalogue(selected: 1, asks: true) && catalogue.begun.isEmpty)
    stage.press(line)
    #expect(catalogue.begun.isEmpty, "a double click too many downloads nothing")
  }
}
