package import Capture
package import Ground
import Perception
package import Pipeline
import Vision

/// The dashboard's state between frames: the user's choices, smoothed lists, histories. Knows no terminal.
package struct DashboardState {
  package var view = ViewState()
  package var settings: DashboardSettings
  package var theme: Theme
  package var snapshot: SessionSnapshot
  package var own = OwnFigures()
  /// The result on the screen.
  package private(set) var result: FrameResult?
  /// The same with the objects that ``ViewState/only`` leaves out.
  private var whole: FrameResult?
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
    view.usePreset(named: settings.preset)
  }

  /// Brings the state up to date with a new snapshot; true if it has another picture.
  ///
  /// - Parameter acceptsPicture: false keeps picture and detections as they are on the screen, because they belong
  ///   together.
  package mutating func update(with snapshot: SessionSnapshot, now: MonotonicTime, acceptsPicture: Bool = true) -> Bool
  {
    if snapshot.run != self.snapshot.run { beginAnew(as: snapshot) }
    self.snapshot = snapshot
    showNewEvents(now)
    view.toasts.removeAll { $0.until < now }
    rows.forget(now: now)
    if now.milliseconds(since: lastHistory) >= 500 {
      lastHistory = now
      history.add(
        camera: snapshot.rates.camera, processed: snapshot.rates.processed,
        skipped: snapshot.rates.skippedByPipeline + snapshot.rates.droppedByDriver, bytes: own.bytesPerSecond)
    }
    // While paused, the session's latest result stays the same, but it may be newer than the one on the screen.
    guard acceptsPicture, let latest = snapshot.latest, !Self.isSame(latest, whole) else { return false }
    show(latest, now)
    return true
  }

  /// Another source took the place of the one before: nothing of it is on the screen any more. Marks stay in their recording.
  private mutating func beginAnew(as next: SessionSnapshot) {
    rows.clear()
    classes = ClassBars()
    (whole, result) = (nil, nil)
    view.selectedDetection = nil
    view.probe = nil
    view.viewport.reset()
    guard next.source.name != snapshot.source.name else { return }
    view.marks = []
    view.only = []
  }

  private mutating func show(_ latest: FrameResult, _ now: MonotonicTime) {
    if let photo = latest.frame.photo, photo != whole?.frame.photo, latest.frame.timeline != whole?.frame.timeline {
      rows.clear()
      classes = ClassBars()
    }
    whole = latest
    var shown = latest
    if !view.only.isEmpty { shown.findings.detections.removeAll { !view.only.contains($0.label) } }
    result = shown
    rows.update(with: shown, order: settings.order, now: now)
    updateClasses()
  }

  /// Shows only objects of these labels from now on; of all where there are none.
  package mutating func showOnly(_ labels: [String], now: MonotonicTime) {
    view.only = labels
    if let whole { show(whole, now) }
  }

  /// The events of the recording and the user's own marks, in order.
  package var moments: [PlaybackStatus.Mark] {
    ((snapshot.replay?.marks ?? []) + view.marks).sorted { $0.seconds < $1.seconds }
  }

  /// Frames that no model has processed carry no number; the driver's timestamp tells them apart. A result that was
  /// compared with the references again is another one, although its frame is the same.
  private static func isSame(_ a: FrameResult, _ b: FrameResult?) -> Bool {
    guard let b, b.number == a.number, b.frame.timestamp == a.frame.timestamp else { return false }
    let (new, old) = (a.findings, b.findings)
    return new.matches == old.matches && new.detections.count == old.detections.count
      && zip(new.detections, old.detections).allSatisfy { $0.matches == $1.matches }
  }

  /// Sorts at once, after the order was changed.
  package mutating func sortAgain(now: MonotonicTime) {
    if let result { rows.update(with: result, order: settings.order, now: now) }
  }

  /// The classes of the selected detection, else of the whole picture, else of the first detection that has some.
  private mutating func updateClasses() {
    guard let result else { return }
    // Of a photo no other frame comes to which a bar could grow.
    let smooths = result.frame.photo?.isAlone != true
    if let key = view.selectedDetection, let row = rows.rows.first(where: { $0.key == key }) {
      return classes.update(subject: Self.name(row.detection), layers: row.detection.attributes, smooths: smooths)
    }
    if ClassBars.hasClasses(result.findings.layers) {
      return classes.update(subject: "whole picture", layers: result.findings.layers, smooths: smooths)
    }
    let first = rows.rows.first { $0.isPresent && ClassBars.hasClasses($0.detection.attributes) }
    if let first {
      classes.update(subject: Self.name(first.detection), layers: first.detection.attributes, smooths: smooths)
    } else {
      classes.update(subject: "", layers: [], smooths: smooths)
    }
  }

  private static func name(_ detection: Detection) -> String {
    detection.track.map { "\(detection.label) #\($0)" } ?? detection.label
  }

  /// Turns new events into toasts; mere information is left out while the program starts.
  private mutating func showNewEvents(_ now: MonotonicTime) {
    let isStarting = !view.isInUse && now.milliseconds(since: started) < Self.startMilliseconds
    for event in snapshot.events.suffix(20) where event.time > lastEvent && !(isStarting && event.severity == .info) {
      // Mere information does not take the place of an answer: the events have it as well, and the answer is only here.
      if event.severity == .info, view.toasts.contains(where: \.isAnswer) { continue }
      let tone: Toast.Tone = event.severity == .error ? .failure : event.severity == .warning ? .warning : .info
      toast(event.brief, tone, now, isAnswer: false)
    }
    if let newest = snapshot.events.last?.time { lastEvent = max(lastEvent, newest) }
  }

  /// Shows a message for some seconds, in place of the one before: the newest news counts, and the events have them all.
  package mutating func toast(_ text: String, _ tone: Toast.Tone, _ now: MonotonicTime, isAnswer: Bool = true) {
    view.toasts.removeAll()
    let seconds = (tone == .info ? 3 : 6) + Int64(text.utf8.count / 60)
    view.toasts.append(
      Toast(
        text: text, tone: tone, until: MonotonicTime(nanoseconds: now.nanoseconds + seconds * 1_000_000_000),
        isAnswer: isAnswer))
  }

  /// The models that results come from now, including the second one of a comparison.
  package var activeModels: [String] {
    let picked = (snapshot.detectors + snapshot.classifiers).filter { $0.state == .active }.map(\.name)
    let second = snapshot.comparison.flatMap { $0.state == .active ? "B " + $0.model : nil }
    return picked + snapshot.pipeline.compactMap(\.model?.name) + [second].compactMap(\.self)
  }

  /// The index of the selected detection in the result on the screen.
  package var selectedIndex: Int? { rows.rows.first { $0.key == view.selectedDetection }?.index }

  /// Everything the panes need to draw.
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
  /// The message; in warnings and errors files lose their folders, which would push the reason off the screen.
  var brief: String { severity == .info ? message : Text.withoutFolders(message) }
}
