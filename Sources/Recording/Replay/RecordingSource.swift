public import Capture
import Ground
import Synchronization
import Vision

/// Plays a recording as a source of frames: at its own pace, faster, slower, stepwise, from anywhere in it.
///
/// Frames come as the camera sent them, their JPEG included; what the networks said then is beside them:
/// ``recordedResult(at:)``. Every call is thread-safe except ``next(timeout:)``, which is the capture thread's.
public final class RecordingSource: SeekableSource {
  /// How to play.
  public struct Options: Sendable {
    public enum AtEnd: Sendable {
      /// No more frames: the session is over.
      case end
      /// The last picture stays; seeking goes on.
      case hold
      case loop
    }

    public var atEnd = AtEnd.end
    /// 1 is the recording's own speed; 0 is as fast as frames are taken.
    public var speed: Double = 1
    /// The moment to begin at, as nanoseconds of the log's time; nil: the first picture.
    public var begin: UInt64?
    /// Whether it begins stopped, with one picture.
    public var isStopped = false
    /// Which pictures, in a recording with several cameras.
    public var topic: String?
    /// Which results, in a recording with several detectors.
    public var results: String?

    public init() {}
  }

  private struct State: Sendable {
    /// The next picture.
    var index = 0
    /// The one shown last.
    var shown: Int?
    var isPlaying = true
    /// Deliver one picture at once, also while paused.
    var isDue = true
    var speed: Double
    /// What there is to say before the first picture.
    var notices: [String]
    /// At this moment the picture of time ``anchorSeconds`` was due.
    var anchor: MonotonicTime = .now
    var anchorSeconds: Double = 0
    var isClosed = false
    var marks: [PlaybackStatus.Mark] = []
    var clock = MediaClock()
    /// Which picture lies in which memory, of those delivered last.
    var recent: [(storage: ObjectIdentifier, index: Int)] = []
  }

  public let description: SourceDescription
  let pictures: PictureTrack
  let results: ResultTrack
  private let options: Options
  /// Whether the pictures were photos, whose names the results have.
  private let showsPhotos: Bool
  private let failures = Atomic<Int>(0)
  private let state: Monitor<State>
  private let indexer: Mutex<WorkerThread?>
  /// Seconds: pictures further apart are shown as if they were so far apart. Files may claim any time.
  private static let longestPause = 1e6

  private static func possible(_ speed: Double) -> Double {
    max(PlaybackStatus.speeds.lowerBound, min(PlaybackStatus.speeds.upperBound, speed))
  }

  /// Opens a recording.
  ///
  /// - Throws: ``RecordingError`` when it is none, or holds no pictures.
  public convenience init(path: String, options: Options = Options()) throws {
    try self.init(try Recordings.open(path), options: options)
  }

  /// Plays an opened recording.
  public init(_ reader: any RecordingReader, options: Options = Options()) throws {
    pictures = try PictureTrack(reader, topic: options.topic)
    results = try ResultTrack(reader, pictures: pictures, topic: options.results)
    self.options = options
    // A result that cannot be read is told of when its picture is shown.
    showsPhotos = (try? results.result(ofPicture: 0))?.file != nil
    let first = try PictureTrack.firstReadable(pictures)
    let duration = pictures.duration
    description = SourceDescription(
      name: reader.name,
      detail:
        "recording of \(DurationText.tenths(duration)) s, \(pictures.count) pictures on \(pictures.topic)",
      width: first.image.width, height: first.image.height,
      framesPerSecond: duration > 0 ? Double(pictures.count - 1) / duration : 0, isLive: false)
    var opening = State(speed: options.speed > 0 ? RecordingSource.possible(options.speed) : 0, notices: results.notes)
    opening.isPlaying = !options.isStopped
    if let begin = options.begin { opening.index = pictures.index(atLogTime: begin) }
    let state = Monitor(opening)
    self.state = state
    indexer = Mutex(nil)
    let marks = MarkFinder(reader, pictures, results)
    let thread = try WorkerThread(name: "replay-marks") {
      marks.find { found in
        state.update { state in
          state.marks = found
          return !state.isClosed
        }
      }
    }
    indexer.withLock { $0 = thread }
  }

  // MARK: FrameSource

  public func next(timeout: Int) throws -> SourceEvent {
    let deadline = MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds + Int64(max(0, timeout)) * 1_000_000)
    while true {
      if let notice = state.withLock({ $0.notices.isEmpty ? nil : $0.notices.removeFirst() }) {
        return .notice(notice)
      }
      switch state.withLock({ decide(&$0) }) {
      case .deliver(let index): return deliver(index)
      case .end: return .end
      case .wait(let until):
        let now = MonotonicTime.now
        let moment = min(deadline, until ?? deadline)
        if now >= deadline { return .nothing }
        // Woken early by seeks, steps and switches; the decision is made anew either way.
        let before = state.withLock { ($0.index, $0.isPlaying, $0.isDue, $0.speed, $0.isClosed) }
        _ = state.wait(
          timeout: max(0, moment.nanoseconds(since: now)),
          until: { ($0.index, $0.isPlaying, $0.isDue, $0.speed, $0.isClosed) != before }, then: { _ in })
      }
    }
  }

  private enum Decision {
    case deliver(Int)
    /// Nothing until then, or until something changes.
    case wait(until: MonotonicTime?)
    case end
  }

  private func decide(_ state: inout State) -> Decision {
    if state.isClosed { return .end }
    if state.index >= pictures.count {
      switch options.atEnd {
      case .end: return .end
      case .hold:
        state.isPlaying = false
        return .wait(until: nil)
      case .loop:
        state.clock.beginLap()
        move(&state, to: 0)
        state.shown = nil
      }
    }
    let now = MonotonicTime.now
    let seconds = pictures.seconds(state.index)
    if !state.isDue {
      guard state.isPlaying else { return .wait(until: nil) }
      if state.speed > 0 {
        let pause = min(RecordingSource.longestPause, (seconds - state.anchorSeconds) / state.speed)
        let due = state.anchor.nanoseconds + Int64(saturating: pause * 1e9)
        if due > now.nanoseconds { return .wait(until: MonotonicTime(nanoseconds: due)) }
        // A slow consumer makes the replay late; it does not have to catch up.
        if now.nanoseconds - due > 200_000_000 { (state.anchor, state.anchorSeconds) = (now, seconds) }
      }
    } else {
      (state.anchor, state.anchorSeconds) = (now, seconds)
    }
    state.isDue = false
    // The picture after the one shown last follows it, stepped to or played.
    if let shown = state.shown, state.index != shown + 1 { state.clock.jump() }
    state.shown = state.index
    state.index += 1
    return .deliver(state.index - 1)
  }

  private func deliver(_ index: Int) -> SourceEvent {
    let began = MonotonicTime.now
    do {
      let place = showsPhotos ? photo(at: index) : nil
      let picture = try pictures.picture(index, as: place == nil ? .native : .rgb)
      let now = MonotonicTime.now
      var frame = Frame(image: picture.image, sequence: UInt64(index), timestamp: began)
      frame.decodeNanoseconds = now.nanoseconds(since: began)
      frame.jpeg = picture.jpeg
      frame.recorded = pictures.recordedTime(index)
      frame.photo = place
      let isUnrelated = place?.isAlone == true && index > 0
      let storage = ObjectIdentifier(picture.image.storage)
      let period = description.framesPerSecond > 0 ? 1 / description.framesPerSecond : 1.0 / 30
      state.withLock { state in
        if isUnrelated { state.clock.jump() }
        state.clock.stamp(&frame, seconds: pictures.seconds(index), period: period)
        state.recent.removeAll { $0.storage == storage }
        state.recent.append((storage, index))
        if state.recent.count > 64 { state.recent.removeFirst() }
      }
      return .frame(frame)
    } catch {
      failures.add(1, ordering: .relaxed)
      return .notice("\(error)")
    }
  }

  /// Pictures that could not be shown; those met again count again.
  public var refusals: Int { failures.load(ordering: .relaxed) }

  /// The photo that a picture was. It is alone where the recording says that the one before it (of the first: the next) has nothing
  /// to do with it.
  private func photo(at index: Int) -> PhotoPlace? {
    guard let result = recordedResult(at: index), let name = result.file else { return nil }
    var place = PhotoPlace(name: name, number: index + 1, count: pictures.count)
    let neighbour = index > 0 ? index - 1 : 1
    if let timeline = result.timeline, neighbour < pictures.count,
      let other = recordedResult(at: neighbour)?.timeline
    {
      place.isAlone = timeline != other
    }
    return place
  }

  public func close() {
    state.update { $0.isClosed = true }
    let running = indexer.withLock { indexer in
      defer { indexer = nil }
      return indexer
    }
    running?.join()
  }

  // MARK: SeekableSource

  private func move(_ state: inout State, to index: Int) {
    pictures.reader.beginPass()
    state.index = max(0, min(pictures.count - 1, index))
    state.isDue = true
  }

  public func seek(to seconds: Double) {
    guard seconds.isFinite else { return }
    state.update { move(&$0, to: pictures.index(at: seconds)) }
  }

  public func step(by frames: Int) {
    state.update { state in
      state.isPlaying = false
      // Steps that come faster than pictures are decoded add up.
      let from = state.isDue ? state.index : state.shown ?? 0
      move(&state, to: from.addingReportingOverflow(frames).overflow ? from : from + frames)
    }
  }

  public func setPlaying(_ playing: Bool) {
    state.update { state in
      guard playing != state.isPlaying else { return }
      state.isPlaying = playing
      // At the end, play begins anew.
      if playing && state.index >= pictures.count { move(&state, to: 0) }
      state.isDue = state.isDue || playing
    }
  }

  public func setSpeed(_ speed: Double) {
    guard speed.isFinite else { return }
    state.update { state in
      state.speed = RecordingSource.possible(speed)
      (state.anchor, state.anchorSeconds) = (.now, pictures.seconds(min(state.index, pictures.count - 1)))
    }
  }

  /// The log time of the first picture where it can be a time of day: some recorders log the time since a machine's start.
  private var begin: Int64? {
    let century: Int64 = 946_684_800_000_000_000
    return Int64(exactly: pictures.locations[0].logTime).flatMap { $0 >= century ? $0 : nil }
  }

  /// The moment of the picture that is shown, as nanoseconds of the log's time: the same for all cameras of the recording.
  public var logTime: UInt64 { state.withLock { pictures.locations[$0.shown ?? 0].logTime } }

  /// Where the replay stands.
  public var status: PlaybackStatus {
    state.withLock { state in
      PlaybackStatus(
        position: pictures.seconds(state.shown ?? 0), duration: pictures.duration, isPlaying: state.isPlaying,
        speed: state.speed, marks: state.marks, begin: begin, topics: pictures.cameraTopics, topic: pictures.topic)
    }
  }

  // MARK: Recorded results

  /// Whether the recording holds results at all.
  public var hasResults: Bool { !results.isEmpty }

  /// What the networks said about picture `index` when it was recorded; nil where nothing was that can be read.
  public func recordedResult(at index: Int) -> RecordedResult? { try? readResult(at: index) }

  /// What the networks said about picture `index` when it was recorded; nil where nothing was.
  ///
  /// - Throws: ``RecordingError`` when it was recorded and cannot be read.
  func readResult(at index: Int) throws -> RecordedResult? {
    do { return try results.result(ofPicture: index) } catch {
      throw RecordingError(
        .corrupt, "the recorded result of picture \(index + 1) cannot be read: \(RecordedResult.reason(error))",
        place: pictures.reader.name)
    }
  }

  /// Which picture the memory of `image` holds, of the last that were delivered.
  func index(of storage: PixelStorage) -> Int? {
    state.withLock { state in state.recent.last { $0.storage == ObjectIdentifier(storage) }?.index }
  }
}

extension PictureTrack {
  /// The first picture that can be decoded, for its size.
  static func firstReadable(_ pictures: PictureTrack) throws -> Picture {
    var trouble: (any Error)?
    for index in 0..<min(pictures.count, 50) {
      do { return try pictures.picture(index) } catch { trouble = trouble ?? error }
    }
    throw trouble
      ?? RecordingError(.nothingToDo, "the recording holds no pictures", place: pictures.reader.name)
  }
}
