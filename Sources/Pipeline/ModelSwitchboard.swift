import Ground
import Perception
import Vision

/// Which networks serve, and the switching between them while frames flow.
///
/// A request never disturbs the network in service: the new one is read, prepared and warmed on the loader's thread, and
/// takes over between two frames. A failure leaves the old one and says why.
final class ModelSwitchboard: Sendable {
  /// The networks of one frame, taken together so that a frame never mixes old and new.
  struct Active: Sendable {
    var detector: (any VisionModel)?
    var classifier: (any VisionModel)?
    var sequence: (any SequenceModel)?
    /// Grows with every change; statistics start afresh when it does.
    var generation = 0
  }

  enum Request: Sendable, Equatable {
    case detector(String)
    case classifier(String?)
    case sequence(String)
  }

  private struct State {
    var active = Active()
    var detectors: [ModelListing] = []
    var classifiers: [ModelListing] = []
    var requests: [Request] = []
    /// Models whose files nobody has looked into yet.
    var undescribed: [String] = []
    var loading = false
    var stopped = false
    var failure: String?
  }

  private let provider: any ModelProvider
  private let monitor = Monitor(State())
  private let report: @Sendable (SessionEvent) -> Void
  private let thread = Monitor<WorkerThread?>(nil)

  init(provider: any ModelProvider, report: @escaping @Sendable (SessionEvent) -> Void) {
    self.provider = provider
    self.report = report
  }

  var active: Active { monitor.withLock { $0.active } }
  var listings: (detectors: [ModelListing], classifiers: [ModelListing]) {
    monitor.withLock { ($0.detectors, $0.classifiers) }
  }
  /// The reason why the first load that failed did.
  var failure: String? { monitor.withLock { $0.failure } }

  /// Starts the loader's thread with what should serve first.
  func start(_ first: [Request]) {
    monitor.update { $0.requests = first }
    thread.withLock { $0 = WorkerThread(name: "model-loader") { [self] in serveRequests() } }
  }

  /// Asks for a change; the newest request of a kind replaces one that waits.
  func request(_ request: Request) {
    monitor.update { state in
      state.requests.removeAll { waiting in
        switch (waiting, request) {
        case (.detector, .detector), (.classifier, .classifier), (.sequence, .sequence): true
        default: false
        }
      }
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
    fillListings()
    while let work = nextWork() {
      switch work {
      case .stop: return
      case .serve(let request):
        serve(request)
        monitor.update { $0.loading = false }
      case .describe(let name):
        describe(name)
      }
    }
  }

  private func nextWork() -> Work? {
    monitor.wait(timeout: nil, until: { !$0.requests.isEmpty || $0.stopped || !$0.undescribed.isEmpty }) { state in
      if state.stopped { return .stop }
      if state.requests.isEmpty { return .describe(state.undescribed.removeFirst()) }
      state.loading = true
      return .serve(state.requests.removeFirst())
    }
  }

  private func fillListings() {
    let offers = provider.offers()
    monitor.update { state in
      for offer in offers {
        let listing = ModelListing(name: offer.name, description: nil, state: .available)
        // A file that only its own text can tell about is offered as a detector until it has been looked into.
        if offer.task?.detects ?? true { state.detectors.append(listing) }
        if offer.task == .classification { state.classifiers.append(listing) }
      }
      state.undescribed = offers.map(\.name)
    }
  }

  private func describe(_ name: String) {
    guard let description = try? provider.describe(name) else { return }
    monitor.update { state in
      for list in [\State.detectors, \State.classifiers] {
        guard let index = state[keyPath: list].firstIndex(where: { $0.name == name }) else { continue }
        state[keyPath: list][index].description = state[keyPath: list][index].description ?? description
      }
      if !description.task.detects {
        state.detectors.removeAll { $0.name == name && $0.state == .available }
      }
      if description.task == .classification, !state.classifiers.contains(where: { $0.name == name }) {
        state.classifiers.append(ModelListing(name: name, description: description, state: .available))
      }
    }
  }

  private func serve(_ request: Request) {
    let began = MonotonicTime.now
    do {
      switch request {
      case .detector(let name):
        mark(\.detectors, name, .loading)
        let model = try loadWarm(name)
        takeOver(\.detectors, model.description) { $0.detector = model }
        announce("detector", model.description.name, since: began)
      case .classifier(nil):
        monitor.update { state in
          state.active.classifier = nil
          state.active.generation += 1
          for index in state.classifiers.indices where state.classifiers[index].state == .active {
            state.classifiers[index].state = .available
          }
        }
        report(SessionEvent(severity: .info, message: "classifier off"))
      case .classifier(.some(let name)):
        mark(\.classifiers, name, .loading)
        let model = try loadWarm(name)
        takeOver(\.classifiers, model.description) { $0.classifier = model }
        announce("classifier", model.description.name, since: began)
      case .sequence(let name):
        let model = try provider.loadSequenceModel(name)
        monitor.update { state in
          state.active.sequence = model
          state.active.generation += 1
        }
        announce("sequence model", model.description.name, since: began)
      }
    } catch {
      fail(request, because: "\(error)")
    }
  }

  /// Loads a network and runs it once on a grey picture: the first run prepares kernels and memory.
  private func loadWarm(_ name: String) throws -> any VisionModel {
    let model = try provider.loadVisionModel(name)
    let width = max(16, model.description.inputWidth)
    let height = max(16, model.description.inputHeight)
    let storage = PixelStorage(count: width * height * 3)
    storage.bytes.initializeMemory(as: UInt8.self, repeating: 128)
    if let grey = Image(packed: width, height, .rgb24, storage: storage) {
      _ = try model.perceive(grey, region: nil, minimumConfidence: nil)
    }
    return model
  }

  private func mark(
    _ list: WritableKeyPath<State, [ModelListing]>, _ name: String, _ listing: ModelListing.State
  ) {
    monitor.update { state in
      if let index = state[keyPath: list].firstIndex(where: { $0.name == name }) {
        state[keyPath: list][index].state = listing
      } else {
        state[keyPath: list].append(ModelListing(name: name, description: nil, state: listing))
      }
    }
  }

  private func takeOver(
    _ list: WritableKeyPath<State, [ModelListing]>, _ description: ModelDescription,
    _ swap: (inout Active) -> Void
  ) {
    monitor.update { state in
      swap(&state.active)
      state.active.generation += 1
      for index in state[keyPath: list].indices {
        switch state[keyPath: list][index].state {
        case .active, .loading: state[keyPath: list][index].state = .available
        case .available, .failed: break
        }
      }
      let listing = ModelListing(name: description.name, description: description, state: .active)
      if let index = state[keyPath: list].firstIndex(where: { $0.name == description.name }) {
        state[keyPath: list][index] = listing
      } else {
        state[keyPath: list].append(listing)
      }
    }
  }

  private func announce(_ role: String, _ name: String, since began: MonotonicTime) {
    let milliseconds = Int(MonotonicTime.now.milliseconds(since: began).rounded())
    report(SessionEvent(severity: .info, message: "\(role) \(name) ready in \(milliseconds) ms"))
  }

  private func fail(_ request: Request, because reason: String) {
    monitor.update { $0.failure = $0.failure ?? reason }
    switch request {
    case .detector(let name):
      mark(\.detectors, name, .failed(reason: reason))
      report(SessionEvent(severity: .error, message: "detector \(name) not loaded: \(reason)"))
    case .classifier(let name):
      if let name { mark(\.classifiers, name, .failed(reason: reason)) }
      report(SessionEvent(severity: .error, message: "classifier \(name ?? "") not loaded: \(reason)"))
    case .sequence(let name):
      report(SessionEvent(severity: .error, message: "sequence model \(name) not loaded: \(reason)"))
    }
  }
}
