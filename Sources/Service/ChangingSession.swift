import Capture
import Configuration
import Ground
public import Pipeline
import Recording
import Synchronization

/// A session whose source can be changed while it is watched: each source has a ``LiveSession`` of its own, put together as at
/// the start, and the views go from one to the next.
///
/// The next one is opened on a thread of its own while the present one goes on. Where it cannot be opened, nothing changes but
/// an event that says why. The recording that runs is completed, and goes on with a new file of the new source. Every call is
/// thread-safe.
public final class ChangingSession: SessionHost {
  private struct State: Sendable {
    var live: LiveSession
    var request: SessionRequest
    /// How many sources there have been.
    var run = 1
    var isChanging = false
    var isClosed = false
    var views: [Int: ChangingView] = [:]
    var nextView = 0
  }

  /// How long the end waits for a source that is being opened, in nanoseconds.
  private static let patience: Int64 = 3_000_000_000
  private let use: LiveSession.Use
  private let state: Monitor<State>

  /// Opens the first source; it has not started then.
  ///
  /// - Throws: as ``LiveSession`` does.
  public init(_ request: SessionRequest, _ use: LiveSession.Use = LiveSession.Use()) throws {
    self.use = use
    state = Monitor(State(live: try LiveSession(request, use), request: request))
  }

  /// The session of the present source.
  public var session: Session { state.withLock { $0.live.session } }

  /// Starts the session.
  ///
  /// - Throws: as ``LiveSession/start()`` does.
  public func start() throws { try state.withLock { $0.live }.start() }

  /// Ends the session: the recording is completed.
  public func close() {
    _ = state.wait(timeout: Self.patience, until: { !$0.isChanging }, then: { _ in })
    let live = state.update { state in
      state.isClosed = true
      return state.live
    }
    live.close()
  }

  public func openView(_ changed: @escaping @Sendable () -> Void) -> any SessionView {
    let (id, live, run) = state.withLock { state in
      state.nextView += 1
      return (state.nextView, state.live, state.run)
    }
    let view = ChangingView(self, id, changed, on: live.session, run: run)
    let missed = state.withLock { state in
      state.views[id] = view
      return state.run == run ? nil : (state.live.session, state.run)
    }
    if let missed { view.go(to: missed.0, run: missed.1) }
    return view
  }

  func forget(_ view: Int) { state.withLock { _ = $0.views.removeValue(forKey: view) } }

  // MARK: Changing

  func useSource(_ name: String) {
    let path = UserFolders.expanded(name)
    let present = session.snapshot().source.name
    guard path != present else { return say("\(present) is shown already", .warning) }
    change(to: path) { request in
      request.source.name = path
      // Controls and topics were meant for the source before; a file that has ended can be moved about in.
      request.source.request.controls = []
      request.source.request.waits = false
      request.source.replay = RecordingSource.Options()
      request.source.replay.atEnd = .hold
    }
  }

  func useTopic(_ topic: String) {
    let live = state.withLock { $0.live }
    guard let replayed = live.replayed, let status = live.session.snapshot().replay else {
      return say("only a recording has topics to choose from", .warning)
    }
    guard status.topics.contains(topic) else {
      return say(
        "no pictures on topic \(topic); this recording has \(status.topics.joined(separator: ", "))", .warning)
    }
    guard topic != status.topic else { return say("\(topic) is shown already", .warning) }
    let detector = live.session.snapshot().detectors.first { $0.state == .active }?.name
    change(to: topic) { request in
      request.source.replay.topic = topic
      request.source.replay.results = nil
      request.source.replay.begin = replayed.logTime
      request.source.replay.isStopped = !status.isPlaying
      request.source.replay.speed = status.speed
      // The network that was chosen looks at the other camera as well.
      if let detector, detector != RecordedModel.name { request.models = [detector] }
    }
  }

  private func change(to name: String, _ edit: @escaping @Sendable (inout SessionRequest) -> Void) {
    let begins = state.update { state in
      guard !state.isChanging, !state.isClosed else { return false }
      state.isChanging = true
      return true
    }
    guard begins else { return say("another source is being opened: wait for it", .warning) }
    say("opening \(name)", .info)
    do {
      _ = try WorkerThread(name: "source-change") { [self] in
        open(name, edit)
        state.update { $0.isChanging = false }
      }
    } catch {
      state.update { $0.isChanging = false }
      say("\(name) cannot be opened: \(error)", .error)
    }
  }

  /// Opens the next source and puts it in the place of the present one.
  private func open(_ name: String, _ edit: (inout SessionRequest) -> Void) {
    let (before, present) = state.withLock { ($0.live, $0.request) }
    var request = present
    edit(&request)
    request.continueRecording(of: before)
    do {
      let next = try LiveSession(request, use)
      try next.start()
      adopt(next, request)
    } catch {
      // The one that is shown goes on.
      return say("still \(before.session.snapshot().source.name): \(error)", .error)
    }
    let outcome = before.close()
    for file in outcome.files { say("recorded to \(file)", .info) }
  }

  private func adopt(_ next: LiveSession, _ request: SessionRequest) {
    let (views, run) = state.update { state in
      state.live = next
      state.request = request
      state.run += 1
      return (state.views.values, state.run)
    }
    for view in views { view.go(to: next.session, run: run) }
  }

  private func say(_ message: String, _ severity: SessionEvent.Severity) {
    session.report(SessionEvent(severity: severity, message: message))
  }
}

extension SessionRequest {
  /// Has the next session record where and while the one before does.
  fileprivate mutating func continueRecording(of live: LiveSession) {
    let status = live.recorder.status
    switch status.state {
    case .recording, .finishing:
      recording.isOn = true
      let folder = status.path.folderPath
      recording.settings.append(("folder", folder.isEmpty ? "." : folder))
    case .idle, .failed:
      // A recorder that waits for its trigger is idle, and goes on waiting.
      recording.isOn = recording.isOn && live.trigger != nil
      recording.settings.append(("folder", status.path))
    }
  }
}

/// A view that goes from one session to the next.
final class ChangingView: SessionView {
  private struct Inside: Sendable {
    var view: any SessionView
    var run: Int
  }

  private let host: ChangingSession
  private let id: Int
  private let changed: @Sendable () -> Void
  private let inside: Mutex<Inside>

  init(_ host: ChangingSession, _ id: Int, _ changed: @escaping @Sendable () -> Void, on session: Session, run: Int) {
    self.host = host
    self.id = id
    self.changed = changed
    inside = Mutex(Inside(view: session.openView(changed), run: run))
  }

  private var view: any SessionView { inside.withLock { $0.view } }

  /// Shows another session, with the threshold of this view.
  func go(to session: Session, run: Int) {
    let next = session.openView(changed)
    next.perform(.showAtLeast(view.snapshot().minimumConfidence))
    let before = inside.withLock { inside in
      guard run > inside.run else { return next }
      defer { inside = Inside(view: next, run: run) }
      return inside.view
    }
    before.close()
    changed()
  }

  var capabilities: Set<SessionCapability> { view.capabilities.union([.sources]) }

  func snapshot() -> SessionSnapshot {
    let (view, run) = inside.withLock { ($0.view, $0.run) }
    var snapshot = view.snapshot()
    snapshot.run = run
    snapshot.capabilities.insert(.sources)
    return snapshot
  }

  func perform(_ command: SessionCommand) {
    switch command {
    case .useSource(let name): host.useSource(name)
    case .useTopic(let topic): host.useTopic(topic)
    case .record(let path): view.perform(.record(to: UserFolders.expanded(path)))
    default: view.perform(command)
    }
  }

  func close() {
    host.forget(id)
    view.close()
  }
}
