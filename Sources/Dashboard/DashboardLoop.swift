import Configuration
import Glibc
import Ground
import Pipeline

/// The main loop: waits for keys, signals and pictures, and draws when something is due. Never polls, never blocks on
/// output.
struct DashboardLoop {
  /// Shortest time between two drawings of the panes, in milliseconds.
  private static let panePeriod = 200.0
  /// The longest sleep, in milliseconds: ages on the screen advance without pictures.
  private static let idlePeriod = 100.0
  /// Time until a picture that link or budget refused is tried again, in milliseconds.
  private static let retryPeriod = 12.0
  /// How long to wait at the end for the terminal's last answer, in milliseconds.
  private static let farewell = 300.0
  /// Shortest time between two drawings after keys, in milliseconds.
  private static let keyPeriod = 12.0

  /// How long an Esc waits for the rest of a sequence, in milliseconds: for a round trip, within these limits.
  private static let escapeWait = 50.0
  private static let longestEscapeWait = 200.0

  private let terminal: Terminal
  private let session: SessionPort
  private let configuration: ConfigurationFile
  private var controller: Controller

  private var composer: Composer
  private var governor: Governor
  private var probe: LinkProbe
  private var meter = OutputMeter()
  private var themes: [String]

  private var pace = PicturePace()
  private var lastRefusal = MonotonicTime(nanoseconds: 0)
  private var lastPanes = MonotonicTime(nanoseconds: 0)
  private var lastDrawn = MonotonicTime(nanoseconds: 0)
  /// Since when bytes have been queued for the terminal; nil when there are none.
  private var sendingSince: MonotonicTime?
  /// The session has a picture that was not read yet.
  private var hasNews = true
  /// A picture was read that is not drawn yet.
  private var hasNewPicture = false
  /// Something other than time and pictures changed.
  private var isDirty = true

  init(
    terminal: Terminal, session: SessionPort, configuration: ConfigurationFile, controller: Controller
  ) {
    let now = MonotonicTime.now
    self.terminal = terminal
    self.session = session
    self.configuration = configuration
    self.controller = controller
    let size = Terminal.size(of: STDIN_FILENO) ?? (80, 24)
    composer = Composer(
      glyphs: Glyphs(terminal.capabilities.glyphs, hasGreys: terminal.screenDepth > .eight),
      depth: terminal.screenDepth, columns: size.columns, rows: size.rows)
    governor = Governor(budget: controller.state.settings.bandwidth.map { Double($0) }, now: now)
    probe = LinkProbe(now: now)
    themes = controller.themes.names
  }

  mutating func run() -> ExitReason {
    session.whenPictureChanges { [bell = terminal.bell] in bell.ring() }
    defer { session.close() }
    let reason = work()
    if reason != .hangup { awaitLastAnswer() }
    return reason
  }

  /// Waits for an outstanding answer of the terminal, which would otherwise be typed into the shell.
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
        // A terminal that is gone is readable but has nothing to read.
        if keys.isEmpty, terminal.inputIsAtEnd() { return .hangup }
        for key in keys {
          if let reason = press(key) { return reason }
        }
      }
      step(now: .now)
    }
  }

  /// Milliseconds until something can be due.
  private func sleep(now: MonotonicTime) -> Int {
    if terminal.output.pendingBytes > 0 { return Int(saturating: Self.idlePeriod) }
    if isDirty { return Int(saturating: max(0, Self.keyPeriod - now.milliseconds(since: lastDrawn)).rounded(.up)) }
    guard hasNews else { return Int(saturating: Self.idlePeriod) }
    let retry = Self.retryPeriod - now.milliseconds(since: lastRefusal)
    let next = max(pace.milliseconds(untilDueFrom: now), retry)
    return Int(saturating: min(Self.idlePeriod, max(1, next)).rounded(.up))
  }

  private var picturePeriod: Double { 1000 / min(Double(controller.state.settings.rate), governor.rung.rate) }

  // MARK: Signals and keys

  private mutating func answer(_ signal: Int32) -> ExitReason? {
    switch signal {
    case SIGWINCH: resize()
    case SIGCONT: continueWork()
    case SIGTSTP: suspend()
    case SIGHUP: return .hangup
    // Every other signal that is watched ends the process.
    default: return .signal(signal)
    }
    return nil
  }

  private mutating func resize() {
    guard let size = terminal.followSize() else { return }
    // Terminals differ in what they keep of the screen when their size changes.
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
    if case .synchronisedOutput(let isKnown) = key {
      terminal.output.isSynchronised = isKnown
      return nil
    }
    if key == .status {
      if let milliseconds = probe.recordAnswer(now: now) {
        governor.recordAnswer(milliseconds: milliseconds, now: now)
        terminal.escapeWait = min(Self.longestEscapeWait, max(Self.escapeWait, milliseconds))
      }
      return nil
    }
    redrawAll()
    switch controller.handle(key, on: composer.screen) {
    case .none: break
    case .quit: return .quit
    case .suspend: suspend()
    case .repaint: terminal.repaint()
    case .save: saveSettings(now)
    }
    governor.budget = controller.state.settings.bandwidth.map { Double($0) }
    if controller.state.view.modal != nil { themes = controller.themes.names }
    // The next snapshot has the session's answer to the key.
    _ = refreshSnapshot(now: now, acceptsPicture: false)
    return nil
  }

  private mutating func saveSettings(_ now: MonotonicTime) {
    do {
      try configuration.save(controller.state.settings)
      controller.state.toast("options saved in \(configuration.path)", .info, now)
    } catch {
      controller.state.toast("options not saved: \(error.line)", .failure, now)
    }
  }

  /// Brings the state up to date with the session; true if it has another picture.
  private mutating func refreshSnapshot(now: MonotonicTime, acceptsPicture: Bool) -> Bool {
    guard controller.state.snapshot.replay != nil else {
      return controller.state.update(with: session.snapshot(), now: now, acceptsPicture: acceptsPicture)
    }
    let models = controller.state.activeModels
    defer { controller.reprocessStoppedFrame(ifModelsDifferFrom: models) }
    return controller.state.update(with: session.snapshot(), now: now, acceptsPicture: acceptsPicture)
  }

  // MARK: Drawing

  private mutating func step(now: MonotonicTime) {
    probe.giveUpIfSilent(now: now)
    controller.keepControlsFresh(now: now)
    if controller.followDownload() { redrawAll() }
    recordDelivery(now)
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
      hasNewPicture = refreshSnapshot(now: now, acceptsPicture: accepts)
    }
    if isBehind || !linkIsFree { governor.recordHold(now: now) }
    guard linkIsFree else { return }
    // An answer that got lost must not stop the pictures: the terminal is asked again although nothing is drawn.
    if isBehind, let query = probe.query(now: now) { terminal.output.send(query) }
    guard isDirty || hasNewPicture || (panesAreDue && mayDrawPicture) else { return }
    draw(now: now, panesAreDue: panesAreDue || isDirty)
  }

  private var linkIsKnown: Bool { !terminal.capabilities.answersQueries || probe.isKnown }

  private mutating func recordDelivery(_ now: MonotonicTime) {
    guard let since = sendingSince, terminal.output.pendingBytes == 0 else { return }
    sendingSince = nil
    governor.recordDelivery(after: now.milliseconds(since: since), now: now)
  }

  private mutating func draw(now: MonotonicTime, panesAreDue: Bool) {
    let drawing = composer.drawing(
      controller.state, rung: governor.rung, mostChanges: governor.mostCells(linkIsKnown: linkIsKnown))
    publishFigures(now, style: drawing.style)
    composer.compose(
      controller.state, now: now, drawing: drawing, panesAreDue: panesAreDue, isNewPicture: hasNewPicture,
      themes: themes,
      configuration: configuration.path)
    if terminal.capabilities.answersQueries, let query = probe.query(now: now) { terminal.output.send(query) }
    let bytes = terminal.present(composer.canvas, cursor: composer.cursor)
    governor.recordFrame(bytes: bytes, cells: composer.changedCells, wasCut: composer.pictureWasCut, now: now)
    sendingSince = now
    recordDelivery(now)
    meter.recordFrame(bytes: bytes, isPicture: hasNewPicture, now: now)
    lastDrawn = now
    if panesAreDue { lastPanes = now }
    if hasNewPicture { pace.recordFrame(now: now, period: picturePeriod) }
    hasNewPicture = false
    isDirty = false
  }

  private mutating func publishFigures(_ now: MonotonicTime, style: PictureStyle) {
    let jam = probe.waiting(now: now)
    controller.state.own.shownRate = meter.picturesPerSecond(now: now)
    controller.state.own.bytesPerSecond = meter.bytesPerSecond(now: now)
    controller.state.own.bytesPerFrame = meter.bytesPerPicture
    controller.state.own.budget = governor.budget
    controller.state.own.governorLevel = governor.level
    controller.state.own.isCongested = governor.isCongested
    controller.state.own.roundTrip = probe.roundTrip.map { max($0, jam > 1000 ? jam : 0) }
    controller.state.own.isSynchronised = terminal.output.isSynchronised
    controller.state.own.depth = terminal.screenDepth
    controller.state.own.glyphs = terminal.capabilities.glyphs
    controller.state.own.style = style
  }
}
