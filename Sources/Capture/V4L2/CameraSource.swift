public import Ground
import Glibc
import Logging
import Vision

/// A V4L2 camera that is never given up: every trouble is reported, and the picture comes back by itself.
///
/// A `CameraStream` runs until it breaks or falls silent; then it is closed and another is opened, at once the first
/// time and with growing pauses of up to two seconds after that, on whichever node the same camera is found.
public final class CameraSource: FrameSource {
  private let worker: CameraWorker

  /// Opens the camera at `path`.
  ///
  /// - Throws: ``CaptureError`` when it cannot be used, unless `request.waits`.
  public convenience init(path: String, request: SourceRequest = SourceRequest()) throws(CaptureError) {
    try self.init(path: path, request: request, system: LinuxSystemCalls())
  }

  package init(
    path: String, request: SourceRequest, system: any SystemCalls, timing: CameraTiming = CameraTiming(),
    controls start: @escaping ControlDesk.Start = ControlDesk.thread
  ) throws(CaptureError) {
    worker = try CameraWorker(path: path, request: request, system: system, timing: timing, start)
  }

  public var description: SourceDescription { worker.description.value }
  public var controls: ControlDesk? { worker.desk }
  public func next(timeout: Int) throws -> SourceEvent { worker.next(timeout: timeout) }
  public func close() { worker.close() }
}

/// Patience with a camera, in frame periods where that is what counts.
package struct CameraTiming: Sendable {
  /// Silence that is reported.
  package var quietPeriods = 5.0
  package var quietLeast = 400.0
  /// Silence after which the stream is reopened; doubled each time it does not help.
  package var restartPeriods = 30.0
  package var restartLeast = 2000.0
  /// What a camera may take to its first frame, in milliseconds.
  package var firstFrame = 4000.0
  /// Pauses between attempts to find a camera again, in milliseconds; the last one repeats.
  package var pauses = [0.0, 250, 500, 1000, 2000]
  /// How often a grabber's input is asked for its signal, in milliseconds.
  package var inputCheck = 1000.0

  package init() {}

  /// The same, with the user's word on when a silent stream is reopened, in seconds.
  func with(patience: Double?) -> CameraTiming {
    guard let patience else { return self }
    var timing = self
    timing.restartPeriods = 0
    timing.restartLeast = patience * 1000
    return timing
  }
}

/// The camera's state; touched by the opener first, then only by the capture thread.
///
/// Unchecked because ``FrameSource`` promises exactly that: `next` and `close` come from one thread.
private final class CameraWorker: @unchecked Sendable {
  private enum State {
    case streaming(CameraStream)
    case lost(Outage)
    case closed
  }

  /// A camera that is gone, and when it is looked for again.
  private struct Outage {
    var reason: String
    var backoff: Backoff
  }

  private var state: State
  private let request: SourceRequest
  private let system: any SystemCalls
  private let timing: CameraTiming
  private let pool = PixelPool(capacity: 12)
  private let logger = Logger(label: "ocellus.capture.camera")
  private var path: String
  private var identity: CameraIdentity?
  private var continuity = CameraStream.Continuity()
  private var notices: [String] = []
  /// The remarks on the last stream.
  private var said: [String] = []
  /// When the picture was last good, or since when we wait for the first.
  private var lastGood: MonotonicTime
  private var hasFrames = false
  private var isTroubled = false
  private var restarts = 0
  /// What was wrong with the pictures since the last good one; nil when nothing came at all.
  private var lastDamage: Damage?
  private var lastInputCheck: MonotonicTime
  private var inputTrouble: String?

  let description: PublishedDescription
  let desk: ControlDesk

  init(
    path: String, request: SourceRequest, system: any SystemCalls, timing: CameraTiming,
    _ start: @escaping ControlDesk.Start
  ) throws(CaptureError) {
    self.path = path
    self.request = request
    self.system = system
    self.timing = timing.with(patience: request.patience)
    lastGood = system.now
    lastInputCheck = system.now
    description = PublishedDescription(
      SourceDescription(
        name: path, detail: "", width: request.width ?? FormatNegotiation.standardWidth,
        height: request.height ?? FormatNegotiation.standardHeight, framesPerSecond: 0, isLive: true))
    desk = ControlDesk(
      CameraControlDriver(description, system: system), asked: request.controls, memory: request.controlMemory,
      start: start)
    state = .closed
    do {
      try openFirst()
    } catch {
      guard request.waits else { throw error }
      state = .lost(Outage(reason: error.what, backoff: Backoff(pauses: timing.pauses, now: system.now)))
      isTroubled = true
    }
  }

  /// Drivers refuse now and then what they grant a moment later: three attempts before the user is told.
  private func openFirst() throws(CaptureError) {
    for attempt in 1...3 {
      do {
        return try start(path)
      } catch  where attempt < 3 && error.kind == .deviceFailed && ![ENODEV, ENXIO].contains(error.errno) {
        system.sleep(milliseconds: 100)
      }
    }
  }

  func close() {
    desk.close()
    if case .streaming(let stream) = state { stream.close() }
    state = .closed
  }

  func next(timeout: Int) -> SourceEvent {
    if !notices.isEmpty { return .notice(notices.removeFirst()) }
    switch state {
    case .closed: return .end
    case .streaming(let stream): return advance(stream, timeout)
    case .lost(let outage): return search(outage, timeout)
    }
  }

  // MARK: Streaming

  private func advance(_ stream: CameraStream, _ timeout: Int) -> SourceEvent {
    let event = stream.next(timeout: timeout)
    continuity = stream.continuity
    checkInput(stream)
    switch event {
    case .frame(let frame):
      if let inputTrouble { return .noSignal(reason: "\(inputTrouble), waiting for it", since: lastGood) }
      return deliver(frame)
    case .damaged(let damage):
      logger.debug("damaged picture: \(damage.words)")
      lastDamage = damage.damage
      return judgeAbsence(stream)
    case .silence:
      return judgeAbsence(stream)
    case .broken(let cause):
      lose(cause.reason, at: stream)
      return .noSignal(reason: reasonNow, since: lastGood)
    }
  }

  private func deliver(_ frame: Frame) -> SourceEvent {
    let now = system.now
    defer {
      lastGood = now
      hasFrames = true
      restarts = 0
      lastDamage = nil
    }
    guard isTroubled else { return .frame(frame) }
    isTroubled = false
    let seconds = Double(now.nanoseconds(since: lastGood)) / 1e9
    logger.info("\(path): the picture is back after \(DurationText.tenths(seconds)) s")
    return .frame(frame)
  }

  /// No picture, because nothing comes or because what comes is damaged: said after a few frame periods; after many the
  /// stream is reopened.
  private func judgeAbsence(_ stream: CameraStream) -> SourceEvent {
    let begin = max(lastGood, streamStart)
    let silence = system.now.milliseconds(since: begin)
    let grace = begin == streamStart ? timing.firstFrame : 0
    let quiet = max(grace / 2, stream.period.periods(timing.quietPeriods, atLeast: timing.quietLeast))
    let patience = Double(1 << min(restarts, 3))
    let limit = max(grace, stream.period.periods(timing.restartPeriods, atLeast: timing.restartLeast) * patience)
    guard silence >= quiet else {
      return isTroubled ? .noSignal(reason: "waiting for the camera's first picture", since: lastGood) : .nothing
    }
    isTroubled = true
    let reason =
      lastDamage.map { "the camera sends only damaged pictures: \($0.rawValue)" } ?? "no frames from the camera"
    guard silence >= limit else {
      return .noSignal(
        reason: "\(reason), reopened after \(Int(saturating: (limit / 1000).rounded(.up))) s", since: lastGood)
    }
    restarts += 1
    lose("\(reason), restarting it", at: stream)
    return .noSignal(reason: reasonNow, since: lastGood)
  }

  private func checkInput(_ stream: CameraStream) {
    guard system.now.milliseconds(since: lastInputCheck) >= timing.inputCheck else { return }
    lastInputCheck = system.now
    let trouble = stream.inputTrouble
    if trouble != nil, inputTrouble == nil { isTroubled = true }
    inputTrouble = trouble
  }

  // MARK: Losing and finding again

  private var streamStart = MonotonicTime(nanoseconds: 0)

  private var reasonNow: String {
    if case .lost(let outage) = state { "\(outage.reason), retrying" } else { "" }
  }

  private func lose(_ reason: String, at stream: CameraStream) {
    stream.close()
    isTroubled = true
    logger.warning("\(path): \(reason)")
    state = .lost(Outage(reason: reason, backoff: Backoff(pauses: timing.pauses, now: system.now)))
  }

  private func search(_ outage: Outage, _ timeout: Int) -> SourceEvent {
    let wait = outage.backoff.wait(at: system.now)
    if wait > 0 {
      system.sleep(milliseconds: min(timeout, Int(saturating: wait.rounded(.up))))
      guard wait <= Double(timeout) else { return .noSignal(reason: reasonNow, since: lastGood) }
    }
    var outage = outage
    do {
      let found = try locate()
      try start(found)
      return .noSignal(reason: "waiting for the camera's first picture", since: lastGood)
    } catch {
      if error.what != outage.reason {
        logger.warning("\(path): \(error.what)")
        outage.reason = error.what
        // The reason stands there all the time; what the operator can do about it is said once.
        if !error.remedy.isEmpty, error.kind != .notFound { notices.append("\(error.what): \(error.remedy)") }
      }
      outage.backoff.postpone(from: system.now)
      state = .lost(outage)
      return .noSignal(reason: reasonNow, since: lastGood)
    }
  }

  private func locate() throws(CaptureError) -> String {
    guard let identity else { return path }
    let (found, failure) = identity.find(last: path, system: system)
    guard let found else { throw failure }
    return found
  }

  private func start(_ node: String) throws(CaptureError) {
    let stream = try CameraStream(
      path: node, request: request, system: system, pool: pool, continuity: continuity, desk: desk,
      isFirst: !hasFrames)
    if node != path, hasFrames { notices.append("the camera came back as \(node)") }
    remember(stream.remarks)
    path = node
    identity = stream.device.identity
    streamStart = system.now
    lastDamage = nil
    inputTrouble = nil
    // Not known until asked: a grabber without a signal is found out with the first frame.
    lastInputCheck = MonotonicTime(nanoseconds: 0)
    describe(stream)
    state = .streaming(stream)
  }

  /// Makes notices of remarks that are new: the same ones come with every reconnect.
  private func remember(_ remarks: [String]) {
    for remark in remarks where !said.contains(remark) {
      logger.warning("\(path): \(remark)")
      notices.append(remark)
    }
    said = remarks
  }

  private func describe(_ stream: CameraStream) {
    let format = stream.format
    let updated = SourceDescription(
      name: stream.device.path, detail: "\(stream.device.identity.card), \(format.encoding.fourCC)",
      width: format.width, height: format.pictureHeight, framesPerSecond: format.framesPerSecond, isLive: true)
    let before = description.value
    guard description.publish(updated) else { return }
    let isChange = hasFrames && (updated.width != before.width || updated.height != before.height)
    if isChange { notices.append("the camera now sends \(updated.width)x\(updated.height)") }
    logger.info("\(updated.name): \(updated.detail) \(updated.width)x\(updated.height) at \(updated.framesPerSecond)")
  }
}
