internal import Capture
internal import Ground
internal import Pipeline

/// The first and the last line of the screen.
struct Bars {
  /// Pictures older than this, in milliseconds, are stale whatever the source says; slow cameras get three periods.
  private static func staleAge(_ context: PaneContext) -> Double {
    let rate = context.snapshot.source.framesPerSecond
    return max(1500, rate > 0 ? 3000 / rate : 0)
  }

  /// Why a picture is not to be taken for what the camera sees now.
  struct Trouble {
    /// What it is and for how long: "NO SIGNAL 12.0 s".
    var title: String
    /// Why, and what is done about it.
    var cause: String
  }

  /// What the operator must know before looking at the picture; nil when it is live.
  static func trouble(_ context: PaneContext) -> Trouble? {
    let snapshot = context.snapshot
    switch snapshot.sourceState {
    case .noSignal(let reason, let since):
      let seconds = context.now.milliseconds(since: since) / 1000
      return Trouble(title: "NO SIGNAL " + Text.duration(seconds: seconds), cause: reason)
    case .failed(let reason): return Trouble(title: "SOURCE FAILED", cause: reason)
    case .starting, .streaming, .ended: break
    }
    guard let age = age(context), snapshot.sourceState != .ended, !snapshot.paused,
      snapshot.replay?.isPlaying ?? true, age > staleAge(context)
    else { return nil }
    return Trouble(
      title: "STALE " + Text.duration(seconds: age / 1000),
      cause: snapshot.stall.map { "the \($0.stage) does not answer" } ?? "no newer picture has come")
  }

  /// Milliseconds since the driver stamped the picture on the screen, the way to the terminal included where it is known.
  static func age(_ context: PaneContext) -> Double? {
    context.result.map {
      max(0, context.now.milliseconds(since: $0.frame.timestamp)) + (context.own.roundTrip ?? 0) / 2
    }
  }

  private struct Badge {
    var text: String
    var style: Style
  }

  /// What is wrong with the picture although frames keep coming.
  private static func complaints(_ context: PaneContext) -> [String] {
    guard let health = context.snapshot.health else {
      return context.result != nil && context.brightness < 28 ? ["DARK"] : []
    }
    return health.complaints.map { $0.rawValue.uppercased() }
  }

  /// What must not be overlooked, the gravest first.
  private static func badges(_ context: PaneContext, width: Int) -> [Badge] {
    let theme = context.theme
    func badge(_ text: String, _ color: ThemeColor) -> Badge {
      let ground = theme[color].isTerminal ? Color.white : theme[color]
      return Badge(text: " " + text + " ", style: Style(ground.contrasting, on: ground, .bold))
    }
    var badges: [Badge] = []
    if let trouble = trouble(context) {
      // The cause stands across the picture too: in the header it must leave room for the source's name.
      let text = width >= 100 ? "\(trouble.title): \(trouble.cause)" : trouble.title
      badges.append(badge(Text.fit(text, 48, ellipsis: context.glyphs.ellipsis), .stale))
    }
    if context.snapshot.paused { badges.append(badge("PAUSED", .warning)) }
    if case .recording? = context.snapshot.recording?.state {
      badges.append(badge("REC " + Text.clock(seconds: context.snapshot.recording?.seconds ?? 0), .failure))
    }
    for complaint in complaints(context) { badges.append(badge(complaint, .warning)) }
    if context.snapshot.stall != nil { badges.append(badge("STALLED", .failure)) }
    // Not among the models' names, of which the end is cut off where room is short.
    let all = context.snapshot.detectors + context.snapshot.classifiers
    if let loading = all.first(where: { $0.state == .loading }) {
      badges.append(
        badge(Text.fit("loading \(loading.title)", 28, ellipsis: context.glyphs.ellipsis), .selectedBackground))
    }
    if context.snapshot.sourceState == .ended { badges.append(badge("END", .selectedBackground)) }
    return badges
  }

  /// A source's name; of a file the last part of its path, for the folders are the same all session long.
  private static func name(of source: SourceDescription) -> String {
    guard source.name.hasPrefix("/"), !source.name.hasPrefix("/dev/") else { return source.name }
    return source.name.split(separator: "/").last.map(String.init) ?? source.name
  }

  /// Name, source, model; then the badges; and the age of the picture at the right, always.
  static func header(_ rect: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    let theme = context.theme
    let snapshot = context.snapshot
    canvas.fill(rect, " ", theme.style(.mainForeground))
    var right = rect.right - 1
    let age = Self.age(context).map { Text.duration(seconds: $0 / 1000) } ?? "no picture"
    let isStale = trouble(context) != nil
    let hasPicture = context.result != nil
    canvas.text(
      (hasPicture ? "age " : "") + Text.right(age, 6), endingAt: right, rect.y,
      theme.style(isStale ? .stale : .good, .bold))
    right -= max(10, Text.columns(age) + 4) + 1
    for badge in badges(context, width: rect.width) {
      let width = Text.columns(badge.text)
      guard right - width > 10 else { break }
      canvas.text(badge.text, endingAt: right, rect.y, badge.style)
      right -= width + 1
    }
    let size = snapshot.source.width > 0 ? " \(snapshot.source.width)x\(snapshot.source.height)" : ""
    let detector = snapshot.detectors.first { $0.state == .active }?.title
    let classifier = snapshot.classifiers.first { $0.state == .active }.map { " + \($0.title)" } ?? ""
    var parts: [(String, Style)] = [
      (" ocellus ", theme.style(.highlight, .bold)), (Self.name(of: snapshot.source) + size, theme.style(.title)),
      ((detector ?? "no model") + classifier, theme.style(detector == nil ? .warning : .mainForeground)),
    ]
    let rates = "\(Text.fixed(snapshot.rates.processed, 0))/\(Text.fixed(snapshot.rates.camera, 0)) fps"
    // Half a figure is worse than none.
    if right - rect.x - parts.map({ Text.columns($0.0) + 3 }).reduce(0, +) >= Text.columns(rates) {
      parts.append((rates, theme.style(.graphText)))
    }
    // The source's own words come after everything that the operator needs, as far as there is room.
    let room = right - rect.x - parts.map { Text.columns($0.0) + 3 }.reduce(0, +)
    if !snapshot.source.detail.isEmpty, room >= 16 {
      parts.insert(
        (Text.fit(snapshot.source.detail, room, ellipsis: context.glyphs.ellipsis), theme.style(.graphText)), at: 2)
    }
    var x = rect.x
    for (i, part) in parts.enumerated() {
      guard x < right - 3 else { break }
      if i > 0 {
        canvas.text(i == 1 ? "" : " \(context.glyphs.dot) ", x, rect.y, theme.style(.divider))
        x += i == 1 ? 0 : 3
      }
      x += canvas.text(
        Text.fit(part.0, right - x, ellipsis: context.glyphs.ellipsis), x, rect.y, part.1, width: right - x)
    }
  }

  /// Hints from the key table, each of which can be clicked, and what the screen costs.
  static func footer(_ rect: Rect, _ context: PaneContext, hits: inout [(Rect, Action)], on canvas: inout CellGrid) {
    let theme = context.theme
    canvas.fill(rect, " ", theme.style(.mainForeground))
    let cost =
      (context.own.isCongested ? "slow link " : "") + Text.bytes(context.own.bytesPerSecond) + "/s "
      + Text.fixed(context.own.shownRate, 0) + " fps "
    let costWidth = rect.width >= 60 ? Text.columns(cost) : 0
    if costWidth > 0 {
      canvas.text(
        cost, endingAt: rect.right, rect.y, theme.style(context.own.isCongested ? .warning : .graphText))
    }
    var x = rect.x + 1
    for binding in KeyTable.all {
      guard let hint = binding.hint, let key = binding.keys.first?.name else { continue }
      let text =
        binding.action == .raiseThreshold
        ? "\(hint) \(Text.percent(Double(context.snapshot.minimumConfidence)))" : hint
      let keys = binding.action == .raiseThreshold ? "+-" : key
      let width = Text.columns(keys) + 1 + Text.columns(text)
      guard x + width + 1 < rect.right - costWidth else { continue }
      hits.append((Rect(x: x, y: rect.y, width: width, height: 1), binding.action))
      let start = x
      x += canvas.text(keys, x, rect.y, theme.style(.highlight)) + 1
      canvas.text(text, x, rect.y, theme.style(.graphText))
      x = start + width + 2
    }
  }
}
