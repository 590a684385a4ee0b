public import Ground
public import Vision

/// One picture from a source, with what its driver said about it. Immutable; copying copies references.
public struct Frame: Sendable {
  /// The decoded picture, or the camera's raw pixels.
  public var image: Image
  /// The driver's frame number, widened to 64 bits; gaps are the driver's drops.
  public var sequence: UInt64
  /// When the driver finished the picture (or the closest that the source knows).
  public var timestamp: MonotonicTime
  /// How long the source took to get and to decode the picture, in nanoseconds.
  public var captureNanoseconds: Int64
  public var decodeNanoseconds: Int64
  /// The camera's own JPEG bytes, when it sends MJPEG: recordings keep them untouched.
  public var jpeg: JPEGBytes?
  /// Frames the driver lost before this one since the source opened.
  public var driverDrops: UInt64
  /// Whole frames that the source passed over since it opened because a newer one was already there.
  public var passedOver: UInt64
  /// Damaged frames that the source threw away since it opened.
  public var damaged: UInt64
  /// Seconds into a file or recording; nil for live sources.
  public var mediaTime: Double?
  /// How the picture looks, once a ``PictureHealthMonitor`` has seen it.
  public var health: PictureHealth?

  public init(image: Image, sequence: UInt64, timestamp: MonotonicTime) {
    self.image = image
    self.sequence = sequence
    self.timestamp = timestamp
    captureNanoseconds = 0
    decodeNanoseconds = 0
    jpeg = nil
    driverDrops = 0
    passedOver = 0
    damaged = 0
    mediaTime = nil
    health = nil
  }
}

/// A compressed picture as the camera sent it.
public struct JPEGBytes: Sendable {
  public var storage: PixelStorage
  public var count: Int

  public init(storage: PixelStorage, count: Int) {
    self.storage = storage
    self.count = count
  }
}
