import Capture
import Glibc
import Ground
import Perception
import Pipeline
import ROS

/// What the recorder's thread does: begins and ends files, writes frames, watches the disk. That thread only.
final class RecorderWorker {
  private let configuration: RecordingConfiguration
  private let layer: any FileLayer
  private let queue: RecorderQueue
  private var folder: RecordingFolder
  private let preparer: FramePreparer
  private let report: (SessionEvent) -> Void
  private let publish: (RecordingStatus, RecordingOutcome) -> Void

  private var file: RecordingFile?
  private var name = ""
  /// The name that the user gave to the next recording, without ending.
  private var givenName: String?
  private var part = 0
  private var clock: WallClock
  private var clockFollowed: MonotonicTime?
  private var buffer: PreTriggerBuffer
  /// Whether recording, or the watch for the trigger, is switched on.
  private var isWanted = false
  /// The last frame that fired the trigger.
  private var lastTrigger: MonotonicTime?
  /// The newest frame's time, where the source is not live: its time is not the clock's.
  private var mediaTime: MonotonicTime?
  private var outcome = RecordingOutcome()
  private var closing = false
  private var rate = RateMeter()
  private var countedBytes: UInt64 = 0
  private var freeBytes: UInt64?
  private var freeChecked: MonotonicTime?
  /// Bytes of the open file when the free space was looked at last.
  private var floorCheckedBytes: UInt64 = 0
  private var pruned: MonotonicTime?
  private var reportedTrouble: String?
  private var framesBefore: UInt64 = 0

  init(
    _ configuration: RecordingConfiguration, layer: any FileLayer, queue: RecorderQueue,
    report: @escaping (SessionEvent) -> Void, publish: @escaping (RecordingStatus, RecordingOutcome) -> Void
  ) {
    self.configuration = configuration
    self.layer = layer
    self.queue = queue
    self.report = report
    self.publish = publish
    clock = WallClock(offset: configuration.wallClockOffset())
    folder = RecordingFolder(configuration.directory, layer: layer)
    preparer = FramePreparer(quality: configuration.jpegQuality)
    buffer = PreTriggerBuffer(seconds: configuration.preTriggerSeconds, maximumBytes: configuration.preTriggerBytes)
  }

  /// Works until it is told to close.
  func run() {
    reportUnfinished()
    while !closing {
      for item in queue.take(timeout: 50_000_000) {
        handle(item)
        queue.finished(item)
      }
      tick()
      queue.setOpen(!closing && (isWanted || buffer.isEnabled))
    }
  }

  private func handle(_ item: RecorderQueue.Item) {
    switch item {
    case .frame(let result, let hasPicture): handle(result, hasPicture: hasPicture)
    case .event(let event):
      var event = event
      event.time = mediaTime ?? event.time
      if let file { attempt { try file.write(event) } } else { buffer.add(.event(event)) }
    case .setRecording(let on): setRecording(on)
    case .record(let path): record(to: path)
    case .close:
      isWanted = false
      end()
      closing = true
    }
  }

  private func setRecording(_ on: Bool) {
    guard on != isWanted else { return }
    isWanted = on
    guard on else { return end() }
    outcome.failure = nil
    if let trigger = configuration.trigger {
      say(.info, "recording starts at the next \(trigger.label) of \(trigger.confidence) or more")
    } else {
      begin()
    }
  }

  /// Completes the recording that runs, and begins one elsewhere. What is there already stays.
  private func record(to path: String) {
    let ending = ".mcap"
    let isFile = path.hasSuffix(ending)
    guard !isFile || !layer.exists(path) else {
      return say(.warning, "\(path) is there already: give the recording another name")
    }
    setRecording(false)
    let parent = path.folderPath
    folder = RecordingFolder(isFile ? (parent.isEmpty ? "." : parent) : path, layer: layer)
    givenName =
      isFile ? String(path.dropFirst(parent.isEmpty ? 0 : parent.count).drop { $0 == "/" }.dropLast(ending.count)) : nil
    setRecording(true)
  }

  // MARK: Frames

  private func handle(_ result: FrameResult, hasPicture: Bool) {
    mediaTime = result.frame.mediaTime == nil ? nil : result.frame.timestamp
    let fires = configuration.trigger.map { RecorderWorker.fires($0, result) } ?? false
    if fires { lastTrigger = result.frame.timestamp }
    guard file != nil || (isWanted && fires) || buffer.isEnabled else { return }
    let frame = preparer.prepare(result, hasPicture: hasPicture)
    if let trouble = preparer.trouble, trouble != reportedTrouble {
      reportedTrouble = trouble
      say(.warning, "a picture is not recorded: \(trouble)")
    }
    if file == nil && isWanted && fires { begin() }
    guard let file else { return buffer.add(.frame(frame.detached())) }
    let written = file.writer.bytesWritten
    attempt {
      try file.write(frame, drops: queue.drops)
      try keepFloor(file)
      if isFull(file) {
        try split()
      } else if file.writer.bytesWritten > written {
        prune()
      }
    }
    endAfterTrigger(now: result.frame.timestamp)
  }

  private static func fires(_ trigger: RecordingTrigger, _ result: FrameResult) -> Bool {
    result.findings.detections.contains {
      $0.ownConfidence >= trigger.confidence && (trigger.label == "*" || $0.label == trigger.label)
    }
  }

  private func endAfterTrigger(now: MonotonicTime) {
    guard configuration.trigger != nil, file != nil, let lastTrigger else { return }
    if Double(now.nanoseconds(since: lastTrigger)) / 1e9 > configuration.holdSeconds { end() }
  }

  // MARK: Files

  private func begin() {
    attempt {
      try folder.make()
      try checkFreeSpace()
      part = 0
      framesBefore = 0
      try openUnderNewName()
      guard let file else { return }
      say(.info, Recorder.beginning + file.writer.path)
      for entry in buffer.drain() {
        switch entry {
        case .frame(let frame): try file.write(frame, drops: RecordingDrops())
        case .event(let event): try file.write(event)
        }
      }
    }
  }

  /// Another recorder of this folder may take the same name at the same moment: the next free one is taken then.
  private func openUnderNewName() throws {
    var attempts = 0
    while true {
      name = givenName ?? folder.newName()
      givenName = nil
      do { return try open() } catch let error as RecordingError where error.errno == EEXIST && attempts < 100 {
        attempts += 1
      }
    }
  }

  private func open() throws {
    let path = folder.file(name, part: part)
    clock = WallClock(offset: configuration.wallClockOffset())
    file = try RecordingFile(path: path, configuration: configuration, part: part, clock: clock, layer: layer)
    countedBytes = 0
    floorCheckedBytes = 0
    prune()
  }

  private func isFull(_ file: RecordingFile) -> Bool {
    if let limit = configuration.fileBytes {
      if file.writer.bytesWritten + UInt64(file.writer.pendingBytes) >= limit { return true }
    }
    return configuration.splitSeconds.map { file.seconds >= $0 } ?? false
  }

  private func split() throws {
    guard let file else { return }
    try file.finish()
    framesBefore += file.frames
    note(file, at: file.writer.path)
    self.file = nil
    part += 1
    try open()
  }

  private func end() {
    guard let file else { return }
    publishStatus(.finishing)
    attempt {
      try file.finish()
      note(file, at: file.writer.path)
      prune()
      self.file = nil
      let frames = framesBefore + file.frames
      let drops = queue.drops
      let missing = drops.isZero ? "" : ", \(drops.pictures) pictures and \(drops.results) results dropped"
      let severity: SessionEvent.Severity = drops.isZero ? .info : .warning
      say(severity, "recorded \(counted(frames, "frame")) to \(file.writer.path)\(missing)")
    }
  }

  /// Runs what may fail; a failure ends the recording, saves what can be saved, and is told once.
  private func attempt(_ body: () throws -> Void) {
    do { try body() } catch {
      isWanted = false
      let reason = "\(error)"
      // The event says where; a pane has room for what.
      outcome.failure = (error as? RecordingError)?.what ?? reason
      guard let file else { return say(.error, "recording failed: \(reason)") }
      self.file = nil
      if (error as? RecordingError)?.kind == .floorReached, finishWhole(file) {
        return say(.error, "recording stopped: \(reason); everything up to then is in \(file.writer.path)")
      }
      let lost = file.writer.pendingMessages
      say(.error, "recording stopped: \(reason); \(save(file)); \(lost) messages were lost")
    }
  }

  /// Completes a file whose disk is in order, with all that was written into it; whether it could.
  private func finishWhole(_ file: RecordingFile) -> Bool {
    do {
      try file.finish()
      note(file, at: file.writer.path)
      return true
    } catch {
      // Others have filled the disk since: what was told to be saved is less, and ``save(_:)`` says so.
      return false
    }
  }

  /// Completes a file whose disk has failed, or leaves it as it is; says where everything up to then lies.
  private func save(_ file: RecordingFile) -> String {
    let writer = file.writer
    guard layer.exists(writer.workingPath) else {
      writer.abandon()
      return "nothing is left of it under this name"
    }
    do {
      writer.dropChunk()
      try writer.finish()
      note(file, at: writer.path)
      return "everything up to then is in \(writer.path)"
    } catch {
      writer.abandon()
      note(file, at: writer.workingPath)
      return "everything up to then is in \(writer.workingPath); 'ocellus recover' completes it"
    }
  }

  private func note(_ file: RecordingFile, at path: String) {
    outcome.files.append(path)
    outcome.frames += file.keptFrames
  }

  private func say(_ severity: SessionEvent.Severity, _ message: String) {
    report(SessionEvent(severity: severity, message: message))
  }

  private func reportUnfinished() {
    for name in folder.unfinished() {
      say(.warning, "\(name) was cut off: 'ocellus recover \(folder.path)/\(name) OUT.mcap' saves it")
    }
  }

  // MARK: Time and space

  private func tick() {
    let now = MonotonicTime.now
    endAfterTrigger(now: mediaTime ?? now)
    if let file, let opened = file.chunkOpened,
      Double(now.nanoseconds(since: opened)) / 1e9 >= configuration.chunkSeconds
    {
      attempt { try file.closeChunk() }
    }
    if freeChecked.map({ now.nanoseconds(since: $0) >= 500_000_000 }) ?? true {
      freeChecked = now
      freeBytes = folder.freeBytes
      if let file {
        attempt {
          try checkPresence(file)
          try checkFreeSpace(needed: UInt64(file.writer.pendingBytes) + file.writer.summaryBytes)
          try followClock()
        }
      }
    }
    if pruned.map({ now.nanoseconds(since: $0) >= 2_000_000_000 }) ?? true { prune() }
    publishStatus(nil)
  }

  /// A file that was deleted, or whose disk was taken away, still takes every write, and nobody will ever read it.
  private func checkPresence(_ file: RecordingFile) throws {
    guard !layer.exists(file.writer.workingPath) else { return }
    throw RecordingError(
      .fileFailed, "the file has vanished: it was deleted or moved, or its disk was taken away",
      place: file.writer.workingPath, remedy: "check the folder and its disk")
  }

  /// The clock was set, or the machine slept (the monotonic clock stands still then): a new file begins, so that each is of
  /// one piece and has the right time. Not again for a minute: two time servers that disagree must not cut it to pieces.
  private func followClock() throws {
    let now = MonotonicTime.now
    let jump = configuration.wallClockOffset() - clock.offset
    guard abs(jump) >= 2_000_000_000, clockFollowed.map({ now.milliseconds(since: $0) >= 60_000 }) ?? true else {
      return
    }
    clockFollowed = now
    let seconds = abs(jump) / 1_000_000_000
    say(.warning, "the clock went \(jump > 0 ? "on" : "back") by \(seconds) s: a new file begins with the new time")
    try split()
  }

  private func checkFreeSpace() throws { try checkFreeSpace(needed: 0) }

  /// - Parameter needed: bytes that completing the open file takes.
  private func checkFreeSpace(needed: UInt64) throws {
    freeBytes = folder.freeBytes
    let floor = configuration.freeFloorBytes
    guard let freeBytes, freeBytes < floor.addingReportingOverflow(needed).partialValue else { return }
    func mebibytes(_ bytes: UInt64) -> String {
      bytes >= 10 << 20 ? String(bytes >> 20) : DurationText.tenths(Double(bytes) / 1_048_576)
    }
    let rest = freeBytes < floor ? "" : "; with the end of the file it is"
    throw RecordingError(
      .floorReached,
      "only \(mebibytes(freeBytes)) MiB are free\(rest), less than the floor of \(mebibytes(floor)) MiB",
      place: folder.path, remedy: "free some space or record elsewhere")
  }

  /// Bytes after which the free space is looked at again, in a fast recording between two looks of ``tick()``.
  private static let floorStep: UInt64 = 1 << 16

  /// Ends the recording while what it holds still fits above the floor: half a second of a fast one may be more than that.
  private func keepFloor(_ file: RecordingFile) throws {
    let pending = UInt64(file.writer.pendingBytes)
    guard file.writer.bytesWritten + pending >= floorCheckedBytes + RecorderWorker.floorStep else { return }
    floorCheckedBytes = file.writer.bytesWritten + pending
    try checkFreeSpace(needed: pending + file.writer.summaryBytes + RecorderWorker.floorStep)
  }

  private func prune() {
    guard let total = configuration.totalBytes, let file else { return }
    pruned = .now
    // The open chunk and the summary are still to come.
    let pending = UInt64(file.writer.pendingBytes) + file.writer.summaryBytes
    let removed = folder.prune(to: total - min(total, pending), keeping: fileName(of: file.writer.path))
    for name in removed { say(.info, "removed the oldest recording, \(name)") }
    let gone = Set(removed.map { "\(folder.path)/\($0)" })
    outcome.removed += outcome.files.count { gone.contains($0) }
    outcome.files.removeAll { gone.contains($0) }
  }

  private func publishStatus(_ forced: RecordingStatus.State?) {
    let state = forced ?? (file != nil ? .recording : outcome.failure.map { .failed(reason: $0) } ?? .idle)
    var status = RecordingStatus(state: state, path: file?.writer.path ?? folder.path)
    status.dropped = queue.drops.pictures + queue.drops.results
    status.freeBytes = freeBytes
    if let file {
      let bytes = file.writer.bytesWritten
      if bytes > countedBytes { rate.add(Int(clamping: bytes - countedBytes)) }
      countedBytes = bytes
      status.since = file.first
      status.seconds = file.seconds
      status.bytes = bytes
      status.bytesPerSecond = rate.rate()
      status.frames = framesBefore + file.frames
      if status.bytesPerSecond > 0, let freeBytes {
        let usable = freeBytes - min(freeBytes, configuration.freeFloorBytes)
        status.freeSeconds = Double(usable) / status.bytesPerSecond
      }
    }
    publish(status, outcome)
  }
}
