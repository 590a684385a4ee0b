import Glibc
public import Ground
import Synchronization
import Vision

/// A photo, or the photos of a folder, each in its turn.
///
/// A single photo rests: it is delivered once, and then stays or ends as ``SourceRequest/afterPhoto`` says; or it
/// is repeated like the picture of a camera. A folder ends after its last photo unless it loops; at its native
/// pace it shows two photos a second. Its photos are unrelated, each with a ``Frame/timeline`` of its own, unless they are
/// frames of a film (``PhotoList/Tracking``). Photos that cannot be read are passed over, told of and counted.
public final class PhotoSource: FrameSource {
  private let worker: PhotoWorker
  /// What other threads may ask for.
  private let shared: Mutex<(description: SourceDescription, refusals: Int)>

  /// Opens the photo, or the folder of photos, at `path`.
  ///
  /// - Throws: ``CaptureError`` when there is no photo there, or none of them can be decoded.
  public convenience init(path: String, request: SourceRequest = SourceRequest()) throws(CaptureError) {
    try self.init(path: path, request: request, system: LinuxSystemCalls())
  }

  package init(path: String, request: SourceRequest, system: any SystemCalls) throws(CaptureError) {
    worker = try PhotoWorker(path: path, request: request, system: system)
    shared = Mutex((worker.description, worker.refusals))
  }

  public var description: SourceDescription { shared.withLock { $0.description } }
  public var refusals: Int { shared.withLock { $0.refusals } }

  public func next(timeout: Int) throws -> SourceEvent {
    let event = worker.next(timeout: timeout)
    switch event {
    case .frame, .notice: shared.withLock { $0 = (worker.description, worker.refusals) }
    case .nothing, .noSignal, .end: break
    }
    return event
  }

  public func close() { worker.close() }
}

/// Used by the opener first, then only by the capture thread, as ``FrameSource`` promises; hence unchecked.
private final class PhotoWorker: @unchecked Sendable {
  /// A photo in memory.
  private struct Photo {
    var image: Image
    /// The file's bytes, where it is a JPEG: recordings keep them untouched.
    var jpeg: JPEGBytes?
    var decodeNanoseconds: Int64
    /// What is wrong with it although it is shown.
    var warning: CodecError?
  }

  private let photos: PhotoList
  private var paths: [String] { photos.paths }
  private var isStill: Bool { !photos.isFolder }
  private let request: SourceRequest
  private let rate: Double
  private let system: any SystemCalls
  private var pacer: FramePacer
  private var clock = MediaClock()
  private let pool = PixelPool(capacity: 4)
  /// The next photo to show and its picture, once it is decoded.
  private var index = 0
  private var pending: Photo?
  /// The photo shown last, where it may be followed by another frame of its film.
  private var sketch: PhotoSketch?
  private var shown: UInt64 = 0
  private var lapFrames = 0
  private var isClosed = false
  /// What is still to be told of photos: those before the first that could be shown, damage of one that is shown.
  private var notices: [String] = []
  /// Photos that could not be shown.
  private(set) var refusals = 0
  private(set) var description: SourceDescription

  init(path: String, request: SourceRequest, system: any SystemCalls) throws(CaptureError) {
    self.request = request
    self.system = system
    photos = try PhotoList(path, system: system)
    pacer = FramePacer(system: system)
    let isStill = !photos.isFolder
    rate = min(max(request.framesPerSecond ?? (isStill ? 30 : 2), 0.01), 1000)
    let isFilm = photos.tracking == .on || (photos.tracking == .auto && photos.isNumbered)
    let count = "\(photos.paths.count) \(photos.paths.count == 1 ? "photo" : "photos")"
    description = SourceDescription(
      name: photos.name, detail: isStill ? "photo" : count + (isFilm ? " as a film" : ""), width: 0, height: 0,
      framesPerSecond: isStill && request.afterPhoto != .again ? 0 : rate, isLive: isStill)
    description.isStill = isStill
    guard !paths.isEmpty else {
      throw CaptureError(
        .notFound, "no photos in the folder", place: photos.name,
        remedy: "files that end in \(PhotoFormat.endings.joined(separator: ", ")) are shown")
    }
    try loadFirst()
    if let image = pending?.image {
      description.width = image.width
      description.height = image.height
    }
  }

  private func loadFirst() throws(CaptureError) {
    var failure: CodecError?
    while pending == nil, index < paths.count {
      do {
        try loadNext()
      } catch {
        failure = failure ?? error
        notices.append(error.line)
        refuse()
      }
    }
    if pending == nil, let failure {
      throw CaptureError(Self.kind(failure.kind), failure.what, place: failure.place, remedy: failure.remedy)
    }
  }

  private func loadNext() throws(CodecError) {
    let photo = try load(paths[index])
    if let warning = photo.warning { notices.append("\(warning.line); it is shown all the same") }
    pending = photo
  }

  private func refuse() {
    refusals += 1
    index += 1
  }

  private static func kind(_ kind: CodecError.Kind) -> CaptureError.Kind {
    switch kind {
    case .notFound: .notFound
    case .unreadable, .unwritable: .noPermission
    case .unsupported, .notAnImage, .tooLarge, .outOfMemory: .unsupported
    case .truncated, .corrupt: .corrupt
    }
  }

  func close() {
    isClosed = true
    pending = nil
  }

  func next(timeout: Int) -> SourceEvent {
    guard !isClosed else { return .end }
    if !notices.isEmpty { return .notice(notices.removeFirst()) }
    if index == paths.count {
      // A lap in which nothing could be shown would repeat forever.
      guard request.loops, lapFrames > 0 else { return .end }
      index = 0
      lapFrames = 0
    }
    if isStill, shown > 0, request.afterPhoto != .again {
      if request.afterPhoto == .end { return .end }
      system.sleep(milliseconds: timeout)
      return .nothing
    }
    if pending == nil {
      do {
        try loadNext()
      } catch {
        refuse()
        return .notice(error.line)
      }
      if !notices.isEmpty { return .notice(notices.removeFirst()) }
    }
    let media = Double(shown) / rate
    guard let photo = pending, request.pace == .unlimited || pacer.isDue(media, timeout: timeout) else {
      return .nothing
    }
    return .frame(show(photo, at: media))
  }

  private func show(_ photo: Photo, at media: Double) -> Frame {
    shown += 1
    lapFrames += 1
    description.width = photo.image.width
    description.height = photo.image.height
    var frame = Frame(image: photo.image, sequence: shown, timestamp: system.now)
    frame.jpeg = photo.jpeg
    frame.decodeNanoseconds = photo.decodeNanoseconds
    frame.photo = PhotoPlace(
      name: String(paths[index].split(separator: "/").last ?? ""), number: index + 1, count: paths.count)
    if isStill {
      frame.photo?.isAlone = request.afterPhoto != .again
      pending?.decodeNanoseconds = 0
    } else {
      frame.photo?.isAlone = !photos.isNumbered && photos.tracking != .on || photos.tracking == .off
      if !continuesFilm(photo.image) { clock.jump() }
      clock.stamp(&frame, seconds: media, period: 1 / rate)
      pending = nil
      index += 1
    }
    return frame
  }

  /// Whether objects of the photo before may be looked for in this one.
  private func continuesFilm(_ image: Image) -> Bool {
    switch photos.tracking {
    case .on: return true
    case .off: return shown == 1
    case .auto:
      guard photos.isNumbered else { return shown == 1 }
      let before = sketch
      let now = PhotoSketch(image)
      sketch = now
      return before.map { now.continues($0) } ?? true
    }
  }

  private func load(_ path: String) throws(CodecError) -> Photo {
    let start = system.now
    let photo = try PhotoFile.read(path, pool: pool)
    return Photo(
      image: photo.image, jpeg: photo.format == .jpeg ? jpeg(photo.bytes) : nil,
      decodeNanoseconds: system.now.nanoseconds(since: start), warning: photo.warning)
  }

  private func jpeg(_ bytes: [UInt8]) -> JPEGBytes {
    bytes.withUnsafeBytes { raw in
      let storage = PixelStorage(count: raw.count)
      storage.bytes.copyMemory(from: raw)
      return JPEGBytes(storage: storage, count: raw.count)
    }
  }
}
