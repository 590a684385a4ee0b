import CVideo4Linux
import Ground
import Vision

/// Why a filled buffer is not a picture.
enum Damage: String, Sendable {
  case flagged = "the driver marked it as damaged"
  case short = "it is shorter than a picture"
  case notJPEG = "it does not start like a JPEG"
  case undecodable = "it cannot be decoded"
  case truncated = "its JPEG is cut short"
}

/// Turns the bytes of a filled buffer into an image: copies, decodes or converts, by the format that was negotiated.
///
/// Memory comes from a pool; in steady flow no pixels are allocated. Belongs to the capture thread.
final class FrameAssembler {
  struct Assembled {
    var image: Image
    var jpeg: JPEGBytes?
    var decodeNanoseconds: Int64
  }

  private let format: NegotiatedFormat
  private let pool: PixelPool
  private let now: () -> MonotonicTime
  private let decoder: JPEGDecoder
  private let jpegPool = PixelPool(capacity: 8)
  private let converter: OpaquePointer?
  /// Planes of the copied picture and the least bytes that each memory plane must bring.
  private let planes: [Image.Plane]
  private let needed: [Int]
  private let offsets: [Int]
  private let total: Int
  private var deepGrey: DeepGrey?
  private var truncatedInARow = 0

  /// - Throws: ``CaptureError`` when the driver's row lengths cannot hold the picture.
  init(_ format: NegotiatedFormat, pool: PixelPool, now: @escaping () -> MonotonicTime) throws(CaptureError) {
    self.format = format
    self.pool = pool
    self.now = now
    decoder = JPEGDecoder(pool: pool)
    switch format.encoding.handling {
    case .jpeg:
      (planes, needed, offsets, total, converter) = ([], [], [], 0, nil)
    case .deepGrey(let depth, let isBigEndian):
      planes = [Image.Plane(offset: 0, bytesPerRow: format.width, rows: format.height)]
      needed = [max(format.bytesPerRow[0], format.width * 2) * (format.height - 1) + format.width * 2]
      (offsets, total, converter) = ([0], format.width * format.height, nil)
      deepGrey = DeepGrey(depth, isBigEndian: isBigEndian)
    case .converted(let target):
      guard let sizes = target.planeSizes(width: format.width, height: format.height) else {
        throw CaptureError(.unsupported, "pictures of \(format.width)x\(format.height)")
      }
      (planes, needed, offsets) = ([], [], [])
      total = sizes.reduce(0) { $0 + $1.bytesPerRow * $1.rows }
      converter = ocv_converter()
    case .native(let native):
      guard let layout = Self.layout(format, native) else {
        throw CaptureError(.unsupported, "the driver's rows are too short for its pictures")
      }
      (planes, needed, offsets, total) = layout
      converter = nil
    }
  }

  deinit { if let converter { v4lconvert_destroy(converter) } }

  /// The picture in `payload`. `release` is called as soon as the driver's memory is no longer needed.
  func assemble(_ payload: [UnsafeRawBufferPointer], release: () -> Void) -> Result<Assembled, DamagedPicture> {
    switch format.encoding.handling {
    case .native(let native):
      let result = copy(payload, native)
      release()
      return result
    case .jpeg:
      return decode(payload[0], release)
    case .deepGrey:
      let result = reduce(payload[0])
      release()
      return result
    case .converted(let target):
      let result = convert(payload[0], target)
      release()
      return result
    }
  }

  // MARK: Raw formats: one copy, rows as the driver laid them

  private func copy(_ payload: [UnsafeRawBufferPointer], _ native: PixelFormat) -> Result<Assembled, DamagedPicture> {
    let storage = pool.take(total)
    for (index, bytes) in payload.enumerated() {
      guard bytes.count >= needed[index] else { return .failure(DamagedPicture(.short)) }
      let room = (index + 1 < offsets.count ? offsets[index + 1] : total) - offsets[index]
      guard let source = bytes.baseAddress, let target = storage.bytes.baseAddress else { continue }
      switch format.fields {
      case .woven:
        // Safe: at most `room` bytes, which the layout reserved for this plane, and never more than were delivered.
        (target + offsets[index]).copyMemory(from: source, byteCount: min(bytes.count, room))
      case .upperFirst, .lowerFirst: weave(source, into: target, count: needed[index])
      case .single: double(source, into: target, count: needed[index])
      }
    }
    return picture(native, storage, since: nil)
  }

  private func picture(
    _ pixels: PixelFormat, _ storage: PixelStorage, since start: MonotonicTime?
  ) -> Result<Assembled, DamagedPicture> {
    guard
      var image = Image(
        width: format.width, height: format.pictureHeight, format: pixels, fullRange: format.color.fullRange,
        matrix: format.color.matrix, planes: planes, storage: storage)
    else { return .failure(DamagedPicture(.short)) }
    image.levels = deepGrey?.levels
    let spent = start.map { now().nanoseconds(since: $0) } ?? 0
    return .success(Assembled(image: image, jpeg: nil, decodeNanoseconds: spent))
  }

  /// Old grabbers deliver a picture's two fields one behind the other: their rows are put where they belong.
  private func weave(_ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer, count: Int) {
    let stride = planes[0].bytesPerRow
    let last = count - stride * (format.height - 1)
    let upperRows = (format.height + 1) / 2
    let lowerRows = format.height / 2
    for row in 0..<format.height {
      let isUpper = row % 2 == 0
      let before = isUpper == (format.fields == .upperFirst) ? 0 : isUpper ? lowerRows : upperRows
      // Safe: the permutation of rows stays inside the `count` bytes that were delivered, and the target holds as many;
      // only the last source row may be short of its padding.
      (target + row * stride).copyMemory(
        from: source + (before + row / 2) * stride, byteCount: last)
    }
  }

  /// One field alone: each of its rows stands for the other field's next one too, so that things keep their proportions.
  private func double(_ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer, count: Int) {
    let stride = planes[0].bytesPerRow
    let last = count - stride * (format.height - 1)
    for row in 0..<format.pictureHeight {
      // Safe: every source row lies inside the `count` bytes that were delivered, and the layout made room for twice as many.
      (target + row * stride).copyMemory(from: source + row / 2 * stride, byteCount: last)
    }
  }

  // MARK: Grey of more than eight bits

  private func reduce(_ bytes: UnsafeRawBufferPointer) -> Result<Assembled, DamagedPicture> {
    guard bytes.count >= needed[0] else { return .failure(DamagedPicture(.short)) }
    let start = now()
    let storage = pool.take(total)
    guard let target = storage.bytes.baseAddress else { return .failure(DamagedPicture(.short)) }
    deepGrey?.convert(
      bytes, bytesPerRow: max(format.bytesPerRow[0], format.width * 2), width: format.width, height: format.height,
      into: target)
    return picture(.gray8, storage, since: start)
  }

  /// Where the image's planes lie in memory planes that are copied one behind the other.
  private static func layout(
    _ format: NegotiatedFormat, _ native: PixelFormat
  ) -> (planes: [Image.Plane], needed: [Int], offsets: [Int], total: Int)? {
    guard let sizes = native.planeSizes(width: format.width, height: format.height) else { return nil }
    let first = max(format.bytesPerRow[0], sizes[0].bytesPerRow)
    if format.bytesPerRow[0] != 0, format.bytesPerRow[0] < sizes[0].bytesPerRow { return nil }
    var planes: [Image.Plane] = []
    var needed: [Int] = []
    var offsets: [Int] = []
    var at = 0
    for (index, size) in sizes.enumerated() {
      let isOwn = format.encoding.memoryPlanes > 1
      // One memory plane: V4L2 derives the chroma rows' length from the luma's (half of it for separate planes).
      var stride = index == 0 ? first : sizes.count == 2 ? first : first / 2
      if isOwn { stride = max(format.bytesPerRow[index], size.bytesPerRow) }
      guard stride >= size.bytesPerRow else { return nil }
      let rows = size.rows * (format.pictureHeight / format.height)
      planes.append(Image.Plane(offset: at, bytesPerRow: stride, rows: rows))
      // Drivers may leave out the padding after the last row.
      let least = stride * (size.rows - 1) + size.bytesPerRow
      if isOwn || index == 0 {
        offsets.append(at)
        needed.append(least)
      } else {
        needed[0] = at + least
      }
      at += stride * rows
    }
    return (planes, needed, offsets, at)
  }

  // MARK: JPEG

  private func decode(_ bytes: UnsafeRawBufferPointer, _ release: () -> Void) -> Result<Assembled, DamagedPicture> {
    guard bytes.count >= 4 else {
      release()
      return .failure(DamagedPicture(.short))
    }
    guard bytes[0] == 0xFF, bytes[1] == 0xD8 else {
      release()
      return .failure(DamagedPicture(.notJPEG))
    }
    let storage = jpegPool.take(bytes.count)
    storage.bytes.copyMemory(from: bytes)
    // The driver gets its buffer back before the slow part.
    release()
    let start = now()
    let picture: JPEGDecoder.Picture
    do {
      let copied = UnsafeRawBufferPointer(rebasing: storage.bytes[0..<bytes.count])
      picture = try decoder.decode(copied, as: .native, tolerance: .lenient)
    } catch {
      return .failure(DamagedPicture(.undecodable, error.what))
    }
    guard acceptTruncation(picture) else { return .failure(DamagedPicture(.truncated)) }
    return .success(
      Assembled(
        image: picture.image, jpeg: JPEGBytes(storage: storage, count: bytes.count),
        decodeNanoseconds: now().nanoseconds(since: start)))
  }

  /// A picture cut short is half grey, and networks see things in it: it is skipped. But some cameras never send an end
  /// marker, and then every picture looks cut short: after three in a row they are taken as they are.
  private func acceptTruncation(_ picture: JPEGDecoder.Picture) -> Bool {
    guard picture.warning?.kind == .truncated else {
      truncatedInARow = 0
      return true
    }
    truncatedInARow += 1
    return truncatedInARow > 3
  }

  // MARK: libv4l

  /// 4:2:2 in two planes: libv4l turns it into packed rows without padding, and then reads them as if they had it, far past
  /// their end.
  private static let tightOnly = [FourCC("NV16"), FourCC("NV61")]

  /// Copies both planes' rows without their padding; false where the driver brought too few bytes.
  private func tighten(_ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
    let (width, rows, stride) = (format.width, format.height * 2, format.bytesPerRow[0])
    // Both are as large as is checked here, so that every row copied lies inside them.
    guard bytes.count >= stride * (rows - 1) + width, target.count >= width * rows else { return false }
    for row in 0..<rows {
      UnsafeMutableRawBufferPointer(rebasing: target[row * width..<(row + 1) * width]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[row * stride..<row * stride + width]))
    }
    return true
  }

  private func convert(_ bytes: UnsafeRawBufferPointer, _ target: PixelFormat) -> Result<Assembled, DamagedPicture> {
    guard let converter, bytes.count > 0 else { return .failure(DamagedPicture(.short)) }
    let start = now()
    var from = format.raw
    from.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    var to = v4l2_format()
    to.type = from.type
    to.fmt.pix.width = UInt32(format.width)
    to.fmt.pix.height = UInt32(format.height)
    to.fmt.pix.pixelformat = FourCC(target == .rgb24 ? "RGB3" : "YU12").code
    to.fmt.pix.field = V4L2_FIELD_NONE.rawValue
    v4lconvert_fixup_fmt(&to)
    // libv4l trusts lengths that a driver can get wrong, and some of its loops run past the last row: both its input and
    // its output get room for a frame of the widest format.
    let room = max(format.width * format.height * 4, bytes.count, Int(to.fmt.pix.sizeimage)) + 65536
    let source = pool.take(room)
    var count = bytes.count
    if Self.tightOnly.contains(format.encoding.fourCC), format.bytesPerRow[0] > format.width {
      guard tighten(bytes, into: source.bytes) else { return .failure(DamagedPicture(.short)) }
      count = format.width * format.height * 2
      from.fmt.pix.bytesperline = UInt32(format.width)
      from.fmt.pix.sizeimage = UInt32(count)
    } else {
      source.bytes.copyMemory(from: bytes)
    }
    let storage = pool.take(room)
    let written = v4lconvert_convert(
      converter, &from, &to, source.bytes.bindMemory(to: UInt8.self).baseAddress, Int32(clamping: count),
      storage.bytes.bindMemory(to: UInt8.self).baseAddress, Int32(clamping: room))
    withExtendedLifetime(source) {}
    guard Int(written) >= total,
      let image = Image(
        packed: format.width, format.height, target, fullRange: false, matrix: format.color.matrix, storage: storage)
    else {
      // Its messages come from the library's own buffer; nothing is printed.
      let message = v4lconvert_get_error_message(converter).map { String(cString: $0) } ?? ""
      return .failure(DamagedPicture(.undecodable, message))
    }
    return .success(Assembled(image: image, jpeg: nil, decodeNanoseconds: now().nanoseconds(since: start)))
  }
}

/// A damaged picture, with the decoder's words where there are any.
struct DamagedPicture: Error {
  var damage: Damage
  var detail: String

  init(_ damage: Damage, _ detail: String = "") {
    self.damage = damage
    self.detail = detail
  }

  var words: String { detail.isEmpty ? damage.rawValue : "\(damage.rawValue) (\(detail))" }
}
