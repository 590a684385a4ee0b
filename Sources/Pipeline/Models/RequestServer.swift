import Ground
import Perception
import Vision

/// Loads what was asked for and lets it take over. Loader's thread only.
struct RequestServer {
  private typealias Request = ModelSwitchboard.Request

  private let board: ModelSwitchboard
  private var monitor: Monitor<ModelSwitchboard.State> { board.monitor }
  private let texts = TextModels()

  init(_ board: ModelSwitchboard) { self.board = board }

  func serve(_ request: ModelSwitchboard.Request) {
    let began = MonotonicTime.now
    do {
      switch request {
      case .detector(let name): try serveDetector(name, since: began)
      case .classifier(let name): try serveClassifier(name, since: began)
      case .sequence(let name): try serveSequence(name, since: began)
      case .embedder(let name): try serveEmbedder(name, since: began)
      case .labels(let names): try serveLabels(names, since: began)
      }
    } catch {
      fail(request, because: "\(error)")
    }
  }

  // MARK: Each kind of request

  private func serveDetector(_ name: String, since began: MonotonicTime) throws {
    monitor.update { $0.listings.mark(\.detectors, name, .loading) }
    let (model, embeds) = try loadWarm(name)
    if embeds { try learnPhotos(with: model) }
    let chain = loadChain(after: model.description)
    takeOver { state in
      state.active.detector = model
      state.active.chain = chain
      state.listings.activate(\.detectors, name, model.description)
    }
    announce("detector", model.description.name, since: began)
    renewLabels()
  }

  private func serveClassifier(_ name: String?, since began: MonotonicTime) throws {
    guard let name else {
      takeOver { state in
        state.active.classifier = nil
        state.listings.release(\.classifiers)
      }
      report(.info, "classifier off")
      return
    }
    monitor.update { $0.listings.mark(\.classifiers, name, .loading) }
    let (model, embeds) = try loadWarm(name)
    if embeds { try learnPhotos(with: model) }
    let stage = ChainStage(model: name, maximumCrops: board.configuration.maximumCrops)
    takeOver { state in
      state.active.classifier = ChainLink(stage: stage, network: .crops(model), embeds: embeds)
      state.listings.activate(\.classifiers, name, model.description)
    }
    announce("classifier", model.description.name, since: began)
  }

  private func serveSequence(_ name: String, since began: MonotonicTime) throws {
    let model = try board.provider.loadSequenceModel(name)
    takeOver { $0.active.sequence = ChainLink(stage: ChainStage(model: name), network: .tracks(model)) }
    announce("sequence model", model.description.name, since: began)
  }

  private func serveEmbedder(_ name: String?, since began: MonotonicTime) throws {
    if name == nil, !board.active.embeddingModels.isEmpty { return }
    guard let name = name ?? board.listings.embedders.first else {
      throw PerceptionError(
        .notFound, "no network here makes feature vectors",
        remedy: "put one into the models folder, or name it with --embedder")
    }
    let (model, embeds) = try loadWarm(name)
    guard embeds else {
      throw PerceptionError(.badInput, "makes no feature vectors", place: model.description.path)
    }
    try learnPhotos(with: model)
    // Feature vectors of an object change slowly, and networks that make them are large.
    let stage = ChainStage(model: name, maximumCrops: board.configuration.maximumCrops, every: 3)
    takeOver { $0.active.embedder = ChainLink(stage: stage, network: .crops(model), embeds: true) }
    announce("embedder", model.description.name, since: began)
    renewLabels()
  }

  private func serveLabels(_ names: [String], since began: MonotonicTime) throws {
    guard !names.isEmpty else {
      monitor.update { $0.active.labels = nil }
      report(.info, "labels off")
      return
    }
    let image = try imageNetwork()
    guard let pairing = image.text else {
      throw PerceptionError(.notFound, "no text network belongs to \(image.name)", place: image.path)
    }
    let encoder = try texts.encoder(for: pairing, from: board.provider)
    let labels = try ZeroShotLabels(names, model: image.name, by: encoder)
    monitor.update { state in
      state.active.labels = labels
      // A newer request may wait already: its own status stands.
      if state.labels?.labels == names { state.labels?.state = .active }
    }
    let milliseconds = Int(MonotonicTime.now.milliseconds(since: began).rounded())
    report(.info, "labels \(names.joined(separator: ", ")) ready in \(milliseconds) ms")
  }

  /// The network whose pictures the labels are compared with: one in service, else the first on offer that has a pair.
  private func imageNetwork() throws -> ModelDescription {
    let inService = board.active.embeddingModels.map(\.description)
    if let paired = inService.last(where: { $0.text != nil }) { return paired }
    for name in board.listings.embedders {
      guard let description = try? board.provider.describe(name), description.text != nil else { continue }
      try serveEmbedder(name, since: .now)
      return description
    }
    throw PerceptionError(
      .notFound, "typed labels need a pair of image and text networks, such as CLIP's",
      remedy: "write 'model' and 'vocabulary' under [text] in the image network's manifest")
  }

  /// After a change of networks, labels are compared with the new ones'.
  private func renewLabels() {
    guard let names = board.labels?.labels, let old = board.active.labels,
      !board.active.embeddingModels.contains(where: { $0.description.name == old.model })
    else { return }
    board.request(.labels(names))
  }

  // MARK: Loading

  /// Loads a network and runs it once on a grey picture: the first run prepares kernels and memory, and tells whether
  /// feature vectors come out.
  private func loadWarm(_ name: String) throws -> (model: any VisionModel, embeds: Bool) {
    let model = try board.provider.loadVisionModel(name)
    return (model, try warm(model))
  }

  private func warm(_ model: any VisionModel) throws -> Bool {
    let width = max(16, model.description.inputWidth)
    let height = max(16, model.description.inputHeight)
    let storage = PixelStorage(count: width * height * 3)
    storage.bytes.initializeMemory(as: UInt8.self, repeating: 128)
    guard let grey = Image(packed: width, height, .rgb24, storage: storage) else { return false }
    return try model.perceive(grey, region: nil, minimumConfidence: nil).0.embedding != nil
  }

  /// The stages that the configuration, or else the detector's manifest, wants. One that cannot be loaded is left out.
  private func loadChain(after detector: ModelDescription) -> [ChainLink] {
    let present = board.active.chain
    return (board.configuration.chain ?? detector.chain).compactMap { stage in
      if let link = present.first(where: { $0.stage == stage }) { return link }
      do {
        return try loadLink(stage)
      } catch {
        let reason = "stage \(stage.model) of the chain not loaded: \(error)"
        monitor.update { $0.failure = $0.failure ?? reason }
        report(.error, reason)
        return nil
      }
    }
  }

  private func loadLink(_ stage: ChainStage) throws -> ChainLink {
    if try board.provider.describe(stage.model).task == .sequence {
      return ChainLink(stage: stage, network: .tracks(try board.provider.loadSequenceModel(stage.model)))
    }
    let (model, embeds) = try loadWarm(stage.model)
    guard [.classification, .embedding, .pose].contains(model.description.task) else {
      throw PerceptionError(
        .badInput, "a \(model.description.task.rawValue) network has no place on crops", place: model.description.path,
        remedy: "a stage runs a classifier, an embedder, a pose network or a sequence network")
    }
    if embeds { try learnPhotos(with: model) }
    return ChainLink(stage: stage, network: .crops(model), embeds: embeds)
  }

  private func learnPhotos(with model: any VisionModel) throws {
    for photo in board.configuration.referencePhotos { try board.references.add(photo: photo, by: model) }
  }

  // MARK: Telling

  private func takeOver(_ change: (inout ModelSwitchboard.State) -> Void) {
    monitor.update { state in
      change(&state)
      state.active.generation += 1
    }
  }

  private func report(_ severity: SessionEvent.Severity, _ message: String) {
    board.report(SessionEvent(severity: severity, message: message))
  }

  private func announce(_ role: String, _ name: String, since began: MonotonicTime) {
    let milliseconds = Int(MonotonicTime.now.milliseconds(since: began).rounded())
    report(.info, "\(role) \(name) ready in \(milliseconds) ms")
  }

  private func fail(_ request: ModelSwitchboard.Request, because reason: String) {
    monitor.update { $0.failure = $0.failure ?? reason }
    switch request {
    case .detector(let name):
      monitor.update { $0.listings.mark(\.detectors, name, .failed(reason: reason)) }
      report(.error, "detector \(name) not loaded: \(reason)")
    case .classifier(let name):
      if let name { monitor.update { $0.listings.mark(\.classifiers, name, .failed(reason: reason)) } }
      report(.error, "classifier \(name ?? "") not loaded: \(reason)")
    case .sequence(let name): report(.error, "sequence model \(name) not loaded: \(reason)")
    case .embedder(let name):
      board.references.giveUpWaiting(because: reason)
      if let name { report(.error, "embedder \(name) not loaded: \(reason)") }
    case .labels(let names):
      monitor.update { state in
        if state.labels?.labels == names { state.labels?.state = .failed(reason: reason) }
      }
      report(.error, "labels not set: \(reason)")
    }
  }
}

/// Keeps the text network that was used last: labels are typed again and again.
private final class TextModels {
  private var kept: (pairing: TextPairing, model: any TextModel)?

  func encoder(for pairing: TextPairing, from provider: any ModelProvider) throws -> any TextModel {
    if let kept, kept.pairing == pairing { return kept.model }
    kept = nil
    let model = try provider.loadTextModel(pairing)
    kept = (pairing, model)
    return model
  }
}
