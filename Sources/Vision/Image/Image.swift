/// The memory behind an image: 64-byte aligned, fixed in size, freed (or lent again by its ``PixelPool``) when the last
/// image over it goes.
///
/// Sendable although it holds a raw pointer: it is written only by the thread that has just made it or taken it from
/// its pool, before the image over it is shared; afterwards everybody only reads.
public final class PixelStorage: @unchecked Sendable {
  /// The bytes. Valid as long as this object lives.
  public let bytes: UnsafeMutableRawBufferPointer

  /// Allocates `count` bytes, uninitialised.
  public init(count: Int) {
    bytes = .allocate(byteCount: max(1, count), alignment: 64)
  }

  deinit { bytes.deallocate() }
}

/// An immutable picture: pixels of one format over shared storage. Copying copies a reference.
public struct Image: Sendable {
  /// A plane's place in the storage, in bytes.
  public struct Plane: Sendable, Hashable {
    public var offset: Int
    public var bytesPerRow: Int
    public var rows: Int

    public init(offset: Int, bytesPerRow: Int, rows: Int) {
      self.offset = offset
      self.bytesPerRow = bytesPerRow
      self.rows = rows
    }
  }

  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
  public let format: PixelFormat
  /// Whether YUV samples use the full range 0...255 (JPEG) rather than 16...235 (cameras, video); grey always does.
  public let fullRange: Bool
  /// How YUV samples make red, green and blue; of no matter for other formats.
  public let matrix: ColorMatrix
  public let planes: [Plane]
  public let storage: PixelStorage
  /// What grey levels stand for, where the picture was made of measured values; nil for all others.
  public var levels: LevelScale?

  /// An image over `storage`, or nil if the planes are too few, too short, or reach past its end.
  public init?(
    width: Int, height: Int, format: PixelFormat, fullRange: Bool = false, matrix: ColorMatrix = .bt601,
    planes: [Plane], storage: PixelStorage
  ) {
    guard PixelFormat.isReal(width, height), planes.count == format.planeCount else { return nil }
    for (index, plane) in planes.enumerated() {
      let need = format.planeSize(index, width: width, height: height)
      guard plane.offset >= 0, plane.bytesPerRow >= need.bytesPerRow, plane.rows >= need.rows else { return nil }
      let (span, overflow) = plane.bytesPerRow.multipliedReportingOverflow(by: need.rows - 1)
      let (end, overflow2) = span.addingReportingOverflow(need.bytesPerRow)
      guard !overflow, !overflow2, end <= storage.bytes.count, plane.offset <= storage.bytes.count - end else {
        return nil
      }
    }
    self.width = width
    self.height = height
    self.format = format
    self.fullRange = fullRange
    self.matrix = matrix
    self.planes = planes
    self.storage = storage
  }

  /// A tightly packed image whose planes follow one another at the start of `storage`, or nil if it is too small.
  public init?(
    packed width: Int, _ height: Int, _ format: PixelFormat, fullRange: Bool = false, matrix: ColorMatrix = .bt601,
    storage: PixelStorage
  ) {
    guard let sizes = format.planeSizes(width: width, height: height) else { return nil }
    var offset = 0
    var planes: [Plane] = []
    for size in sizes {
      planes.append(Plane(offset: offset, bytesPerRow: size.bytesPerRow, rows: size.rows))
      offset += size.bytesPerRow * size.rows
    }
    self.init(
      width: width, height: height, format: format, fullRange: fullRange, matrix: matrix, planes: planes,
      storage: storage)
  }

  /// The same pixels, where their colours are to be read with another matrix.
  public func meant(as matrix: ColorMatrix) -> Image {
    guard matrix != self.matrix else { return self }
    // The planes were checked when this image was made.
    return Image(
      width: width, height: height, format: format, fullRange: fullRange, matrix: matrix, planes: planes,
      storage: storage)
      ?? self
  }

  /// A picture of middle grey, to try a network with; nil for sizes that no picture has.
  ///
  /// - Parameter format: one of packed bytes, `.gray8` or `.rgb24`.
  public static func grey(_ width: Int, _ height: Int, _ format: PixelFormat = .gray8) -> Image? {
    guard let sizes = format.planeSizes(width: width, height: height) else { return nil }
    let storage = PixelStorage(count: sizes.reduce(0) { $0 + $1.bytesPerRow * $1.rows })
    storage.bytes.initializeMemory(as: UInt8.self, repeating: 128)
    return Image(packed: width, height, format, fullRange: true, storage: storage)
  }

  /// The first byte of plane `index`. Valid while `storage` lives; keep the image alive with `withExtendedLifetime`.
  public func base(ofPlane index: Int) -> UnsafeMutableRawPointer {
    // Safe: every initialiser checked that the plane lies inside the storage, whose base is never nil.
    storage.bytes.baseAddress.unsafelyUnwrapped + planes[index].offset
  }
}
