public import Perception

/// A reference as lists show it.
public struct ReferenceListing: Sendable, Hashable {
  public var name: String
  /// The network that made its feature vector: detections are compared with it only where that network runs.
  public var model: String
  /// False for references of this session alone, from a photo named on the command line.
  public var isKept: Bool

  public init(name: String, model: String, isKept: Bool) {
    self.name = name
    self.model = model
    self.isKept = isKept
  }
}

/// Remembers what objects look like, to find them again. Calls are thread-safe and return at once.
///
/// What detections are compared with shows in ``Detection/matches``.
public protocol ReferenceControl: AnyObject, Sendable {
  /// Oldest first.
  var references: [ReferenceListing] { get }
  /// Remembers a detection under a name, which replaces a reference of that name; the outcome is an event.
  ///
  /// Where no network gave the detection a feature vector, one is computed from the result's own frame; that takes until
  /// the next frame.
  func markReference(_ detection: Detection, of result: FrameResult, name: String)
  /// Forgets the references of that name; the outcome is an event.
  func removeReference(named name: String)
}

/// How the typed labels stand.
public struct LabelStatus: Sendable, Equatable {
  public enum State: Sendable, Equatable {
    case loading
    case active
    case failed(reason: String)
  }

  public var labels: [String]
  public var state: State

  public init(labels: [String], state: State) {
    self.labels = labels
    self.state = state
  }
}

/// Names typed by the operator, which a pair of image and text networks (CLIP) chooses from.
public protocol LabelControl: AnyObject, Sendable {
  /// Sets the labels; none switches them off. Returns at once; the outcome is an event and a ``LabelStatus``.
  ///
  /// While they are on, they are the `classes` of every detection that the image network looks at, and of the whole
  /// picture where it is the session's only network.
  func setLabels(_ labels: [String])
}
