import Ground
import Perception

/// Which networks serve, and the switching between them while frames flow.
///
/// A request never disturbs the network in service: the new one is read, prepared and warmed on the loader's thread, and
/// takes over between two frames. A failure leaves the old one and says why.
final class ModelSwitchboard: Sendable {
  enum Request: Sendable {
    /// A network on the whole frame, in the place of the primary of that number.
    case primary(StageSpec, at: Int)
    case classifier(String?)
    case sequence(String)
    /// nil: any network with feature vectors will do.
    case embedder(String?)
    case labels([String])
    /// The further stages, where no primary brings them.
    case further
    /// Another model for one of the further stages.
    case stage(StageID, model: String)

    /// What a request is about: of two requests about one thing, only the newer is served.
    fileprivate enum Subject: Hashable {
      case primary(Int)
      case stage(StageID)
      case classifier, sequence, embedder, labels, further
    }

    fileprivate var subject: Subject {
      switch self {
      case .primary(_, let place): .primary(place)
      case .classifier: .classifier
      case .sequence: .sequence
      case .embedder: .embedder
      case .labels: .labels
      case .further: .further
      case .stage(let id, _): .stage(id)
      }
    }
  }

  struct State: Sendable {
    var active = ActiveStages()
    var listings = ModelListings()
    /// Models that the user chose for further stages, instead of those that were configured.
    var chosen: [StageID: String] = [:]
    var labels: LabelStatus?
    var requests: [Request] = []
    var loading = false
    var stopped = false
    var failure: String?
  }

  private let configuration: SessionConfiguration
  private let loader: StageLoader
  private let report: @Sendable (SessionEvent) -> Void
  private let monitor = Monitor(State())
  private let thread = Monitor<WorkerThread?>(nil)

  init(
    provider: any ModelProvider, configuration: SessionConfiguration, references: ReferenceBook,
    registry: StageRegistry = .standard, report: @escaping @Sendable (SessionEvent) -> Void
  ) {
    self.configuration = configuration
    self.report = report
    loader = StageLoader(
      provider: provider, references: references, photos: configuration.referencePhotos,
      classes: configuration.classes, registry: registry)
  }

  var active: ActiveStages { monitor.withLock { $0.active } }
  var listings: ModelListings { monitor.withLock { $0.listings } }
  /// What can be picked, and what serves, at one moment.
  var offered: (listings: ModelListings, active: ActiveStages) { monitor.withLock { ($0.listings, $0.active) } }
  var labels: LabelStatus? { monitor.withLock { $0.labels } }
  /// The reason why the first load that failed did.
  var failure: String? { monitor.withLock { $0.failure } }

  /// Starts the loader's thread with what the session's configuration names.
  ///
  /// - Throws: ``ThreadFailure``.
  func start() throws {
    monitor.update { state in
      state.requests = firstRequests()
      state.labels =
        configuration.labels.isEmpty ? nil : LabelStatus(labels: configuration.labels, state: .loading)
    }
    let loader = try WorkerThread(name: "model-loader") { [self] in serveRequests() }
    thread.withLock { $0 = loader }
  }

  private func firstRequests() -> [Request] {
    var first: [Request] = []
    for (place, spec) in configuration.primaries.enumerated() { first.append(.primary(spec, at: place)) }
    let further = (configuration.stages ?? []) + configuration.addedStages
    if configuration.primaries.isEmpty, !further.isEmpty { first.append(.further) }
    if let name = configuration.classifier { first.append(.classifier(name)) }
    if let name = configuration.sequence { first.append(.sequence(name)) }
    if let name = configuration.embedder {
      first.append(.embedder(name))
    } else if !configuration.referencePhotos.isEmpty {
      first.append(.embedder(nil))
    }
    if !configuration.labels.isEmpty { first.append(.labels(configuration.labels)) }
    return first
  }

  /// Asks for a change; the newest request of a kind replaces one that waits.
  func request(_ request: Request) {
    monitor.update { state in
      if case .labels(let names) = request {
        state.labels = names.isEmpty ? nil : LabelStatus(labels: names, state: .loading)
      }
      state.requests.removeAll { $0.subject == request.subject }
      state.requests.append(request)
    }
  }

  /// Waits until every request is served. For commands that must not start without their model.
  func waitUntilIdle() {
    _ = monitor.wait(timeout: nil, until: { ($0.requests.isEmpty && !$0.loading) || $0.stopped }, then: { _ in })
  }

  func stop() {
    monitor.update { $0.stopped = true }
    thread.withLock { thread in
      thread?.join()
      thread = nil
    }
  }

  private enum Work {
    case stop
    case serve(Request)
    case describe(String)
  }

  /// The loader's thread: requests first; between them, one look at a time into models that nobody has looked into.
  private func serveRequests() {
    let offers = loader.provider.offers()
    monitor.update { $0.listings.fill(offers) }
    // What was marked with a network of feature vectors is looked for with it again.
    if configuration.embedder == nil,
      let name = offers.first(where: { $0.task == .embedding && loader.references.knows(model: $0.name) })
    {
      request(.embedder(name.name))
    }
    let server = RequestServer(configuration, loader, monitor, request: { [self] in request($0) }, report: report)
    while let work = nextWork() {
      switch work {
      case .stop: return
      case .serve(let request):
        server.serve(request)
        monitor.update { $0.loading = false }
      case .describe(let name):
        do {
          let description = try loader.describe(name)
          monitor.update { $0.listings.describe(name, as: description) }
        } catch {
          let reason = "\(error)"
          monitor.update { $0.listings.fail(name, because: reason) }
        }
      }
    }
  }

  private func nextWork() -> Work? {
    monitor.wait(timeout: nil, until: { !$0.requests.isEmpty || $0.stopped || !$0.listings.undescribed.isEmpty }) {
      state in
      if state.stopped { return .stop }
      if state.requests.isEmpty { return .describe(state.listings.undescribed.removeFirst()) }
      state.loading = true
      return .serve(state.requests.removeFirst())
    }
  }
}
