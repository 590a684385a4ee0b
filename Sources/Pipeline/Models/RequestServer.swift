import Configuration
import Ground
import Perception

/// Loads what was asked for and lets it take over. Loader's thread only.
struct RequestServer {
  typealias Request = ModelSwitchboard.Request

  private let configuration: SessionConfiguration
  private let loader: StageLoader
  private let monitor: Monitor<ModelSwitchboard.State>
  private let request: (Request) -> Void
  private let send: (SessionEvent) -> Void

  /// - Parameters:
  ///   - monitor: the switchboard's state, which requests change.
  ///   - request: asks for something that follows from what was served.
  init(
    _ configuration: SessionConfiguration, _ loader: StageLoader, _ monitor: Monitor<ModelSwitchboard.State>,
    request: @escaping (Request) -> Void, report: @escaping (SessionEvent) -> Void
  ) {
    self.configuration = configuration
    self.loader = loader
    self.monitor = monitor
    self.request = request
    send = report
  }

  private var active: ActiveStages { monitor.withLock { $0.active } }

  func serve(_ request: Request) {
    let began = MonotonicTime.now
    do {
      switch request {
      case .primary(let spec, let place): try servePrimary(spec, at: place, since: began)
      case .classifier(let name): try serveClassifier(name, since: began)
      case .sequence(let name): try serveSequence(name, since: began)
      case .embedder(let name): try serveEmbedder(name, since: began)
      case .labels(let names): try serveLabels(names, since: began)
      case .further: serveFurther(since: began)
      case .stage(let id, let model): try serveStage(id, model, since: began)
      }
    } catch {
      fail(request, because: "\(error)")
    }
  }

  // MARK: Each kind of request

  private func servePrimary(_ spec: StageSpec, at place: Int, since began: MonotonicTime) throws {
    let name = spec.model ?? spec.title
    if spec.model != nil { monitor.update { $0.listings.mark(\.detectors, name, .loading) } }
    let present = active
    let replaced = present.primaries.indices.contains(place) ? present.primaries[place] : nil
    let taken = present.ids(besides: [replaced].compactMap(\.self))
    let id = try spec.id ?? StageID.free(role(of: spec, besides: taken), besides: taken)
    let prepared = try prepare(spec, as: id)
    guard prepared.isPrimary else {
      throw PerceptionError(
        .badManifest, "stage '\(id)' of kind '\(prepared.kind)' does not look at the whole frame", place: spec.place,
        remedy: "write it as a further [[stage]]")
    }
    var primaries = present.primaries
    if replaced == nil { primaries.append(prepared) } else { primaries[place] = prepared }
    let further = loadFurther(after: primaries)
    takeOver { state in
      state.active.primaries = primaries
      state.active.further = further
      if let model = prepared.model, spec.model != nil {
        state.listings.activate(\.detectors, name, model, insteadOf: replaced?.spec.model)
      }
    }
    announce(prepared.model.map { $0.task.detects ? "detector" : $0.task.rawValue } ?? "stage", prepared, since: began)
    renewLabels()
  }

  /// What a primary without an id of its own is called: the first of a kind by what it does, the next by its model.
  private func role(of spec: StageSpec, besides taken: Set<StageID>) throws -> String {
    guard let model = spec.model else { return spec.title }
    let description = try loader.describe(model)
    let role = description.task.detects ? "detector" : description.task.rawValue
    return taken.contains(StageID(role)) ? description.name : role
  }

  private func serveClassifier(_ name: String?, since began: MonotonicTime) throws {
    let replaced = active.classifier?.spec.model
    guard let name else {
      takeOver { state in
        state.active.classifier = nil
        if let replaced { state.listings.release(\.classifiers, replaced) }
      }
      report(.info, "classifier off")
      return
    }
    monitor.update { $0.listings.mark(\.classifiers, name, .loading) }
    let spec = StageSpec(model: name, runsOnObjects: true, maximumCrops: configuration.maximumCrops)
    let prepared = try prepare(spec, as: free("classifier", insteadOf: active.classifier))
    takeOver { state in
      state.active.classifier = prepared
      if let model = prepared.model {
        state.listings.activate(\.classifiers, name, model, insteadOf: replaced)
      }
    }
    announce("classifier", prepared, since: began)
  }

  /// The id of a usual stage that takes the place of `old`.
  private func free(_ name: String, insteadOf old: PreparedStage?) -> StageID {
    StageID.free(name, besides: active.ids(besides: [old].compactMap(\.self)))
  }

  private func serveSequence(_ name: String, since began: MonotonicTime) throws {
    let spec = StageSpec(kind: SequenceStage.definition.kind, model: name)
    let prepared = try prepare(spec, as: free("sequence", insteadOf: active.sequence))
    takeOver { $0.active.sequence = prepared }
    announce("sequence model", prepared, since: began)
  }

  private func serveEmbedder(_ name: String?, since began: MonotonicTime) throws {
    if name == nil, !active.embedders.isEmpty { return }
    guard let name = name ?? monitor.withLock({ $0.listings.embedders.first }) else {
      throw PerceptionError(
        .notFound, "no network here makes feature vectors",
        remedy: "put one into the models folder, or name it with --embedder")
    }
    // Feature vectors of an object change slowly, and networks that make them are large.
    let spec = StageSpec(
      kind: CropStage.definition.kind, model: name, maximumCrops: configuration.maximumCrops, every: 3)
    let prepared = try prepare(spec, as: free("embedder", insteadOf: active.embedder))
    guard prepared.embedder != nil else {
      throw PerceptionError(.badInput, "makes no feature vectors", place: prepared.model?.path ?? name)
    }
    takeOver { $0.active.embedder = prepared }
    announce("embedder", prepared, since: began)
    renewLabels()
  }

  private func serveLabels(_ names: [String], since began: MonotonicTime) throws {
    guard !names.isEmpty else {
      takeOver { $0.active.labels = nil }
      report(.info, "labels off")
      return
    }
    let image = try imageNetwork()
    let labels = try loader.labels(names, for: image)
    let spec = StageSpec(kind: LabelStage.definition.kind, model: image.name)
    takeOver { state in
      state.active.labels = LabelStage.prepared(spec, "labels", labels)
      // A newer request may wait already: its own status stands.
      if state.labels?.labels == names { state.labels?.state = .active }
    }
    report(.info, "labels \(names.joined(separator: ", ")) ready in \(milliseconds(since: began)) ms")
  }

  private func serveFurther(since began: MonotonicTime) {
    let further = loadFurther(after: [])
    takeOver { state in
      state.active.further = further
      for stage in further where stage.isPrimary {
        guard let name = stage.spec.model, let model = stage.model else { continue }
        state.listings.activate(\.detectors, name, model, insteadOf: nil)
      }
    }
    let ids = further.map(\.id.name).joined(separator: ", ")
    if !further.isEmpty { report(.info, "stages \(ids) ready in \(milliseconds(since: began)) ms") }
  }

  private func serveStage(_ id: StageID, _ name: String, since began: MonotonicTime) throws {
    guard let place = active.further.firstIndex(where: { $0.id == id }) else {
      throw PerceptionError(.notFound, "no stage is called '\(id)'")
    }
    let old = active.further[place]
    if old.isPrimary { monitor.update { $0.listings.mark(\.detectors, name, .loading) } }
    var spec = old.spec
    spec.model = name
    let prepared = try prepare(spec, as: id)
    takeOver { state in
      state.chosen[id] = name
      state.active.further[place] = prepared
      if prepared.isPrimary, let model = prepared.model {
        state.listings.activate(\.detectors, name, model, insteadOf: old.spec.model)
      }
    }
    announce("stage \(id)", prepared, since: began)
    renewLabels()
  }

  /// The network whose pictures the labels are compared with: one in service, else the first on offer that has a pair.
  private func imageNetwork() throws -> ModelDescription {
    let inService = active.embedders.map(\.description)
    if let paired = inService.last(where: { $0.text != nil }) { return paired }
    for name in monitor.withLock({ $0.listings.embedders }) {
      // Why a file cannot be read shows in the list of models.
      guard let description = try? loader.describe(name), description.text != nil else { continue }
      try serveEmbedder(name, since: .now)
      return description
    }
    throw PerceptionError(
      .notFound, "typed labels need a pair of image and text networks, such as CLIP's",
      remedy: "write 'model' and 'vocabulary' under [text] in the image network's manifest")
  }

  /// After a change of networks, labels are compared with the new ones'.
  private func renewLabels() {
    let (status, active) = monitor.withLock { ($0.labels, $0.active) }
    guard let names = status?.labels, let old = active.labels?.spec.model,
      !active.embedders.contains(where: { $0.description.name == old })
    else { return }
    request(.labels(names))
  }

  // MARK: Loading

  /// Prepares a stage, and reports the files of its network that are not used.
  private func prepare(_ spec: StageSpec, as id: StageID) throws -> PreparedStage {
    let prepared = try loader.prepare(spec, as: id)
    for warning in prepared.model?.warnings ?? [] { report(.warning, "\(prepared.model?.name ?? id.name): \(warning)") }
    return prepared
  }

  /// The stages that the configuration, or else the primaries' manifests, want. One that cannot be loaded is left out.
  private func loadFurther(after primaries: [PreparedStage]) -> [PreparedStage] {
    let usual = [active.classifier, active.embedder, active.sequence].compactMap { $0?.id }
    var taken = Set(primaries.map(\.id) + usual).union(ActiveStages.ownIDs)
    let specs = (configuration.stages ?? primaries.flatMap { $0.model?.stages ?? [] }) + configuration.addedStages
    var loaded: [PreparedStage] = []
    // The tracker and the references are there without a table.
    for spec in specs where !ActiveStages.alwaysThere.contains(spec.kind ?? "") {
      do {
        let merge = MergeStage.definition.kind
        if spec.kind == merge, loaded.contains(where: { $0.kind == merge }) { throw PipelineSpec.secondMerge(spec) }
        let id = try id(of: spec, besides: taken)
        loaded.append(try load(spec, as: id))
        taken.insert(id)
      } catch {
        leaveOut(spec, because: "\(error)")
      }
    }
    let finders = (primaries + loaded).filter(\.findsObjects).map(\.id)
    return loaded.filter { stage in
      guard let missing = stage.spec.of.first(where: { !finders.contains($0) }) else { return true }
      let known = finders.map(\.name).joined(separator: ", ")
      let error = ConfigurationError(
        .badField, "'of' names '\(missing)', which finds no objects", place: stage.spec.place,
        remedy: known.isEmpty ? "add a detector" : "stages that find objects: \(known)")
      leaveOut(stage.spec, because: error.line)
      return false
    }
  }

  private func id(of spec: StageSpec, besides taken: Set<StageID>) throws -> StageID {
    if spec.kind == MergeStage.definition.kind, spec.id == nil { return "merge" }
    guard let id = spec.id else { return StageID.free(spec.title, besides: taken) }
    guard !taken.contains(id) else {
      throw ConfigurationError(
        .badField, "the id '\(id)' is another stage's", place: spec.place, remedy: "an id names one stage")
    }
    return id
  }

  /// A stage, the one that serves already where it is the same.
  private func load(_ spec: StageSpec, as id: StageID) throws -> PreparedStage {
    let (present, chosen) = monitor.withLock { ($0.active, $0.chosen) }
    var spec = spec
    if let model = chosen[id] { spec.model = model }
    return try present.further.first { $0.spec == spec && $0.id == id } ?? prepare(spec, as: id)
  }

  private func leaveOut(_ spec: StageSpec, because reason: String) {
    let line = "stage \(spec.title) not loaded: \(reason)"
    monitor.update { $0.failure = $0.failure ?? line }
    report(.error, line)
  }

  // MARK: Telling

  private func takeOver(_ change: (inout ModelSwitchboard.State) -> Void) {
    let references = loader.references
    monitor.update { state in
      let before = state.active
      change(&state)
      if state.active.references == nil {
        state.active.references = ReferenceStage.prepared(
          StageSpec(kind: ReferenceStage.definition.kind), "references", with: references)
      }
      state.active.arrange(
        merge: configuration.merge, objectsChanged: !before.hasSameObjects(as: state.active))
    }
  }

  private func report(_ severity: SessionEvent.Severity, _ message: String) {
    send(SessionEvent(severity: severity, message: message))
  }

  private func announce(_ role: String, _ stage: PreparedStage, since began: MonotonicTime) {
    report(.info, "\(role) \(stage.model?.name ?? stage.id.name) ready in \(milliseconds(since: began)) ms")
    guard let model = stage.model, stage.isPrimary else { return }
    let missing = ClassFilter.unknown(stage.spec.classes, in: model)
    guard !missing.isEmpty else { return }
    let remedy = ClassFilter.remedy(missing, in: model)
    report(.warning, "\(ClassFilter.problem(missing, in: model)): \(remedy)")
  }

  private func milliseconds(since began: MonotonicTime) -> Int {
    Int(saturating: MonotonicTime.now.milliseconds(since: began).rounded())
  }

  private func fail(_ request: Request, because reason: String) {
    let line = words(for: request).map { "\($0): \(reason)" }
    monitor.update { state in
      state.failure = state.failure ?? reason
      switch request {
      case .primary(let spec, _):
        if let name = spec.model { state.listings.mark(\.detectors, name, .failed(reason: reason)) }
      case .stage(_, let name): state.listings.mark(\.detectors, name, .failed(reason: reason))
      case .classifier(let name):
        if let name { state.listings.mark(\.classifiers, name, .failed(reason: reason)) }
      case .labels(let names):
        if state.labels?.labels == names { state.labels?.state = .failed(reason: reason) }
      case .sequence, .embedder, .further: break
      }
    }
    if case .embedder = request { loader.references.giveUpWaiting(because: reason) }
    if let line { report(.error, line) }
  }

  /// What could not be done; nil where the user did not ask for it.
  private func words(for request: Request) -> String? {
    switch request {
    case .primary(let spec, _): "detector \(spec.title) not loaded"
    case .classifier(let name): "classifier \(name ?? "") not loaded"
    case .sequence(let name): "sequence model \(name) not loaded"
    case .embedder(let name): name.map { "embedder \($0) not loaded" }
    case .labels: "labels not set"
    case .further: "stages not loaded"
    case .stage(let id, let name): "\(name) not loaded for stage \(id)"
    }
  }
}
