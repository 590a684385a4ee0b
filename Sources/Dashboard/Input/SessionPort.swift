import Ground
package import Pipeline

/// The one place where the dashboard meets the session: reads the snapshots of its view and sends it commands.
package struct SessionPort: Sendable {
  /// Who is told of new pictures; set while the dashboard runs.
  private final class Wake: Sendable {
    private let body = Monitor<(@Sendable () -> Void)?>(nil)

    func set(_ body: (@Sendable () -> Void)?) { self.body.withLock { $0 = body } }

    func ring() {
      let body = body.withLock { $0 }
      body?()
    }
  }

  private let view: any SessionView
  private let wake: Wake

  package init(_ session: any SessionHost) {
    let wake = Wake()
    self.wake = wake
    view = session.openView { wake.ring() }
  }

  func snapshot() -> SessionSnapshot { view.snapshot() }

  /// Calls `body` on any thread whenever the view has another picture. Until ``close()``.
  func whenPictureChanges(_ body: @escaping @Sendable () -> Void) { wake.set(body) }

  /// Ends the view; its closure is not called any more.
  func close() {
    wake.set(nil)
    view.close()
  }

  func can(_ capability: SessionCapability) -> Bool { view.capabilities.contains(capability) }

  /// Sends a command; returns the capability that the session lacks for it, or nil when it was sent.
  func send(_ command: SessionCommand) -> SessionCapability? {
    if let needed = command.capability, !can(needed) { return needed }
    view.perform(command)
    return nil
  }
}

extension SessionCapability {
  /// Tells the user why a key has no effect.
  var refusal: String {
    switch self {
    case .recording: "this session cannot record"
    case .photos: "this session cannot save photos"
    case .comparison: "this session cannot compare models"
    case .labels: "this session cannot classify by typed labels"
    case .references: "this session cannot remember detections"
    case .sources: "this session keeps its source"
    case .controls: "this source has no controls: only cameras and the demo scene have some"
    case .replay: "a live source cannot be stepped or sought through"
    }
  }
}
