import Ground
import Perception
import Pipeline

/// Detectors and classifiers with state, task and input, of which Enter selects one; below them the other networks that run.
struct ModelsPane: Pane {
  /// A model in the list.
  struct Entry {
    var listing: ModelListing
    var isClassifier: Bool
  }

  static func entries(_ snapshot: SessionSnapshot) -> [Entry] {
    snapshot.detectors.map { Entry(listing: $0, isClassifier: false) }
      + snapshot.classifiers.map { Entry(listing: $0, isClassifier: true) }
  }

  /// The list, and below it why the selected model failed.
  struct Content {
    /// Lines that can be chosen, then those that cannot.
    var lines: [Entry]
    var list: ListView
    var reason: [String]
  }

  static func content(in room: Rect, _ context: PaneContext) -> Content {
    let entries = entries(context.snapshot)
    let lines = entries + context.snapshot.companions.map { Entry(listing: $0, isClassifier: false) }
    let hasFocus = context.view.focus == .models && !entries.isEmpty
    let selected = hasFocus ? min(context.view.selectedModel, entries.count - 1) : nil
    let reason = reason(selected.map { entries[$0] }, room, context.glyphs.ellipsis)
    let list = ListView(
      in: Rect(x: room.x, y: room.y, width: room.width, height: room.height - reason.count), count: lines.count,
      selected: selected, centered: entries.firstIndex { $0.listing.state == .active })
    return Content(lines: lines, list: list, reason: reason)
  }

  func list(in room: Rect, _ context: PaneContext) -> ListView? { Self.content(in: room, context).list }

  func frameNote(_ context: PaneContext) -> String { context.view.focus == .models ? "Enter selects" : "" }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    guard !room.isEmpty else { return }
    let content = Self.content(in: room, context)
    guard !content.lines.isEmpty else {
      canvas.text("no models found", room.x, room.y, context.theme.style(.inactive), width: room.width)
      return
    }
    for (i, line) in content.reason.enumerated() {
      canvas.text(
        line, room.x + 2, content.list.room.bottom + i, context.theme.style(.failure), width: room.width - 2)
    }
    content.list.draw(selection: context.theme.selected, ground: context.ground, on: &canvas) { line, canvas in
      draw(content.lines[line.item], on: line, context, canvas: &canvas)
    }
  }

  /// Why the selected model failed, in at most half of the room.
  private static func reason(_ selected: Entry?, _ room: Rect, _ ellipsis: Character) -> [String] {
    guard case .failed(let reason)? = selected?.listing.state, room.height >= 4 else { return [] }
    return Text.wrapped(Self.brief(reason), room.width - 2, most: room.height / 2, ellipsis: ellipsis)
  }

  private func draw(_ entry: Entry, on line: ListView.Line, _ context: PaneContext, canvas: inout CellCanvas) {
    let theme = context.theme
    let (rect, y) = (line.rect, line.rect.y)
    let isActive = entry.listing.state == .active
    let state = Self.mark(entry.listing.state, context)
    canvas[rect.x, y] = Cell(state.glyph, line.mark(state.color))
    let facts = Self.facts(entry, rect.width, ellipsis: context.glyphs.ellipsis)
    let nameRoom = rect.width - 3 - Text.columns(facts)
    canvas.text(
      Text.fit(entry.listing.title, nameRoom, ellipsis: context.glyphs.ellipsis), rect.x + 2, y,
      line.text(theme[isActive ? .title : .mainForeground], isActive ? .bold : []), width: nameRoom)
    canvas.text(facts, endingAt: rect.right, y, line.text(theme[.graphText]))
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
    if width >= 46 { return "\(short(about.task))\(input) \(Text.bytes(Double(about.fileBytes)))" }
    return width >= 30 ? short(about.task) + input : short(about.task)
  }

  /// A reason without the file at its beginning: the line names the model.
  static func brief(_ reason: String) -> String {
    let parts = reason.split(separator: ": ", maxSplits: 1)
    return Text.withoutFolders(String(reason.hasPrefix("/") && parts.count == 2 ? parts[1] : reason[...]))
  }

  private static func short(_ task: Perception.Task) -> String {
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
}
