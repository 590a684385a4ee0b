public import Capture
public import Perception

/// What a session can be asked to do: a value, so that keys, scripts, topics and sockets ask for the same things.
///
/// The outcome of a command that takes time is an event, and shows in the next snapshots.
public enum SessionCommand: Sendable, Hashable, Codable {
  /// Starts loading a network for a stage on the whole frame; the present one serves until the new one is warm. nil: the
  /// pipeline's first stage.
  case selectModel(name: String, stage: StageID?)
  /// nil switches the second stage off.
  case selectClassifier(name: String?)
  /// Labels that a pair of image and text networks chooses from; none switches them off. While they are on, they are the
  /// `classes` of every object that the image network looks at, and of the whole picture where it looks at that.
  case setLabels([String])
  /// Runs a second detector on the same frames; nil ends that.
  case compare(with: String?)
  /// The confidence below which objects are neither recorded nor streamed, clamped to 0.01...0.99.
  case setMinimumConfidence(Float)
  case setRecording(Bool)
  /// Writes the picture that the view shows as a photo, with its boxes drawn.
  case savePhoto
  /// Writes the picture that the view shows without anything drawn on it, and what is shown of it as labels for training.
  ///
  /// - Parameter only: the labels of the objects that count; of all where there are none.
  case saveSample(only: [String])
  /// Remembers an object under a name, which replaces a reference of that name. Where no network gave the object a feature
  /// vector, one is computed from its frame; that takes until the next frame.
  case markReference(ObjectID, name: String)
  case removeReference(name: String)
  /// What the user points at or asks for, for the stages that take prompts; replaces what was there.
  case prompt([Prompt])
  /// Goes to a moment in seconds from the start, clamped to the recording.
  case seek(to: Double)
  /// Stops the replay and goes frames forward, or back when negative.
  case step(by: Int)
  case setPlaying(Bool)
  case setSpeed(Double)
  /// Looks at another source from now on: a name as `--source` takes it. A source that cannot be opened changes nothing.
  case useSource(String)
  /// Plays another camera's topic of the recording, from the same moment on.
  case useTopic(String)
  /// Begins a recording into a folder, or under a name that ends in `.mcap`; one that runs is completed first.
  case record(to: String)
  /// Reads or changes the controls of the source's camera.
  case adjust(ControlRequest)
  case stop

  /// Freezes the picture of this view; capture and pipeline go on.
  case pause(Bool)
  /// The confidence below which this view shows no objects, clamped to 0.01...0.99.
  case showAtLeast(Float)
}

extension SessionCommand {
  /// What a session must be able to do for the command to have an effect; nil: every session can.
  public var capability: SessionCapability? {
    switch self {
    case .setLabels: .labels
    case .compare: .comparison
    case .setRecording, .record: .recording
    case .useSource, .useTopic: .sources
    case .savePhoto, .saveSample: .photos
    case .markReference, .removeReference: .references
    case .seek, .step, .setPlaying, .setSpeed: .replay
    case .adjust: .controls
    case .selectModel, .selectClassifier, .setMinimumConfidence, .prompt, .stop, .pause, .showAtLeast: nil
    }
  }
}

/// A session as those see it who watch and steer it: a program's own, or one elsewhere.
public protocol SessionHost: AnyObject, Sendable {
  /// Opens a view of its own pace, pause and threshold.
  ///
  /// - Parameter changed: called whenever a snapshot of the view would show another picture, on whichever thread made it,
  ///   with no lock held; it must return at once, and not close the view.
  func openView(_ changed: @escaping @Sendable () -> Void) -> any SessionView
}

/// One watcher's view of a session. Every call is thread-safe; all but ``close()`` return at once.
public protocol SessionView: AnyObject, Sendable {
  /// What the session can be asked for.
  var capabilities: Set<SessionCapability> { get }
  func snapshot() -> SessionSnapshot
  func perform(_ command: SessionCommand)
  /// Ends the view: once it returns, its closure is not called any more.
  func close()
}
