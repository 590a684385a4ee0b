import Perception

/// The stages of one frame, taken together so that a frame never mixes old and new.
struct ActiveStages: Sendable {
  /// The networks on the whole frame that the user chose, the one that keys switch first.
  var primaries: [PreparedStage] = []
  /// Makes one object of what several primaries found; nil with a single one.
  var merge: PreparedStage?
  /// nil where nothing is to be followed.
  var tracker: PreparedStage?
  /// The user's own second stage.
  var classifier: PreparedStage?
  /// The stages that the configuration or the primaries' manifests want.
  var further: [PreparedStage] = []
  var embedder: PreparedStage?
  var sequence: PreparedStage?
  var references: PreparedStage?
  var labels: PreparedStage?
  /// Grows with every change of a stage.
  var generation = 0
  /// Every stage in the order of the pipeline, as ``arrange(merge:objectsChanged:)`` has put them.
  private(set) var inOrder: [PreparedStage] = []
  /// The networks that make feature vectors, of crops or of the picture; the one whose vectors objects carry is last.
  private(set) var embedders: [any VisionModel] = []

  /// The ids of the stages that every pipeline may have of its own.
  static let ownIDs: Set<StageID> = ["tracker", "merge", "references", "labels"]
  /// Kinds that need no table: one that names them changes nothing.
  static let alwaysThere: Set<String> = [TrackerStage.definition.kind, ReferenceStage.definition.kind]

  /// Every stage in the order of the pipeline: whole frames first, then objects, feature vectors before what learns
  /// from them. A merge that the user configured takes the usual one's place.
  func ordered(followsTracks: Bool) -> [PreparedStage] {
    let isMerge = { (stage: PreparedStage) in stage.kind == MergeStage.definition.kind }
    let merging = further.first(where: isMerge) ?? merge
    let following = followsTracks ? tracker : nil
    let onObjects = further.filter { !$0.isPrimary && !isMerge($0) }
    return primaries + further.filter(\.isPrimary) + [merging, following, classifier].compactMap(\.self) + onObjects
      + [embedder, sequence, references, labels].compactMap(\.self)
  }

  /// The stages as lists show them.
  var listings: [StageListing] {
    inOrder.map { stage in
      StageListing(
        id: stage.id, kind: stage.kind, of: stage.spec.of, every: stage.spec.every,
        maximumHertz: stage.spec.maximumHertz, model: stage.model)
    }
  }

  /// The networks on the whole frame, in order: the user's own, then those of further stages.
  var wholeFrame: [PreparedStage] { (primaries + further).filter { $0.isPrimary && $0.model != nil } }

  /// The ids in use, but for those of `replaced`.
  func ids(besides replaced: [PreparedStage] = []) -> Set<StageID> {
    Set(inOrder.filter { stage in !replaced.contains { $0.isSame(as: stage) } }.map(\.id))
  }

  /// Whether objects come from the same stages.
  func hasSameObjects(as other: ActiveStages) -> Bool {
    let own = (primaries + further).filter(\.findsObjects)
    let others = (other.primaries + other.further).filter(\.findsObjects)
    return own.count == others.count && zip(own, others).allSatisfy { $0.isSame(as: $1) }
  }

  /// Puts everything in order after a change.
  ///
  /// - Parameter objectsChanged: whether objects come from other stages now, and are merged and followed anew.
  mutating func arrange(merge rule: MergeRule, objectsChanged: Bool) {
    if objectsChanged { connect(merge: rule) }
    inOrder = ordered(followsTracks: true)
    embedders = inOrder.compactMap(\.embedder)
    generation += 1
  }

  /// Puts merging and following in place for the present primaries.
  private mutating func connect(merge rule: MergeRule) {
    let detecting = primaries.filter(\.findsObjects) + further.filter(\.findsObjects)
    merge = nil
    tracker = nil
    // A recording's results are followed already.
    guard detecting.contains(where: { $0.model?.isComplete != true }) else { return }
    if detecting.count > 1, rule != .apart {
      merge = MergeStage.prepared(StageSpec(kind: MergeStage.definition.kind), "merge", rule: rule)
    }
    tracker = TrackerStage.prepared(
      StageSpec(kind: TrackerStage.definition.kind), "tracker", after: detecting,
      isApart: detecting.count > 1 && rule == .apart)
  }
}

extension StageID {
  /// `wanted`, or with a number behind it where that is taken.
  static func free(_ wanted: String, besides taken: Set<StageID>) -> StageID {
    var id = StageID(wanted)
    var number = 1
    while taken.contains(id) {
      number += 1
      id = StageID("\(wanted)-\(number)")
    }
    return id
  }
}
