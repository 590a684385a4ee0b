import Ground
import Perception
import Pipeline

/// Detectors and classifiers with state, task and input, of which Enter selects one; below them every stage of the running
/// pipeline, with its kind, model and rate.
struct ModelsPane: Pane {
  /// A model that can be selected.
  struct Entry {
    var listing: ModelListing
    var isClassifier: Bool
  }

  /// A line of the list.
  enum Line {
    case model(Entry)
    case stage(StageListing)
  }

  /// The list, and below it why the selected model failed or what is not known of it.
  struct ModelList {
    /// Models, then stages.
    var lines: [Line]
    var list: ListView
    var reason: [String]
    var hasFailed: Bool
  }

  static func entries(_ snapshot: SessionSnapshot) -> [Entry] {
    snapshot.detectors.map { Entry(listing: $0, isClassifier: false) }
      + snapshot.classifiers.map { Entry(listing: $0, isClassifier: true) }
  }

  static func modelList(in room: Rect, _ context: PaneContext) -> ModelList {
    let entries = entries(context.snapshot)
    let lines = entries.map { Line.model($0) } + context.snapshot.pipeline.map { Line.stage($0) }
    let hasFocus = context.view.focus == .models && !entries.isEmpty
    let selected = hasFocus ? min(context.view.selectedModel, entries.count - 1) : nil
    let reason = reason(selected.map { entries[$0] }, room, context.glyphs.ellipsis)
    let list = ListView(
      in: Rect(x: room.x, y: room.y, width: room.width, height: room.height - reason.count), count: lines.count,
      selected: selected, centered: entries.firstIndex { $0.listing.state == .active })
    return ModelList(
      lines: lines, list: list, reason: reason, hasFailed: selected.map { entries[$0].listing.hasFailed } ?? false)
  }

  func list(in room: Rect, _ context: PaneContext) -> ListView? { Self.modelList(in: room, context).list }

  func frameNote(_ context: PaneContext) -> String { context.view.focus == .models ? "Enter selects" : "" }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    guard !room.isEmpty else { return }
    let content = Self.modelList(in: room, context)
    guard !content.lines.isEmpty else {
      canvas.text("no models found", room.x, room.y, context.theme.style(.inactive), width: room.width)
      return
    }
    for (i, line) in content.reason.enumerated() {
      canvas.text(
        line, room.x + 2, content.list.room.bottom + i,
        context.theme.style(content.hasFailed ? .failure : .graphText), width: room.width - 2)
    }
    content.list.draw(selection: context.theme.selected, ground: context.ground, on: &canvas) { line, canvas in
      switch content.lines[line.item] {
      case .model(let entry): draw(entry, on: line, context, canvas: &canvas)
      case .stage(let stage): draw(stage, on: line, context, canvas: &canvas)
      }
    }
  }

  /// Why the selected model failed, or what is not known of it, in at most half of the room.
  private static func reason(_ selected: Entry?, _ room: Rect, _ ellipsis: Character) -> [String] {
    guard let selected, room.height >= 4 else { return [] }
    let text: String
    if case .failed(let reason) = selected.listing.state {
      text = Self.brief(reason)
    } else if selected.listing.description?.assumesPreprocessing == true {
      text = "assumed: how pictures are prepared for it ([input] in a manifest settles it)"
    } else {
      return []
    }
    return Text.wrapped(text, room.width - 2, most: room.height / 2, ellipsis: ellipsis)
  }

  // MARK: Models

  private func draw(_ entry: Entry, on line: ListView.Line, _ context: PaneContext, canvas: inout CellCanvas) {
    let isActive = entry.listing.state == .active
    let state = Self.mark(entry.listing.state, context)
    canvas[line.rect.x, line.rect.y] = Cell(state.glyph, line.mark(state.color))
    draw(
      entry.listing.title, Self.facts(entry, line.rect.width, ellipsis: context.glyphs.ellipsis),
      line.text(context.theme[isActive ? .title : .mainForeground], isActive ? .bold : []), on: line, context,
      canvas: &canvas)
  }

  /// A name from the left, and facts at the right.
  private func draw(
    _ name: String, _ facts: String, _ style: Style, on line: ListView.Line, _ context: PaneContext,
    canvas: inout CellCanvas
  ) {
    let (rect, y) = (line.rect, line.rect.y)
    let room = rect.width - 3 - Text.columns(facts)
    canvas.text(Text.fit(name, room, ellipsis: context.glyphs.ellipsis), rect.x + 2, y, style, width: room)
    canvas.text(facts, endingAt: rect.right, y, line.text(context.theme[.graphText]))
  }

  private static func mark(_ state: ModelListing.State, _ context: PaneContext) -> (glyph: Unicode.Scalar, color: Color)
  {
    let theme = context.theme
    switch state {
    case .available: return (context.glyphs.hollow, theme[.inactive])
    case .loading:
      let spinner: [Unicode.Scalar] = ["|", "/", "-", "\\"]
      return (spinner[Int(context.now.nanoseconds / 150_000_000) & 3], theme[.warning])
    case .active: return (context.glyphs.bullet, theme[.good])
    case .failed: return ("!", theme[.failure])
    }
  }

  private static func facts(_ entry: Entry, _ width: Int, ellipsis: Character) -> String {
    switch entry.listing.state {
    case .loading: return "loading"
    case .failed(let reason): return Text.fit(brief(reason), max(6, width / 2), ellipsis: ellipsis)
    case .available, .active: break
    }
    guard let about = entry.listing.description else { return entry.isClassifier ? "classifier" : "" }
    // The input of a sequence network is not a picture.
    let input = about.inputWidth > 0 ? " \(about.inputWidth)x\(about.inputHeight)" : ""
    // A guess is marked at every width.
    let assumed = about.assumesPreprocessing ? width >= 40 ? " assumed" : "?" : ""
    if width >= 46 { return "\(short(about.task))\(input)\(assumed) \(Text.bytes(Double(about.fileBytes)))" }
    return (width >= 30 ? short(about.task) + input : short(about.task)) + assumed
  }

  /// A reason without the file at its beginning: the line names the model.
  static func brief(_ reason: String) -> String {
    let parts = reason.split(separator: ": ", maxSplits: 1)
    return Text.withoutFolders(String(reason.hasPrefix("/") && parts.count == 2 ? parts[1] : reason[...]))
  }

  private static func short(_ task: ModelTask) -> String {
    switch task {
    case .detection: "detect"
    case .instanceSegmentation: "segment"
    case .pose: "pose"
    case .orientedDetection: "oriented"
    case .classification: "classify"
    case .semanticSegmentation: "semantic"
    case .depth: "depth"
    case .embedding: "embed"
    case .sequence: "sequence"
    }
  }

  // MARK: Stages

  private func draw(_ stage: StageListing, on line: ListView.Line, _ context: PaneContext, canvas: inout CellCanvas) {
    let theme = context.theme
    canvas[line.rect.x, line.rect.y] = Cell(context.glyphs.dot, line.mark(theme[.good]))
    let model = stage.model.map(\.name).flatMap { $0 == stage.id.name ? nil : " " + $0 } ?? ""
    draw(
      stage.id.name + model, Self.facts(stage, line.rect.width), line.text(theme[.mainForeground]), on: line, context,
      canvas: &canvas)
  }

  /// What the stage does, and how often: "crop pose, every 3, 5 Hz".
  private static func facts(_ stage: StageListing, _ width: Int) -> String {
    let task = stage.model.map { short($0.task) }
    let what = width >= 40 ? [stage.kind, task].compactMap(\.self) : [task ?? stage.kind]
    let pace = [
      stage.every > 1 ? "every \(stage.every)" : nil,
      stage.maximumHertz.map { "\(Text.fixed(Double($0), $0 < 10 && $0 != $0.rounded() ? 1 : 0)) Hz" },
    ]
    return ([Self.joined(what)] + pace).compactMap(\.self).joined(separator: ", ")
  }

  /// Words in a row, each once: the kind and the task of a sequence stage are the same word.
  private static func joined(_ words: [String]) -> String {
    words.enumerated().filter { i, word in !words[..<i].contains(word) }.map(\.element).joined(separator: " ")
  }
}
