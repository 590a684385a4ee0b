internal import Capture
package import Ground
internal import Perception
package import Pipeline
internal import Vision

/// What the dashboard remembers between frames: choices, smoothed lists, histories. Knows no terminal.
package struct DashboardState {
  package var view = ViewState()
  package var settings: DashboardSettings
  package var theme: Theme
  package var snapshot: SessionSnapshot
  package var own = OwnFigures()
  /// The result on the screen.
  package private(set) var result: FrameResult?
  package private(set) var rows = DetectionRows()
  package private(set) var classes = ClassBars()
  package private(set) var history = RateHistory()
  private static let startMilliseconds = 3000.0
  private let started: MonotonicTime
  private var lastHistory: MonotonicTime
  private var lastEvent: MonotonicTime

  package init(snapshot: SessionSnapshot, settings: DashboardSettings, theme: Theme, now: MonotonicTime) {
    self.snapshot = snapshot
    self.settings = settings
    self.theme = theme
    started = now
    lastHistory = now
    lastEvent = now
    view.preset = LayoutPreset.all.firstIndex { $0.name == settings.preset } ?? 0
  }

  /// Takes a new snapshot in; true if it brings another picture.
  ///
  /// - Parameter acceptsPicture: false keeps picture and detections as they are on the screen: they belong together.
  package mutating func take(_ snapshot: SessionSnapshot, now: MonotonicTime, acceptsPicture: Bool = true) -> Bool {
    self.snapshot = snapshot
    announce(now)
    view.toasts.removeAll { $0.until < now }
    rows.forget(now: now)
    if now.milliseconds(since: lastHistory) >= 500 {
      lastHistory = now
      history.add(
        camera: snapshot.rates.camera, processed: snapshot.rates.processed,
        skipped: snapshot.rates.skippedByPipeline + snapshot.rates.droppedByDriver, bytes: own.bytesPerSecond)
    }
    // While the picture is frozen, the session's latest is the frozen one: it may still be newer than what is shown.
    guard acceptsPicture, let latest = snapshot.latest, !Self.isSame(latest, result) else { return false }
    result = latest
    rows.update(with: latest, order: settings.order, now: now)
    updateClasses()
    return true
  }

  /// Frames that no model has seen carry no number of their own; the driver's stamp tells them apart. A result that was
  /// compared with the references anew is another one, though its frame is not.
  private static func isSame(_ a: FrameResult, _ b: FrameResult?) -> Bool {
    guard let b, b.number == a.number, b.frame.timestamp == a.frame.timestamp else { return false }
    let (new, old) = (a.findings, b.findings)
    return new.matches == old.matches && new.detections.count == old.detections.count
      && zip(new.detections, old.detections).allSatisfy { $0.matches == $1.matches }
  }

  /// Sorts anew at once, after the order was changed.
  package mutating func resort(now: MonotonicTime) {
    if let result { rows.update(with: result, order: settings.order, now: now) }
  }

  private mutating func updateClasses() {
    guard let result else { return }
    if let key = view.selectedDetection, let row = rows.rows.first(where: { $0.key == key }) {
      return classes.update(subject: Self.name(row.detection), classes: row.detection.classes)
    }
    if !result.findings.classes.isEmpty {
      return classes.update(subject: "whole picture", classes: result.findings.classes)
    }
    let first = rows.rows.first { $0.isPresent && !$0.detection.classes.isEmpty }
    if let first {
      classes.update(subject: Self.name(first.detection), classes: first.detection.classes)
    } else {
      classes.update(subject: "", classes: [])
    }
  }

  private static func name(_ detection: Detection) -> String {
    detection.track.map { "\(detection.label) #\($0)" } ?? detection.label
  }

  /// New events that an operator must not miss become toasts; that all is well at the start is not among them.
  private mutating func announce(_ now: MonotonicTime) {
    let isStarting = !view.isInUse && now.milliseconds(since: started) < Self.startMilliseconds
    for event in snapshot.events.suffix(20) where event.time > lastEvent && !(isStarting && event.severity == .info) {
      toast(event.brief, event.severity == .error ? .failure : event.severity == .warning ? .warning : .info, now)
    }
    if let newest = snapshot.events.last?.time { lastEvent = max(lastEvent, newest) }
  }

  /// Shows a message for a while. One that says the same again takes the place of the first, and so does what a key has
  /// just changed: of that only the latest is of interest.
  package mutating func toast(
    _ text: String, _ tone: Toast.Tone, _ now: MonotonicTime, replacesLast: Bool = false
  ) {
    view.toasts.removeAll { $0.text == text || (replacesLast && $0.isReplaceable) }
    let seconds = (tone == .info ? 3 : 6) + Int64(text.utf8.count / 60)
    view.toasts.append(
      Toast(
        text: text, tone: tone, until: MonotonicTime(nanoseconds: now.nanoseconds + seconds * 1_000_000_000),
        isReplaceable: replacesLast))
    if view.toasts.count > 8 { view.toasts.removeFirst() }
  }

  /// The models that results come from at the moment, a comparison's second one included.
  package var activeModels: [String] {
    let listings = [snapshot.detectors, snapshot.classifiers, snapshot.companions].flatMap(\.self)
    let second = snapshot.comparison.flatMap { $0.state == .active ? "B " + $0.model : nil }
    return listings.filter { $0.state == .active }.map(\.name) + [second].compactMap(\.self)
  }

  /// The place of the selected row among the detections of the frame on the screen.
  package var selectedIndex: Int? { rows.rows.first { $0.key == view.selectedDetection }?.index }

  /// All that the panes need to draw.
  package func context(now: MonotonicTime, glyphs: Glyphs, brightness: Int) -> PaneContext {
    var context = PaneContext(snapshot: snapshot, settings: settings, theme: theme, glyphs: glyphs)
    context.result = result
    context.view = view
    context.now = now
    context.own = own
    context.rows = rows.rows
    context.classes = classes
    context.history = history
    context.brightness = brightness
    return context
  }
}

extension SessionEvent {
  /// The message; of files that make trouble only the names, for folders would push the reason off the screen.
  var brief: String { severity == .info ? message : Text.withoutFolders(message) }
}
