import Capture
import Ground
import Perception
import Vision

/// Runs a second detector on the frames that the pipeline has finished, and counts how far the two agree.
///
/// For a dashboard on a thread of its own, where the newest frame wins, so that a slow second model delays nobody; for a
/// count over a recording on the pipeline's thread, which then waits: every frame counts.
final class ComparisonRunner: Sendable {
  private struct State {
    /// The model that was asked for; nil: no comparison.
    var wanted: String?
    /// Grows with every request, so that an outdated load is thrown away.
    var request = 0
    var status: ComparisonStatus?
    var waiting: FrameResult?
    var minimumConfidence: Float = 0.4
    var stopped = false
  }

  private let provider: any ModelProvider
  private let classes: [String]
  private let monitor = Monitor(State())
  private let thread = Monitor<WorkerThread?>(nil)
  private let report: @Sendable (SessionEvent) -> Void
  /// The model that looks at every frame; set before the session starts.
  private let thorough: (any VisionModel)?

  /// - Parameters:
  ///   - everyFrame: a model that looks at every frame; nil: a model may be asked for later, for the newest frames.
  ///   - classes: the classes that count; all where empty.
  init(
    provider: any ModelProvider, everyFrame: (any VisionModel)?, classes: [String],
    report: @escaping @Sendable (SessionEvent) -> Void
  ) {
    self.provider = provider
    self.classes = classes
    self.report = report
    thorough = everyFrame
    if let everyFrame {
      monitor.withLock { state in
        state.wanted = everyFrame.description.name
        state.status = ComparisonStatus(model: everyFrame.description.name, state: .active)
      }
    }
  }

  var status: ComparisonStatus? { monitor.withLock { $0.status } }

  /// Starts comparing with another model; nil ends the comparison. Returns at once.
  func compare(with detector: String?) {
    guard thorough == nil else {
      report(SessionEvent(severity: .warning, message: "this session compares every frame with one model"))
      return
    }
    monitor.update { state in
      state.wanted = detector
      state.request += 1
      state.waiting = nil
      state.status = detector.map { ComparisonStatus(model: $0, state: .loading) }
    }
    guard detector != nil else { return }
    // The thread exists only once a comparison was asked for.
    do {
      try thread.withLock { thread in
        if thread == nil { thread = try WorkerThread(name: "comparison") { [self] in serve() } }
      }
    } catch {
      monitor.update { state in
        state.wanted = nil
        state.status = nil
      }
      report(SessionEvent(severity: .error, message: "\(error)"))
    }
  }

  /// Offers a finished frame. Returns at once, but where every frame is compared. Pipeline thread only.
  func offer(_ result: FrameResult, minimumConfidence: Float) {
    if let thorough { return run(thorough, on: result, minimumConfidence: minimumConfidence, request: 0) }
    guard monitor.withLock({ $0.wanted != nil }) else { return }
    monitor.update { state in
      state.waiting = result
      state.minimumConfidence = minimumConfidence
    }
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
    case unload(request: Int)
    case load(String, request: Int)
    case nothing
    case compare(FrameResult, minimumConfidence: Float)
  }

  private func serve() {
    var model: (any VisionModel)?
    var served = 0
    while true {
      let isLoaded = model != nil
      let work: Work? = monitor.wait(
        timeout: nil, until: { $0.stopped || $0.request != served || (isLoaded && $0.waiting != nil) }
      ) { state in
        if state.stopped { return .stop }
        if state.request != served {
          return state.wanted.map { .load($0, request: state.request) } ?? .unload(request: state.request)
        }
        defer { state.waiting = nil }
        return state.waiting.map { .compare($0, minimumConfidence: state.minimumConfidence) } ?? .nothing
      }
      switch work {
      case .stop: return
      case .unload(let request):
        served = request
        model = nil
      case .load(let name, let request):
        served = request
        model = load(name, request: request)
      case .compare(let result, let confidence):
        if let model { run(model, on: result, minimumConfidence: confidence, request: served) }
      case .nothing, nil: break
      }
    }
  }

  private func load(_ name: String, request: Int) -> (any VisionModel)? {
    do {
      let model = try provider.loadVisionModel(name)
      publish(request) { $0.state = .active }
      return model
    } catch {
      publish(request) { $0.state = .failed(reason: "\(error)") }
      report(SessionEvent(severity: .error, message: "comparison with \(name) not possible: \(error)"))
      return nil
    }
  }

  private func run(_ model: any VisionModel, on result: FrameResult, minimumConfidence: Float, request: Int) {
    do {
      var (findings, times) = try model.perceive(
        result.frame.image, region: nil, minimumConfidence: minimumConfidence)
      findings.sign(by: "comparison", model: model.description.name)
      if !classes.isEmpty { findings.detections.removeAll { !classes.contains($0.label) } }
      publish(request) { [findings, times] status in
        status.frameNumber = result.number
        status.width = result.frame.image.width
        status.height = result.frame.image.height
        status.findings = findings
        status.times = times
        status.primaryFindings = result.findings
        status.primaryTimes = result.latency.stages.first { $0.model == result.detector }?.times ?? StageTimes()
        status.agreement.add(result.findings.detections, findings.detections)
      }
    } catch {
      publish(request) { $0.state = .failed(reason: "\(error)") }
    }
  }

  private func publish(_ request: Int, _ change: (inout ComparisonStatus) -> Void) {
    monitor.update { state in
      guard state.request == request, var status = state.status else { return }
      change(&status)
      state.status = status
    }
  }
}
