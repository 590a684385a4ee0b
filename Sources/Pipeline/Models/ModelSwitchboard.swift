import Ground
import Perception

/// Which networks serve, and the switching between them while frames flow.
///
/// A request never disturbs the network in service: the new one is read, prepared and warmed on the loader's thread, and
/// takes over between two frames. A failure leaves the old one and says why.
final class ModelSwitchboard: Sendable {
  enum Request: Sendable {
    case detector(String)
    case classifier(String?)
    case sequence(String)
    /// nil: any network with feature vectors will do.
    case embedder(String?)
    case labels([String])

    /// Of two requests of one kind, only the newer is served.
    fileprivate var kind: Int {
      switch self {
      case .detector: 0
      case .classifier: 1
      case .sequence: 2
      case .embedder: 3
      case .labels: 4
      }
    }
  }

  struct State: Sendable {
    var active = ActiveModels()
    var listings = ModelListings()
    var labels: LabelStatus?
    var requests: [Request] = []
    var loading = false
    var stopped = false
    var failure: String?
  }

  let provider: any ModelProvider
  let configuration: SessionConfiguration
  let references: ReferenceBook
  let report: @Sendable (SessionEvent) -> Void
  let monitor = Monitor(State())
  private let thread = Monitor<WorkerThread?>(nil)

  init(
    provider: any ModelProvider, configuration: SessionConfiguration, references: ReferenceBook,
    report: @escaping @Sendable (SessionEvent) -> Void
  ) {
    self.provider = provider
    self.configuration = configuration
    self.references = references
    self.report = report
  }

  var active: ActiveModels { monitor.withLock { $0.active } }
  var listings: ModelListings { monitor.withLock { $0.listings } }
  /// What can be picked, and what serves beside it, at one moment.
  var offered: (listings: ModelListings, companions: [ModelListing]) {
    monitor.withLock { ($0.listings, $0.active.companions) }
  }
  var labels: LabelStatus? { monitor.withLock { $0.labels } }
  /// The reason why the first load that failed did.
  var failure: String? { monitor.withLock { $0.failure } }

  /// Starts the loader's thread with what the session's configuration names.
  func start() {
    monitor.update { state in
      state.requests = firstRequests()
      state.labels =
        configuration.labels.isEmpty ? nil : LabelStatus(labels: configuration.labels, state: .loading)
    }
    thread.withLock { $0 = WorkerThread(name: "model-loader") { [self] in serveRequests() } }
  }

  private func firstRequests() -> [Request] {
    var first: [Request] = []
    if let name = configuration.detector { first.append(.detector(name)) }
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
      state.requests.removeAll { $0.kind == request.kind }
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
    let offers = provider.offers()
    monitor.update { $0.listings.fill(offers) }
    // What was marked with a network of feature vectors is looked for with it again.
    if configuration.embedder == nil,
      let name = offers.first(where: { $0.task == .embedding && references.knows(model: $0.name) })
    {
      request(.embedder(name.name))
    }
    let server = RequestServer(self)
    while let work = nextWork() {
      switch work {
      case .stop: return
      case .serve(let request):
        server.serve(request)
        monitor.update { $0.loading = false }
      case .describe(let name):
        guard let description = try? provider.describe(name) else { continue }
        monitor.update { $0.listings.describe(name, as: description) }
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
