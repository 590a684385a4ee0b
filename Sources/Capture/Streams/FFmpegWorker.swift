import Ground
import Logging
import Vision

/// Used by the opener first, then only by the capture thread, as ``FrameSource`` promises; hence unchecked.
final class FFmpegWorker: @unchecked Sendable {
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
  private var clock = MediaClock()
  private var held: Image?
  private var rate = 25.0
  /// Seconds into the file at which the running ffmpeg began, and frames since.
  private var start = 0.0
  private var sinceStart = 0
  private var count: UInt64 = 0
  private var lastFrame = MonotonicTime.now
  /// Patience with a new connection starts when it does.
  private var launched = MonotonicTime.now
  private var backoff: Backoff?
  private var reason = ""
  private var isTroubled = false
  private var isClosed = false
  /// What is asked of a file; nil for streams.
  private let playback: Playback?
  let description: PublishedDescription

  init(
    _ input: FFmpegCommand.Input, name: String, detail: String = "stream", request: SourceRequest,
    timing: FFmpegTiming, playback: Playback? = nil
  ) throws(CaptureError) {
    self.playback = playback
    self.input = input
    self.name = name
    self.request = request
    var timing = timing
    if let patience = request.patience { timing.restart = patience * 1000 }
    self.timing = timing
    if case .stream = input { isStream = true } else { isStream = false }
    description = PublishedDescription(
      SourceDescription(
        name: name, detail: detail, width: request.width ?? 640, height: request.height ?? 480,
        framesPerSecond: request.framesPerSecond ?? 0, isLive: isStream))
    do throws(CaptureError) {
      try launch()
      guard try awaitHeader() else { throw failure("no video arrived") }
    } catch {
      stop()
      guard isStream, request.waits, error.kind != .toolMissing else { throw error }
      reason = error.what
      isTroubled = true
      pause()
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
    var updated = description.value
    updated.width = header.width
    updated.height = header.height
    updated.framesPerSecond = rate
    description.publish(updated)
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
    var speed = 1.0
    if let playback {
      guard let order = playback.nextOrder(timeout: timeout) else {
        // While paused, frames are not expected: the time since the last one does not count.
        launched = MonotonicTime.now
        return .nothing
      }
      speed = order.speed
      if let move = order.move {
        try carryOut(move)
      } else if self.reader == nil {
        // The file was at its end while paused.
        guard order.isPlaying else { return endWhilePaused() }
        clock.jump()
        try play(from: 0)
      }
    }
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
    guard let image = held, !isPaced || pacer.isDue(media, speed: speed, timeout: timeout) else { return .nothing }
    return deliver(image, media)
  }

  private func deliver(_ image: Image, _ media: Double) -> SourceEvent {
    held = nil
    count += 1
    sinceStart += 1
    if isTroubled { logger.info("\(name): the picture is back") }
    isTroubled = false
    backoff = nil
    lastFrame = MonotonicTime.now
    var frame = Frame(image: image, sequence: count, timestamp: lastFrame)
    if let playback {
      clock.stamp(&frame, seconds: media, period: 1 / rate)
      playback.delivered(media)
    }
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
      clock.beginLap()
      try play(from: 0)
      return .nothing
    }
    if status == 0, let playback, !playback.status.isPlaying { return endWhilePaused() }
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
    if backoff?.postpone(from: .now) == nil { backoff = Backoff(pauses: timing.pauses, now: .now) }
  }

  private func restart(_ timeout: Int) throws(CaptureError) -> SourceEvent {
    let wait = backoff?.wait(at: .now) ?? 0
    if wait > 0 {
      LinuxSystemCalls().sleep(milliseconds: min(timeout, Int(saturating: wait.rounded(.up))))
      guard wait <= Double(timeout) else { return .noSignal(reason: reason, since: lastFrame) }
    }
    do {
      try launch()
    } catch {
      lose(error.what)
    }
    return .noSignal(reason: reason, since: lastFrame)
  }

  // MARK: Moving about in a file

  private func carryOut(_ move: Playback.Move) throws(CaptureError) {
    // The frame after the one shown last comes without any seeking.
    if move.seconds == nil, move.frames == 1, reader != nil {
      pacer.restart()
      return
    }
    let base = move.seconds ?? start + Double(sinceStart - 1) / rate
    let end = playback?.status.duration.map { max(0, $0 - 1 / rate) } ?? .greatestFiniteMagnitude
    clock.jump()
    try play(from: min(max(0, base + Double(move.frames) / rate), end))
  }

  private func play(from seconds: Double) throws(CaptureError) {
    start = seconds
    pacer.restart()
    try launch()
  }

  private func endWhilePaused() -> SourceEvent {
    playback?.reachedEnd()
    return .nothing
  }
}
