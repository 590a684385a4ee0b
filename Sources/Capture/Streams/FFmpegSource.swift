public import Ground
import Logging
import Synchronization
import Vision

/// A video file or a network stream, decoded by the `ffmpeg` program as a child process.
///
/// Files end (or loop), seek, and are played at their own rate or as fast as they are read. Streams are live and
/// reconnect for ever. What ffmpeg says goes to the log.
public final class FFmpegSource: SeekableSource {
  private let worker: FFmpegWorker
  private let shared: Mutex<SourceDescription>

  /// A video file.
  ///
  /// - Throws: ``CaptureError`` when ffmpeg is not installed or finds no video in it.
  public init(file path: String, request: SourceRequest = SourceRequest()) throws(CaptureError) {
    worker = try FFmpegWorker(.file(path), name: path, request: request, timing: FFmpegTiming())
    shared = Mutex(worker.description)
  }

  /// A stream: rtsp, http and whatever else ffmpeg knows.
  ///
  /// - Throws: ``CaptureError`` when ffmpeg is not installed, or the stream does not answer and `request.waits` is off.
  public convenience init(stream address: String, request: SourceRequest = SourceRequest()) throws(CaptureError) {
    try self.init(stream: address, request: request, timing: FFmpegTiming())
  }

  package init(stream address: String, request: SourceRequest, timing: FFmpegTiming) throws(CaptureError) {
    // What is shown of it has no password; only ffmpeg gets the whole.
    worker = try FFmpegWorker(
      .stream(address), name: SourceSecrets.redacted(address), request: request, timing: timing)
    shared = Mutex(worker.description)
  }

  public var description: SourceDescription { shared.withLock { $0 } }
  public var duration: Double? { worker.duration }

  public func next(timeout: Int) throws -> SourceEvent {
    let event = try worker.next(timeout: timeout)
    if worker.descriptionChanged {
      worker.descriptionChanged = false
      shared.withLock { $0 = worker.description }
    }
    return event
  }

  public func seek(to seconds: Double) throws { try worker.seek(to: seconds) }
  public func step(by frames: Int) throws { try worker.step(by: frames) }
  public func close() { worker.close() }
}

/// Patience with a stream, in milliseconds.
package struct FFmpegTiming: Sendable {
  /// To its first header.
  package var start = 15_000
  /// Silence that is reported.
  package var quiet = 1500.0
  /// Silence after which ffmpeg is started anew.
  package var restart = 8000.0
  /// Pauses before attempts; the last one repeats.
  package var pauses = [500.0, 1000, 2000, 5000]

  package init() {}
}

/// Used by the opener first, then only by the capture thread, as ``FrameSource`` promises; hence unchecked.
private final class FFmpegWorker: @unchecked Sendable {
  private let input: FFmpegCommand.Input
  private let name: String
  private let request: SourceRequest
  private let timing: FFmpegTiming
  private let isStream: Bool
  private let logger = Logger(label: "ocellus.capture.ffmpeg")
  private let pool = PixelPool(capacity: 8)
  private var child: ChildProcess?
  private var reader: RawVideoReader?
  private var pacer = FramePacer(system: LinuxSystemCalls())
  private var held: Image?
  private var rate = 25.0
  /// Seconds into the file at which the running ffmpeg began, and frames since.
  private var start = 0.0
  private var sinceStart = 0
  private var count: UInt64 = 0
  private var lastFrame = MonotonicTime.now
  /// Patience with a new connection starts when it does.
  private var launched = MonotonicTime.now
  private var attempt = 0
  private var nextAttempt = MonotonicTime(nanoseconds: 0)
  private var reason = ""
  private var isTroubled = false
  private var isClosed = false
  private(set) var description: SourceDescription
  private(set) var duration: Double?
  var descriptionChanged = false

  init(
    _ input: FFmpegCommand.Input, name: String, request: SourceRequest, timing: FFmpegTiming
  ) throws(CaptureError) {
    self.input = input
    self.name = name
    self.request = request
    var timing = timing
    if let patience = request.patience { timing.restart = patience * 1000 }
    self.timing = timing
    if case .stream = input { isStream = true } else { isStream = false }
    description = SourceDescription(
      name: name, detail: isStream ? "stream" : "video", width: request.width ?? 640, height: request.height ?? 480,
      framesPerSecond: request.framesPerSecond ?? 0, isLive: isStream)
    do throws(CaptureError) {
      try launch()
      guard try awaitHeader() else { throw failure("no video came") }
    } catch {
      stop()
      guard isStream, request.waits, error.kind != .toolMissing else { throw error }
      reason = error.what
      isTroubled = true
      pause()
    }
    if case .file(let path) = input {
      let probe = FFmpegCommand.probe(path)
      duration = probe.duration
      if let codec = probe.codec { description.detail = "video, \(codec)" }
    }
  }

  deinit { stop() }

  func close() {
    isClosed = true
    stop()
  }

  private func stop() {
    child?.close()
    child = nil
    reader = nil
    held = nil
  }

  private func launch() throws(CaptureError) {
    stop()
    do {
      let process = try ChildProcess(FFmpegCommand.decode(input, start: start, request: request))
      child = process
      reader = RawVideoReader(y4m: process.output, pool: pool)
      sinceStart = 0
      launched = MonotonicTime.now
    } catch {
      throw CaptureError(error.kind, error.what, place: name, remedy: error.remedy, errno: error.errno)
    }
  }

  /// Waits for the first header, which says what ffmpeg made of the input.
  private func awaitHeader() throws(CaptureError) -> Bool {
    guard let reader else { return false }
    do {
      guard try reader.readHeader(timeout: timing.start), let header = reader.header else { return false }
      adopt(header)
      return true
    } catch {
      throw failure(error.what)
    }
  }

  private func adopt(_ header: Y4MHeader) {
    // A stream's nominal rate is its clock's, not its pictures': anything above 240 is not believed.
    rate = header.framesPerSecond > 0 && header.framesPerSecond <= 240 ? header.framesPerSecond : 25
    var updated = description
    updated.width = header.width
    updated.height = header.height
    updated.framesPerSecond = rate
    if updated != description {
      description = updated
      descriptionChanged = true
    }
  }

  /// What went wrong, in ffmpeg's last words where it had any.
  private func failure(_ otherwise: String) -> CaptureError {
    _ = child?.finish(within: 300) { logger.warning("\($0)") }
    let words = child?.lastError ?? ""
    let told = words.split(separator: ": ").last.map { String($0) } ?? ""
    return CaptureError(
      isStream ? .deviceFailed : .corrupt, told.isEmpty ? otherwise : "ffmpeg: \(told)", place: name,
      remedy: isStream ? "check the address, or wait for it with --wait" : "")
  }

  // MARK: Frames

  func next(timeout: Int) throws(CaptureError) -> SourceEvent {
    guard !isClosed else { return .end }
    guard let reader, let child else { return try restart(timeout) }
    child.drainErrors { logger.warning("\(name): \($0)") }
    if held == nil {
      let step: RawVideoReader.Step
      do {
        step = try reader.advance(timeout: timeout)
      } catch {
        return try ended(error.what)
      }
      switch step {
      case .picture(let image):
        if sinceStart == 0, let header = reader.header { adopt(header) }
        held = image
      case .waiting: return judgeSilence()
      case .end: return try ended("the stream ended")
      }
    }
    let media = start + Double(sinceStart) / rate
    let isPaced = !isStream && request.pace == .native
    guard let image = held, !isPaced || pacer.isDue(media, timeout: timeout) else { return .nothing }
    return deliver(image, media)
  }

  private func deliver(_ image: Image, _ media: Double) -> SourceEvent {
    held = nil
    count += 1
    sinceStart += 1
    if isTroubled { logger.info("\(name): the picture is back") }
    isTroubled = false
    attempt = 0
    lastFrame = MonotonicTime.now
    var frame = Frame(image: image, sequence: count, timestamp: lastFrame)
    if !isStream { frame.mediaTime = media }
    return .frame(frame)
  }

  private func judgeSilence() -> SourceEvent {
    let silence = MonotonicTime.now.milliseconds(since: max(lastFrame, launched))
    if isStream, silence >= timing.restart {
      lose("no frames arrive, reconnecting")
      return .noSignal(reason: reason, since: lastFrame)
    }
    guard silence >= timing.quiet else { return isTroubled ? .noSignal(reason: reason, since: lastFrame) : .nothing }
    isTroubled = true
    return .noSignal(reason: reason.isEmpty ? "no frames arrive" : reason, since: lastFrame)
  }

  /// ffmpeg's output is over: the end of a file, or a stream that broke.
  private func ended(_ otherwise: String) throws(CaptureError) -> SourceEvent {
    let status = child?.finish(within: 1000) { logger.warning("\(name): \($0)") }
    let words = child?.lastError ?? ""
    if isStream {
      lose(status == 0 || words.isEmpty ? "\(otherwise), reconnecting" : "ffmpeg: \(words), reconnecting")
      return .noSignal(reason: reason, since: lastFrame)
    }
    let hadFrames = sinceStart > 0
    stop()
    if request.loops, hadFrames {
      start = 0
      pacer.restart()
      try launch()
      return .nothing
    }
    isClosed = true
    return status == 0 ? .end : .notice("\(name): \(words.isEmpty ? "ffmpeg failed" : words)")
  }

  // MARK: Reconnecting

  private func lose(_ why: String) {
    stop()
    if why != reason { logger.warning("\(name): \(why)") }
    reason = why
    isTroubled = true
    pause()
  }

  private func pause() {
    let milliseconds = timing.pauses[min(attempt, timing.pauses.count - 1)]
    attempt += 1
    nextAttempt = MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds + Int64(milliseconds * 1e6))
  }

  private func restart(_ timeout: Int) throws(CaptureError) -> SourceEvent {
    let wait = nextAttempt.milliseconds(since: .now)
    if wait > 0 {
      LinuxSystemCalls().sleep(milliseconds: min(timeout, Int(wait.rounded(.up))))
      guard wait <= Double(timeout) else { return .noSignal(reason: reason, since: lastFrame) }
    }
    do {
      try launch()
    } catch {
      lose(error.what)
    }
    return .noSignal(reason: reason, since: lastFrame)
  }

  // MARK: Seeking

  func seek(to seconds: Double) throws(CaptureError) {
    guard !isStream else { throw CaptureError(.unsupported, "a live stream has no position to seek to", place: name) }
    let end = duration.map { max(0, $0 - 1 / rate) } ?? .greatestFiniteMagnitude
    start = min(max(0, seconds.isFinite ? seconds : 0), end)
    isClosed = false
    pacer.restart()
    try launch()
  }

  func step(by frames: Int) throws(CaptureError) {
    // The frame shown last is number sinceStart - 1; the next one comes without any seeking.
    guard frames != 1 else {
      pacer.restart()
      return
    }
    try seek(to: start + (Double(sinceStart - 1) + Double(frames)) / rate)
  }
}
