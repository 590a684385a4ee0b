import Glibc
public import Ground
import Synchronization
import Vision

/// Uncompressed pictures from standard input, a pipe or a Y4M file: what other programs feed us with.
///
/// `-` reads Y4M, `-:rgb24` (or another ``PixelFormat``) bare pictures of the size asked for. Standard input and pipes
/// are live, files are played at their own rate.
public final class RawVideoSource: FrameSource {
  public let description: SourceDescription
  private let worker: RawVideoWorker

  /// - Parameter name: `-` or `-:FORMAT`.
  public init(standardInputAs name: String, request: SourceRequest = SourceRequest()) throws(CaptureError) {
    guard isatty(0) == 0 else {
      throw CaptureError(
        .notFound, "no frames on standard input: it is a terminal", place: name,
        remedy: "pipe Y4M into it: ffmpeg … -f yuv4mpegpipe - | ocellus run --headless --source -")
    }
    let raw = name.hasPrefix("-:") ? try Self.rawFormat(String(name.dropFirst(2)), request, name) : nil
    worker = try RawVideoWorker(descriptor: dup(0), name: name, raw: raw, isFile: false, request: request)
    description = worker.description
  }

  /// - Parameter path: a Y4M file or a named pipe.
  public init(path: String, request: SourceRequest = SourceRequest()) throws(CaptureError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw CaptureError(.notFound, String(cString: strerror(errno)), place: path, errno: errno)
    }
    var status = stat()
    let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    worker = try RawVideoWorker(descriptor: descriptor, name: path, raw: nil, isFile: isFile, request: request)
    description = worker.description
  }

  /// For tests and other rooms: reads `descriptor`, which it takes over.
  package init(descriptor: Int32, name: String, isFile: Bool, request: SourceRequest) throws(CaptureError) {
    worker = try RawVideoWorker(descriptor: descriptor, name: name, raw: nil, isFile: isFile, request: request)
    description = worker.description
  }

  public func next(timeout: Int) throws -> SourceEvent { try worker.next(timeout: timeout) }

  public var refusals: Int { worker.refusals.load(ordering: .relaxed) }

  public func close() { worker.close() }

  private static func rawFormat(
    _ name: String, _ request: SourceRequest, _ place: String
  ) throws(CaptureError) -> Y4MHeader {
    guard let format = PixelFormat(rawValue: name) else {
      throw CaptureError(
        .badName, "no pixel format '\(name)'", place: place,
        remedy: PixelFormat.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard let width = request.width, let height = request.height, format.planeSizes(width: width, height: height) != nil
    else {
      throw CaptureError(.badName, "bare frames need a size", place: place, remedy: "for instance --size 640x480")
    }
    return Y4MHeader(raw: format, width: width, height: height, framesPerSecond: request.framesPerSecond ?? 0)
  }
}

/// Used by the opener first, then only by the capture thread, as ``FrameSource`` promises; hence unchecked.
private final class RawVideoWorker: @unchecked Sendable {
  let description: SourceDescription
  /// Pictures that were cut short.
  let refusals = Atomic<Int>(0)
  private var descriptor: Int32
  private let name: String
  private let isFile: Bool
  private let request: SourceRequest
  private let pool = PixelPool(capacity: 8)
  private var reader: RawVideoReader
  private var pacer = FramePacer(system: LinuxSystemCalls())
  private var clock = MediaClock()
  private let resampler = Resampler()
  private var held: Image?
  private var count: UInt64 = 0
  private var lapCount: UInt64 = 0
  private var lastFrame = MonotonicTime.now

  init(
    descriptor: Int32, name: String, raw: Y4MHeader?, isFile: Bool, request: SourceRequest
  ) throws(CaptureError) {
    self.descriptor = descriptor
    self.name = name
    self.isFile = isFile
    self.request = request
    if let raw {
      reader = RawVideoReader(raw: descriptor, format: raw, pool: pool)
    } else {
      reader = RawVideoReader(y4m: descriptor, pool: pool)
    }
    do throws(CaptureError) {
      guard try reader.readHeader(timeout: 10_000), let header = reader.header else {
        throw CaptureError(.corrupt, "no Y4M header arrived")
      }
      description = SourceDescription(
        name: name, detail: raw == nil ? "Y4M" : "bare \(header.format.rawValue)", width: header.squareSize.width,
        height: header.squareSize.height, framesPerSecond: request.framesPerSecond ?? header.framesPerSecond,
        isLive: !isFile)
    } catch {
      Glibc.close(descriptor)
      throw CaptureError(
        error.kind, error.what, place: name,
        remedy: error.remedy.isEmpty && !isFile
          ? "for bare pictures use --source -:rgb24 --size 640x480" : error.remedy, errno: error.errno)
    }
  }

  deinit { close() }

  func close() {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    descriptor = -1
  }

  func next(timeout: Int) throws(CaptureError) -> SourceEvent {
    guard descriptor >= 0 else { return .end }
    if held == nil {
      let step: RawVideoReader.Step
      do {
        step = try reader.advance(timeout: timeout)
      } catch {
        throw CaptureError(error.kind, error.what, place: name, remedy: error.remedy, errno: error.errno)
      }
      switch step {
      case .picture(let image): held = withSquarePixels(image)
      case .waiting:
        let silence = MonotonicTime.now.milliseconds(since: lastFrame)
        return silence < 1000 ? .nothing : .noSignal(reason: "no frames arrive", since: lastFrame)
      case .end(let missing): return atEnd(missing)
      }
    }
    let rate = description.framesPerSecond > 0 ? description.framesPerSecond : 25
    let media = Double(count) / rate
    let isPaced = isFile && request.pace == .native
    guard let image = held, !isPaced || pacer.isDue(media, timeout: timeout) else { return .nothing }
    held = nil
    count += 1
    lapCount += 1
    lastFrame = MonotonicTime.now
    var frame = Frame(image: image, sequence: count, timestamp: lastFrame)
    if isFile { clock.stamp(&frame, seconds: media, period: 1 / rate) }
    return .frame(frame)
  }

  private func withSquarePixels(_ image: Image) -> Image {
    guard image.width != description.width || image.height != description.height else { return image }
    return resampler.scaled(image, width: description.width, height: description.height, filter: .bilinear) ?? image
  }

  private func atEnd(_ missing: Bool) -> SourceEvent {
    if isFile, request.loops, lapCount > 0, lseek(descriptor, 0, Int32(SEEK_SET)) == 0 {
      lapCount = 0
      reader = RawVideoReader(y4m: descriptor, pool: pool)
      return .nothing
    }
    close()
    if missing { refusals.add(1, ordering: .relaxed) }
    return missing ? .notice("\(name): the last picture is cut short") : .end
  }
}
