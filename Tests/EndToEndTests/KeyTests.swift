import Dashboard
import Foundation
import TestSupport
import Testing

/// Every key of the key table, pressed on a real screen, with what it must change there.
@Suite(.serialized) struct KeyTests {
  /// What shows that an action was done, and how it is undone.
  private struct Effect: Sendable {
    /// Keys that come first, unless the screen is ready for the key under test.
    var before = ""
    var isReady: @Sendable (TerminalScreen) -> Bool = { _ in true }
    var shows: @Sendable (TerminalScreen) -> Bool
    /// Keys that undo it; the effect must be gone then, unless nil.
    var after: String?
  }

  private static func text(_ wanted: String, undo: String?) -> Effect {
    Effect(shows: { $0.text.contains(wanted) }, after: undo)
  }

  private static func gone(_ text: String, undo: String?) -> Effect {
    Effect(shows: { !$0.text.contains(text) }, after: undo)
  }

  /// The rows of the detections list that are written bold: the selected one.
  private static func selectedRows(_ screen: TerminalScreen) -> [Int] {
    guard let pane = screen.place(of: "²detections") else { return [] }
    // Below the title comes the heading where there is one.
    let first = screen.line(pane.y + 1).contains("label") ? pane.y + 2 : pane.y + 1
    return (first..<(first + 12)).filter { y in (pane.x..<(pane.x + 8)).contains { screen.cell($0, y).isBold } }
      .map { $0 - first }
  }

  private static func detectionCount(_ screen: TerminalScreen) -> Int {
    guard let pane = screen.place(of: "²detections") else { return 0 }
    let line = screen.line(pane.y).unicodeScalars.dropFirst(pane.x).split(separator: "≥").first.map(String.init) ?? ""
    return Int(line.filter(\.isNumber).suffix(2).filter(\.isASCII)) ?? 0
  }

  /// Whether the picture has labels with percentages.
  private static func hasLabels(_ screen: TerminalScreen) -> Bool {
    guard let list = screen.place(of: "²detections") else { return false }
    return (2..<(screen.rows / 2)).contains { y in
      String(String.UnicodeScalarView(screen.line(y).unicodeScalars.prefix(list.x - 3)))
        .range(of: " [a-z]+ [0-9][0-9] ", options: .regularExpression) != nil
    }
  }

  private static func selected(
    _ row: @escaping @Sendable (TerminalScreen) -> Int, before: String = "",
    isReady: @escaping @Sendable (TerminalScreen) -> Bool = { _ in true }
  ) -> Effect {
    Effect(before: before, isReady: isReady, shows: { selectedRows($0) == [row($0)] }, after: "\u{1B}")
  }

  private static func isFocused(_ title: String) -> @Sendable (TerminalScreen) -> Bool {
    { screen in screen.place(of: title).map { screen.cell($0.x + 1, $0.y).isBold } ?? false }
  }

  private static let effects: [String: Effect] = {
    let last: @Sendable (TerminalScreen) -> Int = { detectionCount($0) - 1 }
    var effects: [String: Effect] = [
      "help": text("Esc closes", undo: "\u{1B}"),
      "commands": text("Tab completes", undo: "\u{1B}"),
      "options": text("Left Right change", undo: "\u{1B}"),
      "pause": gone("PAUSED", undo: " "),
      "record": text(" REC ", undo: "r"),
      "photo": text("saved snapshots/ocellus", undo: nil),
      "sample": text("-clean.png", undo: nil),
      "repaint": gone("SCRIBBLE", undo: nil),
      "next-detector": text("second + ", undo: "M"),
      "previous-detector": text("second + ", undo: "m"),
      "next-classifier": text(" + kinds", undo: "C"),
      "previous-classifier": text(" + kinds", undo: "c"),
      "compare-next": text("only A", undo: "A"),
      "end-comparison": Effect(
        before: "a", isReady: { $0.text.contains("only A") }, shows: { !$0.text.contains("only A") }, after: nil),
      "remember": text("name for this", undo: "\u{1B}"),
      "classify-by": text("labels, separated by commas", undo: "\u{1B}"),
      "raise-threshold": text("conf 45%", undo: "-"),
      "lower-threshold": text("conf 35%", undo: "+"),
      "next-style": text("┐quadrants┌", undo: "vvvvv"),
      "boxes": text("no boxes", undo: "b"),
      "box-labels": Effect(shows: { !hasLabels($0) }, after: "B"),
      "catalogue": text("yolox-nano", undo: "\u{1B}"),
      "controls": text("exposure_time_absolute", undo: "\u{1B}"),
      "next-map": text("no stage has a map", undo: nil),
      "zoom-in": text("1.5x", undo: "Z"),
      "zoom-out": Effect(
        before: "z", isReady: { $0.text.contains("1.5x") }, shows: { !$0.text.contains("1.5x") }, after: nil),
      "reset-view": Effect(
        before: "zz", isReady: { $0.text.contains("2.3x") },
        shows: { !$0.text.contains("2.3x") && !$0.text.contains("1.5x") }, after: nil),
      "next-theme": text("theme 16-colour", undo: ":theme default\r"),
      "reload": text("theme default", undo: nil),
      "save-options": text("options saved", undo: nil),
      "next-layout": gone("⁴latency", undo: "ppp"),
      "sort": text("sorted by label", undo: "ooo"),
      "next-pane": Effect(shows: isFocused("³classifier"), after: "\u{1B}[Z"),
      "previous-pane": Effect(shows: isFocused("¹picture"), after: "\t"),
      // Naming a detection has selected it.
      "up": selected(last, before: "\u{1B}", isReady: { selectedRows($0).isEmpty }), "down": selected({ _ in 0 }),
      "left": selected(last), "right": selected({ _ in 0 }),
      "page-up": selected({ _ in 0 }, before: "G", isReady: { selectedRows($0) == [last($0)] }),
      "page-down": selected(last, before: "g", isReady: { selectedRows($0) == [0] }),
      "first": selected({ _ in 0 }), "last": selected(last), "choose": selected({ _ in 0 }),
      "cancel": Effect(
        before: "j", isReady: { !selectedRows($0).isEmpty }, shows: { selectedRows($0).isEmpty }, after: nil),
    ]
    for (i, pane) in PaneID.allCases.enumerated() {
      let mark = ["¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸"][i] + pane.title
      effects["pane-\(pane.title)"] = gone(mark, undo: String(i + 1))
    }
    for name in [
      "seek-back", "seek-forward", "step-back", "step-forward", "previous-event", "next-event", "slower", "faster",
      "second-back", "second-forward", "minute-back", "minute-forward", "next-topic", "events", "mark",
    ] {
      effects[name] = text("a live source cannot be stepped", undo: nil)
    }
    return effects
  }()

  /// The keys that end or stop the program have tests of their own.
  private static let elsewhere = ["quit", "suspend"]

  /// What a terminal sends for a key.
  private static func bytes(_ key: Key) -> String {
    switch key {
    case .character(let scalar): String(Character(scalar))
    case .control(let scalar): String(UnicodeScalar(UInt8(scalar.value & 31)))
    case .up: "\u{1B}OA"
    case .down: "\u{1B}OB"
    case .right: "\u{1B}OC"
    case .left: "\u{1B}OD"
    case .home: "\u{1B}OH"
    case .end: "\u{1B}OF"
    case .pageUp: "\u{1B}[5~"
    case .pageDown: "\u{1B}[6~"
    case .function(1): "\u{1B}OP"
    case .function(2): "\u{1B}OQ"
    case .enter: "\r"
    case .escape: "\u{1B}"
    case .tab: "\t"
    case .backTab: "\u{1B}[Z"
    default: ""
    }
  }

  /// A data folder with a second detector and a second classifier.
  private func models(in scratch: TemporaryFolder) throws -> String {
    let folder = scratch.file("data/ocellus/models")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (copy, original) in [("second", "ocellus-detector"), ("kinds", "ocellus-classifier")] {
      let model = "\(Program.root)/models/\(original)"
      try FileManager.default.copyItem(atPath: model + ".onnx", toPath: "\(folder)/\(copy).onnx")
      let manifest = try String(contentsOfFile: model + ".toml", encoding: .utf8)
        .replacingOccurrences(of: original + ".onnx", with: copy + ".onnx")
      try manifest.write(toFile: "\(folder)/\(copy).toml", atomically: true, encoding: .utf8)
    }
    return scratch.file("data")
  }

  @Test func everyKeyOfTheTableDoesWhatItSays() throws {
    let scratch = try TemporaryFolder()
    let run = try TerminalRun(
      ["--source", "demo:seed=7"], columns: 180, rows: 60, environment: ["XDG_DATA_HOME": try models(in: scratch)])
    try #require(run.wait { $0.shows("²detections") && Self.detectionCount($0.screen) > 2 && $0.shows("sequence") })
    // Nothing comes and goes while keys are pressed, and toasts of the start are over.
    run.send(" ")
    try #require(run.wait { $0.shows("PAUSED") })
    for binding in KeyTable.all where !Self.elsewhere.contains(binding.name) {
      guard let effect = Self.effects[binding.name] else {
        Issue.record("no effect is known of '\(binding.name)'")
        continue
      }
      for key in binding.keys {
        if !effect.isReady(run.screen) {
          run.send(effect.before)
          #expect(run.wait { effect.isReady($0.screen) }, "ready for \(binding.name):\n\(run.screen.text)")
        }
        if binding.name == "repaint" { run.scribble("SCRIBBLE") }
        #expect(!Self.bytes(key).isEmpty, "\(key.name) cannot be sent")
        run.send(Self.bytes(key))
        #expect(run.wait { effect.shows($0.screen) }, "\(binding.name) by \(key.name):\n\(run.screen.text)")
        guard let after = effect.after else { continue }
        run.send(after)
        #expect(run.wait { !effect.shows($0.screen) }, "\(binding.name) undone by \(after):\n\(run.screen.text)")
      }
    }
    run.send("q")
    #expect(run.wait { $0.status != nil })
    #expect(run.exitCode == 0)
    run.expectRestored("every key of the table")
  }

  /// Ctrl-C is what every program takes it for: an interruption.
  @Test(arguments: [("q", 0), ("\u{3}", 130)]) func quitKeysQuit(key: String, status: Int32) throws {
    let run = try TerminalRun(["--source", "demo:seed=7"], columns: 80, rows: 24)
    #expect(run.wait { $0.shows("age ") })
    run.send(key)
    #expect(run.wait { $0.status != nil })
    #expect(run.exitCode == status)
    run.expectRestored("quitting")
  }

  /// Whether the position of a replay ("0:01.96 / 0:02.00") is within a few frames of the recording's length.
  private static func isAtTheEnd(_ screen: TerminalScreen) -> Bool {
    guard let shown = screen.text.firstMatch(of: /0:(\d\d\.\d+) \/ 0:(\d\d(\.\d+)?)/),
      let position = Double(shown.1), let length = Double(shown.2)
    else { return false }
    return position > 1.5 && position > length - 0.5
  }

  @Test func replayKeysMoveInTheRecording() throws {
    let scratch = try TemporaryFolder()
    let recorded = try Program.run(
      ["record", "--record", scratch.file("rec"), "--source", "demo:seed=7", "--frames", "60"])
    #expect(recorded.status == 0, "\(recorded.errors)")
    let file = try #require(FileManager.default.contentsOfDirectory(atPath: scratch.file("rec")).first)
    let run = try TerminalRun(["replay", scratch.file("rec/" + file)], columns: 120, rows: 40)
    try #require(run.wait { $0.shows("stopped") || $0.shows("playing") })
    run.send(",")
    #expect(run.wait { $0.shows("stopped") }, "a step stops the play:\n\(run.screen.text)")
    run.send("[")
    #expect(run.wait { $0.shows("0:00.00 / 0:0") }, "\(run.screen.text)")
    run.send("]")
    // A busy machine drops pictures of the live scene, and the recording becomes longer for it.
    #expect(run.wait { Self.isAtTheEnd($0.screen) }, "\(run.screen.text)")
    run.send("[")
    #expect(run.wait { $0.shows("0:00.00 /") })
    run.send(String(repeating: ".", count: 15))
    #expect(run.wait { !$0.shows("0:00.00 /") }, "\(run.screen.text)")
    run.send(String(repeating: ",", count: 15))
    #expect(run.wait { $0.shows("0:00.00 /") }, "as many steps back: \(run.screen.text)")
    run.send(" ")
    #expect(run.wait { $0.shows("playing") || $0.shows("stopped") })
    run.send("q")
    #expect(run.wait { $0.status != nil })
  }

  @Test func theMouseSelectsClicksAndScrolls() throws {
    let run = try TerminalRun(["--source", "demo:seed=7"], columns: 120, rows: 40)
    try #require(run.wait { Self.detectionCount($0.screen) > 1 })
    #expect(run.screen.modes.contains(1006) || run.screen.modes.contains(1000), "the mouse is asked for")
    let pane = try #require(run.screen.place(of: "²detections"))
    run.click(pane.x + 4, pane.y + 1)
    #expect(run.wait { Self.selectedRows($0.screen) == [0] }, "\(run.screen.text)")
    let picture = try #require(run.screen.place(of: "¹picture"))
    run.click(picture.x + 8, picture.y + 5, button: 64)
    #expect(run.wait { $0.shows("1.5x") }, "the wheel zooms")
    let hint = try #require(run.screen.place(of: "? help"))
    run.click(hint.x, hint.y)
    #expect(run.wait { $0.shows("Esc closes") }, "the footer can be clicked")
    run.click(2, 2)
    #expect(run.wait { !$0.shows("Esc closes") })
    run.send("q")
    #expect(run.wait { $0.status != nil })
    run.expectRestored("the mouse")
  }

  @Test func theMouseCanBeLeftToTheTerminal() throws {
    let run = try TerminalRun(["--source", "demo:seed=7", "--no-mouse"], columns: 120, rows: 40)
    #expect(run.wait { $0.shows("age ") })
    #expect(run.waitForSeveralPictures())
    #expect(run.screen.modes.isDisjoint(with: [1000, 1002, 1003, 1006]))
  }
}
