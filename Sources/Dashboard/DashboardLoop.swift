internal import Glibc
internal import Ground
internal import Pipeline

/// The dashboard at work: waits for keys, signals and pictures, and draws what is due. Never busy, never blocked.
struct DashboardLoop {
  /// Figures in the panes change no faster than this, in milliseconds.
  private static let panePeriod = 200.0
  /// The longest sleep, in milliseconds: ages on the screen go on without pictures.
  private static let idlePeriod = 100.0
  /// How often it is tried again to draw a picture for which link or budget had no room, in milliseconds.
  private static let retryPeriod = 12.0
  /// How long the last answer of the terminal is waited for at the end, in milliseconds.
  private static let farewell = 300.0
  /// A key is answered at once, but not more often than this, in milliseconds.
  private static let keyPeriod = 12.0

  private let terminal: Terminal
  private let session: any SessionControl
  private let controller: Controller
  private let configuration: ConfigurationFile
  private(set) var state: DashboardState

  private var composer: Composer
  private var governor: Governor
  private var probe: LinkProbe
  private var meter = OutputMeter()
  private var themes: [String]

  private var pace = PicturePace()
  private var lastRefusal = MonotonicTime(nanoseconds: 0)
  private var lastPanes = MonotonicTime(nanoseconds: 0)
  private var lastDrawn = MonotonicTime(nanoseconds: 0)
  /// Since when the terminal has had bytes to take; nil when it has them all.
  private var sendingSince: MonotonicTime?
  /// The session has a picture that was not asked for yet.
  private var hasNews = true
  /// A picture was taken in that is not drawn yet.
  private var hasNewPicture = false
  /// Something other than time and pictures changed.
  private var isDirty = true

  init(
    terminal: Terminal, session: any SessionControl, controller: Controller, configuration: ConfigurationFile,
    state: DashboardState
  ) {
    let now = MonotonicTime.now
    self.terminal = terminal
    self.session = session
    self.controller = controller
    self.configuration = configuration
    self.state = state
    let size = Terminal.size(of: STDIN_FILENO) ?? (80, 24)
    composer = Composer(
      glyphs: Glyphs(terminal.capabilities.glyphs, hasGreys: terminal.screenDepth > .eight),
      depth: terminal.screenDepth, columns: size.columns, rows: size.rows)
    governor = Governor(budget: state.settings.bandwidth.map { Double($0) }, now: now)
    probe = LinkProbe(now: now)
    themes = controller.themes.names
  }

  mutating func run() -> ExitReason {
    session.whenPictureChanges { [bell = terminal.bell] in bell.ring() }
    defer { session.whenPictureChanges(nil) }
    let reason = work()
    if reason != .hangup { awaitLastAnswer() }
    return reason
  }

  /// An answer that came after the end would be typed into the shell.
  private mutating func awaitLastAnswer() {
    let start = MonotonicTime.now
    while probe.isWaiting, MonotonicTime.now.milliseconds(since: start) < Self.farewell {
      let wakeup = terminal.wait(milliseconds: 20)
      guard !wakeup.isGone else { return }
      if wakeup.hasInput, terminal.keys().contains(.status) { return }
    }
  }

  private mutating func work() -> ExitReason {
    while true {
      let wakeup = terminal.wait(milliseconds: sleep(now: .now))
      if wakeup.isGone { return .hangup }
      if wakeup.bellRang { hasNews = true }
      for signal in wakeup.signals {
        if let reason = answer(signal) { return reason }
      }
      if wakeup.hasInput {
        let keys = terminal.keys()
        // Readable, yet nothing to read, is how the end of a terminal looks.
        if keys.isEmpty, terminal.inputIsAtEnd() { return .hangup }
        for key in keys {
          if let reason = press(key) { return reason }
        }
      }
      step(now: .now)
    }
  }

  /// How long nothing can be due.
  private func sleep(now: MonotonicTime) -> Int {
    if terminal.output.pendingBytes > 0 { return Int(Self.idlePeriod) }
    if isDirty { return Int(max(0, Self.keyPeriod - now.milliseconds(since: lastDrawn)).rounded(.up)) }
    guard hasNews else { return Int(Self.idlePeriod) }
    let retry = Self.retryPeriod - now.milliseconds(since: lastRefusal)
    let next = max(pace.milliseconds(untilDueFrom: now), retry)
    return Int(min(Self.idlePeriod, max(1, next)).rounded(.up))
  }

  private var picturePeriod: Double { 1000 / min(Double(state.settings.rate), governor.rung.rate) }

  // MARK: Signals and keys

  private mutating func answer(_ signal: Int32) -> ExitReason? {
    switch signal {
    case SIGWINCH: resize()
    case SIGCONT: continueWork()
    case SIGTSTP: suspend()
    case SIGHUP: return .hangup
    default: return .signal(signal)
    }
    return nil
  }

  private mutating func resize() {
    guard let size = terminal.followSize() else { return }
    // What terminals make of the old picture when their size changes differs from one to the next.
    terminal.repaint()
    composer.resize(columns: size.columns, rows: size.rows)
    redrawAll()
  }

  private mutating func suspend() {
    terminal.stopProcess()
    continueWork()
  }

  private mutating func continueWork() {
    terminal.takeBack()
    resize()
    redrawAll()
  }

  private mutating func redrawAll() {
    isDirty = true
    lastPanes = MonotonicTime(nanoseconds: 0)
  }

  private mutating func press(_ key: Key) -> ExitReason? {
    let now = MonotonicTime.now
    switch key {
    case .synchronisedOutput(let isKnown):
      terminal.output.isSynchronised = isKnown
      return nil
    case .status:
      if let milliseconds = probe.answered(now: now) { governor.answered(milliseconds: milliseconds, now: now) }
      return nil
    default: break
    }
    redrawAll()
    switch controller.handle(key, &state, composer) {
    case .none: break
    case .quit: return .quit
    case .suspend: suspend()
    case .repaint: terminal.repaint()
    case .save:
      let saved = configuration.save(state.settings)
      state.toast(
        saved ? "options saved in \(configuration.path)" : "cannot write \(configuration.path)",
        saved ? .info : .failure, now)
    }
    governor.budget = state.settings.bandwidth.map { Double($0) }
    if state.view.modal != nil { themes = controller.themes.names }
    // What the session was just asked for is on the next snapshot.
    _ = look(now: now, acceptsPicture: false)
    return nil
  }

  /// Takes the session's state in; true if it brings another picture.
  private mutating func look(now: MonotonicTime, acceptsPicture: Bool) -> Bool {
    guard state.snapshot.replay != nil else {
      return state.take(session.snapshot(), now: now, acceptsPicture: acceptsPicture)
    }
    let models = state.activeModels
    defer { controller.showAnew(state, ifModelsDifferFrom: models) }
    return state.take(session.snapshot(), now: now, acceptsPicture: acceptsPicture)
  }

  // MARK: Drawing

  private mutating func step(now: MonotonicTime) {
    probe.giveUpIfSilent(now: now)
    noteTaken(now)
    let mayFollow = pace.isDue(now)
    let pictureIsDue = hasNews && mayFollow && now.milliseconds(since: lastRefusal) >= Self.retryPeriod
    let panesAreDue = now.milliseconds(since: lastPanes) >= Self.panePeriod
    guard isDirty || pictureIsDue || panesAreDue else { return }
    let linkIsFree = terminal.output.pendingBytes == 0
    let isBehind = probe.isOverdue(now: now)
    let mayDrawPicture = linkIsFree && !isBehind && governor.allowsFrame(now: now)
    if pictureIsDue || panesAreDue {
      let accepts = mayDrawPicture && mayFollow
      if accepts { hasNews = false } else if pictureIsDue { lastRefusal = now }
      hasNewPicture = look(now: now, acceptsPicture: accepts)
    }
    if isBehind || !linkIsFree { governor.held(now: now) }
    guard linkIsFree else { return }
    guard isDirty || hasNewPicture || (panesAreDue && mayDrawPicture) else { return }
    draw(now: now, panesAreDue: panesAreDue || isDirty)
  }

  private var linkIsKnown: Bool { !terminal.capabilities.answersQueries || probe.isKnown }

  private mutating func noteTaken(_ now: MonotonicTime) {
    guard let since = sendingSince, terminal.output.pendingBytes == 0 else { return }
    sendingSince = nil
    governor.taken(after: now.milliseconds(since: since), now: now)
  }

  private mutating func draw(now: MonotonicTime, panesAreDue: Bool) {
    let drawing = composer.drawing(
      state, rung: governor.rung, mostChanges: governor.mostCells(linkIsKnown: linkIsKnown))
    measure(now, style: drawing.style)
    composer.compose(
      state, now: now, drawing: drawing, panesAreDue: panesAreDue, isNewPicture: hasNewPicture, themes: themes,
      configuration: configuration.path)
    if terminal.capabilities.answersQueries, let query = probe.query(now: now) { terminal.output.send(query) }
    let bytes = terminal.present(composer.canvas, cursor: composer.cursor)
    governor.drew(bytes: bytes, cells: composer.changedCells, wasCut: composer.pictureWasCut, now: now)
    sendingSince = now
    noteTaken(now)
    meter.drew(bytes: bytes, isPicture: hasNewPicture, now: now)
    lastDrawn = now
    if panesAreDue { lastPanes = now }
    if hasNewPicture { pace.drew(now: now, period: picturePeriod) }
    hasNewPicture = false
    isDirty = false
  }

  private mutating func measure(_ now: MonotonicTime, style: PictureStyle) {
    let jam = probe.waiting(now: now)
    state.own.shownRate = meter.picturesPerSecond(now: now)
    state.own.bytesPerSecond = meter.bytesPerSecond(now: now)
    state.own.bytesPerFrame = meter.bytesPerPicture
    state.own.budget = governor.budget
    state.own.governorLevel = governor.level
    state.own.isCongested = governor.isCongested
    state.own.roundTrip = probe.roundTrip.map { max($0, jam > 1000 ? jam : 0) }
    state.own.isSynchronised = terminal.output.isSynchronised
    state.own.depth = terminal.screenDepth
    state.own.glyphs = terminal.capabilities.glyphs
    state.own.style = style
  }
}

/// What the screen came to over the last two seconds.
struct OutputMeter {
  private static let window = 2000.0
  private var entries: [(time: MonotonicTime, bytes: Int, isPicture: Bool)] = []
  /// Smoothed over the last pictures.
  private(set) var bytesPerPicture = 0.0

  mutating func drew(bytes: Int, isPicture: Bool, now: MonotonicTime) {
    entries.append((now, bytes, isPicture))
    entries.removeAll { now.milliseconds(since: $0.time) > Self.window }
    if isPicture { bytesPerPicture += (Double(bytes) - bytesPerPicture) * 0.1 }
  }

  func bytesPerSecond(now: MonotonicTime) -> Double {
    entries.reduce(0) { $0 + (now.milliseconds(since: $1.time) <= Self.window ? Double($1.bytes) : 0) } * 1000
      / Self.window
  }

  func picturesPerSecond(now: MonotonicTime) -> Double {
    Double(entries.count { $0.isPicture && now.milliseconds(since: $0.time) <= Self.window }) * 1000 / Self.window
  }
}
