import Ground
import Logging
import Synchronization
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
  /// The picture to show when its time has come, and the one that was read last and passed over.
  private var held: Picture?
  private var passed: Picture?
  private let notes = PictureNotes()
  /// Which pictures of a file are wanted.
  private var cursor: VideoCursor
  private var rate = 25.0
  /// Pictures read from the running ffmpeg, and the time of the last.
  private var sinceStart = 0
  private var lastTime: Double?
  /// Whether the file's last picture is at hand, and nothing behind it.
  private var isAtEnd = false
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
  /// How often ffmpeg failed before a file's end.
  private let failures = Atomic<Int>(0)
  /// Whether the file is read from its start: a place in its midst may lack what the first pictures build on.
  private var isFromStart = true
  /// Whether a file's damage was told of, once, and what is still to be told.
  private var hasToldDamage = false
  private var untold: String?
  /// Lines of the running ffmpeg that were logged, and the last of them.
  private var logged = 0
  private var lastLogged = ""
  private static let mostLogged = 100
  let description: PublishedDescription

  init(
    _ input: FFmpegCommand.Input, name: String, detail: String = "stream", request: SourceRequest,
    timing: FFmpegTiming, playback: Playback? = nil
  ) throws(CaptureError) {
    self.playback = playback
    cursor = VideoCursor(duration: playback?.status.duration)
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
      try launch(at: 0)
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

  /// A picture and its time, in seconds from a file's start.
  private struct Picture {
    var image: Image
    var time: Double
  }

  /// Pictures that could not be had.
  var refusals: Int { failures.load(ordering: .relaxed) }

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

  /// - Parameter start: seconds into a file.
  private func launch(at start: Double) throws(CaptureError) {
    stop()
    notes.clear()
    isFromStart = start <= 0
    (logged, lastLogged) = (0, "")
    isAtEnd = false
    passed = nil
    lastTime = nil
    do {
      let process = try ChildProcess(FFmpegCommand.decode(input, start: start, request: request)) { [notes] in
        notes.take($0)
      }
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
    guard let reader, let child else { return false }
    let deadline = MonotonicTime.now.nanoseconds + Int64(timing.start) * 1_000_000
    do {
      // What ffmpeg says has to be read as well, or it stands still.
      while try !reader.readHeader(timeout: 100) {
        child.drainErrors { log($0) }
        guard !reader.isClosed, MonotonicTime.now.nanoseconds < deadline else { return false }
      }
      guard let header = reader.header else { return false }
      adopt(header)
      return true
    } catch {
      throw failure(error.what)
    }
  }

  private func adopt(_ header: Y4MHeader) {
    // A stream's nominal rate is its clock's, not its pictures': anything above 240 is not believed.
    rate = header.framesPerSecond > 0 && header.framesPerSecond <= 240 ? header.framesPerSecond : 25
    cursor.rate = rate
    var updated = description.value
    updated.width = header.width
    updated.height = header.height
    updated.framesPerSecond = rate
    description.publish(updated)
  }

  /// Logs a line of ffmpeg's. Of a damaged file it says the same of every picture.
  private func log(_ line: String) {
    guard line != lastLogged, logged < FFmpegWorker.mostLogged else { return }
    lastLogged = line
    logged += 1
    logger.warning("\(name): \(line)\(logged == FFmpegWorker.mostLogged ? " (further lines are left out)" : "")")
  }

  /// What went wrong, in ffmpeg's last words where it had any.
  private func failure(_ otherwise: String) -> CaptureError {
    _ = child?.finish(within: 300) { log($0) }
    let words = child?.lastError ?? ""
    if words.contains("matches no streams") {
      return CaptureError(.corrupt, "there are no pictures in it, only other streams such as sound", place: name)
    }
    let told = words.split(separator: ": ").last.map { String($0) } ?? ""
    return CaptureError(
      isStream ? .deviceFailed : .corrupt, told.isEmpty ? otherwise : "ffmpeg: \(told)", place: name,
      remedy: isStream ? "check the address, or wait for it with --wait" : "")
  }

  // MARK: Frames

  func next(timeout: Int) throws(CaptureError) -> SourceEvent {
    if let text = untold {
      untold = nil
      return .notice(text)
    }
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
        guard try carryOut(move) else { return endWhilePaused() }
      } else if isAtEnd, held == nil, order.isPlaying {
        return try finish()
      } else if self.reader == nil, held == nil {
        // The file was at its end while paused.
        guard order.isPlaying else { return endWhilePaused() }
        clock.jump()
        try begin()
      }
    }
    if held == nil, let event = try read(timeout) { return event }
    let isPaced = !isStream && request.pace == .native
    guard let picture = held, !isPaced || pacer.isDue(picture.time, speed: speed, timeout: timeout) else {
      return .nothing
    }
    return deliver(picture)
  }

  /// Reads until the picture that is wanted is held.
  ///
  /// - Returns: what to report when there is none yet.
  private func read(_ timeout: Int) throws(CaptureError) -> SourceEvent? {
    let deadline = MonotonicTime.now.nanoseconds + Int64(max(0, timeout)) * 1_000_000
    while held == nil {
      let left = max(0, (deadline - MonotonicTime.now.nanoseconds) / 1_000_000)
      if let event = try readOnce(Int(left)) { return event }
      if left == 0, held == nil { return .nothing }
    }
    return nil
  }

  /// Reads the next picture, which is then held if it is the one that is wanted.
  private func readOnce(_ timeout: Int) throws(CaptureError) -> SourceEvent? {
    guard let reader, let child else { return try restart(timeout) }
    child.drainErrors { log($0) }
    let step: RawVideoReader.Step
    do {
      step = try reader.advance(timeout: timeout)
    } catch {
      return try ended(error.what)
    }
    switch step {
    case .picture(let image):
      try judge(noted(image, child))
      return nil
    case .waiting: return judgeSilence()
    case .end: return try ended("the stream ended")
    }
  }

  /// The picture with what ffmpeg said of it.
  private func noted(_ image: Image, _ child: ChildProcess) -> Picture {
    if sinceStart == 0, let header = reader?.header { adopt(header) }
    // The note was written before the picture, perhaps after the last look.
    child.drainErrors { log($0) }
    let note = notes.take(sinceStart)
    sinceStart += 1
    let time = note?.seconds ?? lastTime.map { $0 + 1 / rate } ?? cursor.position
    lastTime = time
    return Picture(image: note.map { image.meant(as: $0.matrix) } ?? image, time: time)
  }

  /// Holds the picture, passes over it, or reads from elsewhere.
  private func judge(_ picture: Picture) throws(CaptureError) {
    guard playback != nil else {
      held = picture
      return
    }
    let step = cursor.read(picture.time)
    if step == .show { held = picture } else { passed = picture }
    if case .open(let seconds) = step { try launch(at: seconds) }
  }

  private func deliver(_ picture: Picture) -> SourceEvent {
    let (image, media) = (picture.image, picture.time)
    held = nil
    count += 1
    if isTroubled { logger.info("\(name): the picture is back") }
    isTroubled = false
    backoff = nil
    lastFrame = MonotonicTime.now
    var frame = Frame(image: image, sequence: count, timestamp: lastFrame)
    if let playback {
      clock.stamp(&frame, seconds: media, period: 1 / rate)
      playback.delivered(media)
      // Played again, a file that was paused on its last picture starts over.
      if isAtEnd, !playback.status.isPlaying { isAtEnd = false }
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
  ///
  /// - Returns: nil where a picture is held, or reading goes on elsewhere in the file.
  private func ended(_ otherwise: String) throws(CaptureError) -> SourceEvent? {
    let status = child?.finish(within: 1000) { log($0) }
    let words = child?.lastError ?? ""
    if isStream {
      lose(status == 0 || words.isEmpty ? "\(otherwise), reconnecting" : "ffmpeg: \(words), reconnecting")
      return .noSignal(reason: reason, since: lastFrame)
    }
    let last = passed
    stop()
    noteDamage()
    if status != 0, !request.loops || sinceStart == 0 {
      failures.add(1, ordering: .relaxed)
      isClosed = true
      untold = nil
      return .notice("\(name): \(words.isEmpty ? "ffmpeg failed" : words)")
    }
    switch cursor.end() {
    case .open(let seconds):
      try launch(at: seconds)
      return nil
    case .showLast:
      held = last
      isAtEnd = true
      return nil
    case .show, .pass, .nothing: return try finish()
    }
  }

  /// ffmpeg reads on behind damage and ends as if nothing were wrong. That pictures are missing or spoilt is told once.
  private func noteDamage() {
    guard isFromStart, !hasToldDamage, let damage = notes.damage else { return }
    hasToldDamage = true
    failures.add(1, ordering: .relaxed)
    untold =
      "\(name): the file is damaged, pictures may be missing or spoilt (ffmpeg: \(FFmpegCommand.withoutPointers(damage)))"
  }

  /// Behind a file's last picture.
  private func finish() throws(CaptureError) -> SourceEvent {
    isAtEnd = false
    if request.loops, sinceStart > 0 {
      clock.beginLap()
      try begin()
      return .nothing
    }
    if let playback, !playback.status.isPlaying { return endWhilePaused() }
    isClosed = true
    // Nobody asks again after the end.
    if let text = untold {
      untold = nil
      return .notice(text)
    }
    return .end
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
      try launch(at: 0)
    } catch {
      lose(error.what)
    }
    return .noSignal(reason: reason, since: lastFrame)
  }

  // MARK: Moving about in a file

  /// False where there is nothing to go to.
  private func carryOut(_ move: Playback.Move) throws(CaptureError) -> Bool {
    pacer.restart()
    switch cursor.go(to: move.seconds, by: move.frames, isOpen: reader != nil) {
    case .show, .pass, .showLast:
      // The pictures after the one shown last come without any seeking.
      return true
    case .nothing: return false
    case .open(let seconds):
      clock.jump()
      try launch(at: seconds)
      return true
    }
  }

  private func begin() throws(CaptureError) {
    cursor.restart()
    pacer.restart()
    try launch(at: 0)
  }

  private func endWhilePaused() -> SourceEvent {
    playback?.reachedEnd()
    return .nothing
  }
}
