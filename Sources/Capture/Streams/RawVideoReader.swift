import Glibc
import Ground
import Vision

/// Reads uncompressed pictures from a descriptor, Y4M or bare, as they arrive: no call waits longer than it was told.
///
/// Belongs to one thread. Does not own the descriptor.
final class RawVideoReader {
  enum Step {
    case picture(Image)
    /// Not enough yet.
    case waiting
    /// The stream is over; `missing` when it ended in the middle of a picture.
    case end(missing: Bool)
  }

  /// What is expected next in the stream.
  private enum Phase { case header, frameLine, pixels }

  private let descriptor: Int32
  private let pool: PixelPool
  private var phase: Phase
  private(set) var header: Y4MHeader?
  /// Whether the writer's end is closed.
  private(set) var isClosed = false
  private let isY4M: Bool
  /// Bytes read ahead of a line's end.
  private var ahead: [UInt8] = []
  private var taken = 0
  private var line: [UInt8] = []
  private var filling: PixelStorage?
  /// A picture that was whole before anybody asked for one, with the header.
  private var early: Image?
  private var filled = 0

  /// A Y4M stream, which says itself what it holds.
  init(y4m descriptor: Int32, pool: PixelPool) {
    self.descriptor = descriptor
    self.pool = pool
    phase = .header
    isY4M = true
  }

  /// Bare pictures of a format and size known beforehand.
  init(raw descriptor: Int32, format: Y4MHeader, pool: PixelPool) {
    self.descriptor = descriptor
    self.pool = pool
    header = format
    phase = .pixels
    isY4M = false
  }

  /// Goes on reading for at most `timeout` milliseconds, until a picture is whole.
  func advance(timeout: Int) throws(CaptureError) -> Step {
    if let picture = early {
      early = nil
      return .picture(picture)
    }
    let deadline = MonotonicTime.now.nanoseconds + Int64(max(0, timeout)) * 1_000_000
    while true {
      if let picture = try consume() { return .picture(picture) }
      let left = Int((deadline - MonotonicTime.now.nanoseconds) / 1_000_000)
      switch try fill(waiting: max(0, left)) {
      case .got: continue
      case .nothing: return .waiting
      case .closed: return .end(missing: filled > 0 || !line.isEmpty || phase == .header)
      }
    }
  }

  /// Reads on until the header is known; false when the time is over.
  func readHeader(timeout: Int) throws(CaptureError) -> Bool {
    let deadline = MonotonicTime.now.nanoseconds + Int64(timeout) * 1_000_000
    while header == nil {
      early = try consume()
      if header != nil { break }
      let left = Int((deadline - MonotonicTime.now.nanoseconds) / 1_000_000)
      guard left > 0, case .got = try fill(waiting: left) else { return false }
    }
    return true
  }

  // MARK: Parsing what has been read

  private func consume() throws(CaptureError) -> Image? {
    while true {
      switch phase {
      case .header:
        guard try readLine() else { return nil }
        header = try Y4MHeader(line)
        line = []
        phase = .frameLine
      case .frameLine:
        guard try readLine() else { return nil }
        guard line.starts(with: Y4MHeader.frameMagic) else {
          throw CaptureError(.corrupt, "the Y4M stream has no FRAME line where one should be")
        }
        line = []
        phase = .pixels
      case .pixels:
        guard let picture = takePixels() else { return nil }
        if isY4M { phase = .frameLine }
        return picture
      }
    }
  }

  /// Moves bytes to `line` up to a newline; false when it has not come yet.
  private func readLine() throws(CaptureError) -> Bool {
    while taken < ahead.count {
      let byte = ahead[taken]
      taken += 1
      if byte == 10 { return true }
      line.append(byte)
      if line.count > Y4MHeader.longestLine || (phase == .header && !Y4MHeader.magic.starts(with: line.prefix(9))) {
        throw CaptureError(.corrupt, "not a Y4M stream")
      }
    }
    return false
  }

  /// The picture, once all its bytes are there.
  private func takePixels() -> Image? {
    guard let header else { return nil }
    let needed = header.pictureBytes
    let storage = filling ?? pool.take(needed)
    filling = storage
    let spare = min(ahead.count - taken, needed - filled)
    if spare > 0 {
      ahead.withUnsafeBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: storage.bytes[filled..<filled + spare])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + spare]))
      }
      taken += spare
      filled += spare
    }
    guard filled == needed else { return nil }
    filled = 0
    filling = nil
    return Image(
      packed: header.width, header.height, header.format, fullRange: header.fullRange, matrix: header.matrix,
      storage: storage)
  }

  // MARK: Reading

  private enum Read { case got, nothing, closed }

  /// One read: straight into the picture where one is being filled, else a little ahead.
  private func fill(waiting milliseconds: Int) throws(CaptureError) -> Read {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let ready = poll(&request, 1, Int32(clamping: milliseconds))
    guard ready > 0 else { return .nothing }
    let count: Int
    if phase == .pixels, taken == ahead.count, let storage = filling, let header {
      let needed = header.pictureBytes
      count = read(descriptor, storage.bytes.baseAddress.map { $0 + filled }, needed - filled)
      if count > 0 { filled += count }
    } else {
      if taken == ahead.count {
        ahead.removeAll(keepingCapacity: true)
        taken = 0
      }
      let before = ahead.count
      ahead.append(contentsOf: repeatElement(0, count: 4096))
      count = ahead.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + before }, 4096) }
      ahead.removeLast(4096 - max(0, count))
    }
    if count > 0 { return .got }
    if count == 0 {
      isClosed = true
      return .closed
    }
    if errno == EINTR || errno == EAGAIN { return .nothing }
    throw CaptureError(.deviceFailed, "cannot read (\(String(cString: strerror(errno))))", errno: errno)
  }
}

extension Y4MHeader {
  /// The format of bare pictures.
  init(raw format: PixelFormat, width: Int, height: Int, framesPerSecond: Double) {
    self.width = width
    self.height = height
    self.format = format
    fullRange = false
    matrix = ColorMatrix(ofSize: width, height)
    pixelShape = 1
    self.framesPerSecond = framesPerSecond
  }

  /// Bytes of one packed picture.
  var pictureBytes: Int {
    (format.planeSizes(width: width, height: height) ?? []).reduce(0) { $0 + $1.bytesPerRow * $1.rows }
  }
}
