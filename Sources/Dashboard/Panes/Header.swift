import Capture
import Ground
import Pipeline
import Vision

/// The first line of the screen: name, source, models and rates from the left; the age of the picture at the right, always;
/// badges before it.
struct Header {
  private struct Piece {
    var text: String
    var style: Style
    /// Columns with the separator that follows.
    var columns: Int { Text.columns(text) + Header.separator }
  }

  private static let separator = 3

  static func draw(_ rect: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    canvas.fill(rect, " ", context.theme.style(.mainForeground))
    var right =
      context.snapshot.replay.map { drawMoment(of: $0, in: rect, context, on: &canvas) }
      ?? drawAge(in: rect, context, on: &canvas)
    for badge in badges(context, width: rect.width) {
      let width = Text.columns(badge.text)
      guard right - width > 10 else { break }
      canvas.text(badge.text, endingAt: right, rect.y, badge.style)
      right -= width + 1
    }
    draw(pieces(context, room: right - rect.x), from: rect.x, to: right, row: rect.y, context, on: &canvas)
  }

  /// Returns the column where the age begins.
  private static func drawAge(in rect: Rect, _ context: PaneContext, on canvas: inout CellCanvas) -> Int {
    // A photo does not get old.
    if context.snapshot.source.rests, context.result != nil, PictureTrouble(context) == nil { return rect.right - 1 }
    let age = PictureTrouble.age(context).map { Text.duration(seconds: $0 / 1000) } ?? "no picture"
    let isStale = PictureTrouble(context) != nil
    canvas.text(
      (context.result != nil ? "age " : "") + Text.right(age, 6), endingAt: rect.right - 1, rect.y,
      context.theme.style(isStale ? .stale : .good, .bold))
    return rect.right - 1 - max(10, Text.columns(age) + 4) - 1
  }

  /// Of a replay the moment counts, not its age: position, length and, where the medium says so, the hour in UTC. Returns the
  /// column where it begins.
  private static func drawMoment(
    of replay: PlaybackStatus, in rect: Rect, _ context: PaneContext, on canvas: inout CellCanvas
  ) -> Int {
    let length = replay.duration.map { " / " + Text.clock(seconds: $0) } ?? ""
    var text = Text.clock(seconds: replay.position) + length
    if rect.width >= 60, let moment = replay.moment {
      text = Text.utc(nanoseconds: moment, withDate: rect.width >= 100) + " UTC  " + text
    }
    canvas.text(text, endingAt: rect.right - 1, rect.y, context.theme.style(.good, .bold))
    return rect.right - 2 - Text.columns(text)
  }

  /// From the left: the program's name, the source, its own words where there is room, the models, the rates.
  private static func pieces(_ context: PaneContext, room: Int) -> [Piece] {
    let theme = context.theme
    let snapshot = context.snapshot
    let detector = snapshot.detectors.first { $0.state == .active }?.title
    let classifier = snapshot.classifiers.first { $0.state == .active }.map { " + \($0.title)" } ?? ""
    var pieces = [
      Piece(text: " ocellus ", style: theme.style(.highlight, .bold)),
      Piece(text: subject(context), style: theme.style(.title)),
      Piece(
        text: (detector ?? "no network") + classifier,
        style: theme.style(detector == nil ? .warning : .mainForeground)),
    ]
    func free() -> Int { room - pieces.map(\.columns).reduce(0, +) }
    let rates = "\(Text.fixed(snapshot.rates.processed, 0))/\(Text.fixed(snapshot.rates.camera, 0)) fps"
    // Half a figure would mislead. A replay has no rate of a camera.
    if snapshot.replay == nil, !snapshot.source.rests, free() >= Text.columns(rates) {
      pieces.append(Piece(text: rates, style: theme.style(.graphText)))
    }
    // The pane of the replay has its length; half of the rest says nothing.
    // Of photos, the name and the place say all.
    let detail = context.result?.frame.photo == nil ? snapshot.source.detail : ""
    let least = snapshot.replay == nil ? 16 : Text.columns(detail) + Self.separator
    if !detail.isEmpty, free() >= least {
      let detail = Text.fit(detail, free(), ellipsis: context.glyphs.ellipsis)
      pieces.insert(Piece(text: detail, style: theme.style(.graphText)), at: 2)
    }
    return pieces
  }

  /// What is shown, and its size: the source, of photos the one on the screen and its place among them.
  private static func subject(_ context: PaneContext) -> String {
    let source = context.snapshot.source
    guard let result = context.result, let photo = result.frame.photo, context.snapshot.replay == nil else {
      return name(of: source) + (source.width > 0 ? " \(source.width)x\(source.height)" : "")
    }
    let place = photo.count > 1 ? " \(context.glyphs.dot) \(photo.number)/\(photo.count)" : ""
    return "\(photo.name) \(result.frame.image.width)x\(result.frame.image.height)" + place
  }

  private static func draw(
    _ pieces: [Piece], from left: Int, to right: Int, row y: Int, _ context: PaneContext,
    on canvas: inout CellCanvas
  ) {
    var x = left
    for (i, piece) in pieces.enumerated() {
      guard x < right - separator else { break }
      if i > 1 {
        canvas.text(" \(context.glyphs.dot) ", x, y, context.theme.style(.divider))
        x += separator
      }
      let text = Text.fit(piece.text, right - x, ellipsis: context.glyphs.ellipsis)
      x += canvas.text(text, x, y, piece.style, width: right - x)
    }
  }

  /// A source's name; of a file only the last part of its path, because the folders stay the same.
  private static func name(of source: SourceDescription) -> String {
    guard source.name.hasPrefix("/"), !source.name.hasPrefix("/dev/") else { return source.name }
    return source.name.split(separator: "/").last.map(String.init) ?? source.name
  }

  // MARK: Badges

  /// States that must not be overlooked, the most serious first.
  private static func badges(_ context: PaneContext, width: Int) -> [Piece] {
    let snapshot = context.snapshot
    var badges: [Piece] = []
    func add(_ text: String, _ color: ThemeColor) { badges.append(badge(text, color, context.theme)) }
    if let trouble = PictureTrouble(context) {
      // The cause stands across the picture too: in the header it must leave room for the source's name.
      let text = width >= 100 ? "\(trouble.title): \(trouble.cause)" : trouble.title
      add(Text.fit(text, 48, ellipsis: context.glyphs.ellipsis), .stale)
    }
    if snapshot.paused { add("PAUSED", .warning) }
    if case .recording? = snapshot.recording?.state {
      add("REC " + Text.clock(seconds: snapshot.recording?.seconds ?? 0), .failure)
    }
    let lost = snapshot.rates.droppedByDriver
    if lost >= 0.5 { add("DROPS \(Text.fixed(lost, 0))/s", .warning) }
    for complaint in complaints(context) { add(complaint + remedy(for: complaint, context, width: width), .warning) }
    if snapshot.stall != nil { add("STALLED", .failure) }
    if let download = context.view.download, download.state == .running {
      let share = Text.percent(Double(download.received) / Double(max(1, download.total)))
      let name = Text.fit(download.name, 24, ellipsis: context.glyphs.ellipsis)
      add(width >= 100 ? "PULL \(name) \(share), Esc stops" : "PULL \(share)", .selectedBackground)
    }
    // Not among the models' names, which are cut where room is short.
    if let loading = (snapshot.detectors + snapshot.classifiers).first(where: { $0.state == .loading }) {
      add(Text.fit("loading \(loading.title)", 28, ellipsis: context.glyphs.ellipsis), .selectedBackground)
    }
    if snapshot.sourceState == .ended { add("END", .selectedBackground) }
    return badges
  }

  private static func badge(_ text: String, _ color: ThemeColor, _ theme: Theme) -> Piece {
    let ground = theme[color].isTerminal ? Color.white : theme[color]
    return Piece(text: " " + text + " ", style: Style(ground.contrasting, on: ground, .bold))
  }

  /// The key that opens the controls, where they can mend the complaint.
  private static func remedy(for complaint: String, _ context: PaneContext, width: Int) -> String {
    let mendable = [PictureComplaint.dark, .overexposed, .flicker, .blurred].map { $0.rawValue.uppercased() }
    guard context.snapshot.controls != nil, mendable.contains(complaint) else { return "" }
    let key = context.settings.keys.name(of: .overlay(.controls))
    return width >= 100 ? ": \(key) opens controls" : ": \(key)"
  }

  /// Complaints about the picture although frames arrive.
  private static func complaints(_ context: PaneContext) -> [String] {
    guard let health = context.snapshot.health else {
      return context.result != nil && context.brightness < 28 ? ["DARK"] : []
    }
    return health.complaints.map { $0.rawValue.uppercased() }
  }
}

extension PlaybackStatus {
  /// The Unix time of the position, in nanoseconds; nil where the medium does not say when it was made.
  var moment: Int64? { begin.map { $0 + Int64(saturating: position * 1e9) } }
}
