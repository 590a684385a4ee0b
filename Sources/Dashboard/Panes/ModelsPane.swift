internal import Ground
internal import Perception
internal import Pipeline

/// Detectors and classifiers with task, input and state, of which Enter picks one; below them, what runs beside them.
struct ModelsPane: Pane {
  /// A line of the list.
  struct Entry {
    var listing: ModelListing
    var isClassifier: Bool
  }

  static func entries(_ snapshot: SessionSnapshot) -> [Entry] {
    snapshot.detectors.map { Entry(listing: $0, isClassifier: false) }
      + snapshot.classifiers.map { Entry(listing: $0, isClassifier: true) }
  }

  /// Which lines there is room for.
  struct Window {
    /// What can be picked, then what cannot.
    var lines: [Entry]
    /// The first line shown.
    var start: Int
    var height: Int
    var selected: Int?
    /// Why the selected model failed, below the list.
    var reason: [String]
  }

  static func window(
    _ room: Rect, _ snapshot: SessionSnapshot, _ view: ViewState, ellipsis: Character = "\u{2026}"
  ) -> Window {
    let entries = entries(snapshot)
    let lines = entries + snapshot.companions.map { Entry(listing: $0, isClassifier: false) }
    let selected = view.focus == .models && !entries.isEmpty ? min(view.selectedModel, entries.count - 1) : nil
    let reason = reason(selected.map { entries[$0] }, room, ellipsis)
    let height = room.height - reason.count
    let active = entries.firstIndex { $0.listing.state == .active }
    return Window(
      lines: lines, start: DetectionsPane.firstVisible(selected: selected ?? active, count: lines.count, room: height),
      height: height, selected: selected, reason: reason)
  }

  func note(_ context: PaneContext) -> String { context.view.focus == .models ? "Enter picks" : "" }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    guard !room.isEmpty else { return }
    let window = Self.window(room, context.snapshot, context.view, ellipsis: context.glyphs.ellipsis)
    guard !window.lines.isEmpty else {
      canvas.text("no models found", room.x, room.y, context.theme.style(.inactive), width: room.width)
      return
    }
    for (i, line) in window.reason.enumerated() {
      canvas.text(
        line, room.x + 2, room.y + window.height + i, context.theme.style(.failure), width: room.width - 2)
    }
    for (line, entry) in window.lines[window.start...].prefix(window.height).enumerated() {
      draw(entry, isSelected: window.start + line == window.selected, y: room.y + line, room, context, on: &canvas)
    }
  }

  /// Why the selected model failed, in as many lines as there are to spare.
  private static func reason(_ selected: Entry?, _ room: Rect, _ ellipsis: Character) -> [String] {
    guard case .failed(let reason)? = selected?.listing.state, room.height >= 4 else { return [] }
    return Text.wrapped(Self.brief(reason), room.width - 2, most: room.height / 2, ellipsis: ellipsis)
  }

  private func draw(
    _ entry: Entry, isSelected: Bool, y: Int, _ room: Rect, _ context: PaneContext, on canvas: inout CellGrid
  ) {
    let theme = context.theme
    let ground = isSelected ? theme[.selectedBackground] : context.ground
    let isActive = entry.listing.state == .active
    let ink = theme[isSelected ? .selectedForeground : isActive ? .title : .mainForeground]
    if isSelected { canvas.fill(Rect(x: room.x, y: y, width: room.width, height: 1), " ", Style(ink, on: ground)) }
    let state = Self.mark(entry.listing.state, context)
    canvas[room.x, y] = Cell(state.glyph, Style(state.color, on: ground))
    let facts = Self.facts(entry, room.width, ellipsis: context.glyphs.ellipsis)
    let nameRoom = room.width - 3 - Text.columns(facts)
    canvas.text(
      Text.fit(entry.listing.title, nameRoom, ellipsis: context.glyphs.ellipsis), room.x + 2, y,
      Style(ink, on: ground, isActive ? .bold : []), width: nameRoom)
    canvas.text(facts, endingAt: room.right, y, Style(theme[isSelected ? .selectedForeground : .graphText], on: ground))
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
    // A network on sequences has no picture for its input.
    let input = about.inputWidth > 0 ? " \(about.inputWidth)x\(about.inputHeight)" : ""
    if width >= 46 { return "\(short(about.task))\(input) \(Text.bytes(Double(about.fileBytes)))" }
    return width >= 30 ? short(about.task) + input : short(about.task)
  }

  /// A reason without the file that it begins with: the line names the model.
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
}
