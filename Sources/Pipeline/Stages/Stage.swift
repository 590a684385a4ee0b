package import Ground
package import Perception
package import Vision

/// The frame that stages look at.
package struct StageFrame: Sendable {
  package var image: Image
  /// The picture of the frame before; nil on the first, and where no stage wants it.
  package var previous: Image?
  /// Counts the processed frames of a timeline from 1.
  package var number: UInt64
  package var time: MonotonicTime
  /// What the user points at or asks for.
  package var prompts: [Prompt]
  /// Detections below this confidence are left out of the result; nil: each network's own threshold holds.
  package var minimumConfidence: Float?
  /// Whether a tracker follows: detectors then also report doubtful detections, which prolong tracks.
  package var isTracked: Bool

  package init(
    image: Image, previous: Image? = nil, number: UInt64, time: MonotonicTime, prompts: [Prompt] = [],
    minimumConfidence: Float? = nil, isTracked: Bool = false
  ) {
    self.image = image
    self.previous = previous
    self.number = number
    self.time = time
    self.prompts = prompts
    self.minimumConfidence = minimumConfidence
    self.isTracked = isTracked
  }

  func seconds(since earlier: MonotonicTime?) -> Double? {
    earlier.map { Double(time.nanoseconds(since: $0)) / 1e9 }
  }
}

/// One part of a pipeline at work: a network, a tracker, a comparison. Adds what it knows to the frame's findings.
///
/// A stage is made by a ``PreparedStage`` and used by one thread at a time: the pipeline's.
package protocol Stage: AnyObject {
  /// Looks at a frame, and writes into `findings` under its own id.
  ///
  /// - Returns: where the time went; nil when the stage did not run on this frame, by its rate or for want of anything to
  ///   look at.
  /// - Throws: what went wrong; the findings of the other stages are kept.
  func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes?

  /// Forgets earlier frames: the objects that come are others.
  func reset()

  /// Whether ``StageFrame/previous`` is of use.
  var usesPreviousImage: Bool { get }
}

extension Stage {
  package func reset() {}
  package var usesPreviousImage: Bool { false }
}

/// A stage whose networks are loaded and warm, ready to be made on the pipeline's thread.
package struct PreparedStage: Sendable {
  /// Tells two preparations apart, equal as they may be.
  private final class Identity: Sendable {}

  package var id: StageID
  /// Its row of the registry.
  package var kind: String
  /// Whether it looks at the whole frame, before objects are merged and followed.
  package var isPrimary = false
  package var spec: StageSpec
  /// What its network is; nil for a stage without one.
  package var model: ModelDescription?
  /// Its network, where that makes feature vectors of pictures.
  package var embedder: (any VisionModel)?
  private let identity = Identity()
  package let make: @Sendable () -> any Stage

  package init(
    id: StageID, kind: String, spec: StageSpec, model: ModelDescription? = nil, embedder: (any VisionModel)? = nil,
    make: @escaping @Sendable () -> any Stage
  ) {
    self.id = id
    self.kind = kind
    self.spec = spec
    self.model = model
    self.embedder = embedder
    self.make = make
  }

  /// Whether the objects that a tracker follows come from it.
  package var findsObjects: Bool { isPrimary && model?.task.detects == true }

  func isSame(as other: PreparedStage) -> Bool { identity === other.identity }
}
