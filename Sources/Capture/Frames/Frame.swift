public import Ground
public import Vision

/// One picture from a source, with what its driver said about it. Immutable; copying copies references.
public struct Frame: Sendable {
  /// The decoded picture, or the camera's raw pixels.
  public var image: Image
  /// The driver's frame number, widened to 64 bits; gaps are the driver's drops.
  public var sequence: UInt64
  /// The picture's own time: everything that measures the time between pictures counts with it.
  ///
  /// Of a live source: when the driver finished the picture (or the closest that the source knows). Of a file, a folder or
  /// a recording: the time that the first picture was delivered, and from there on the media's own time, however fast it is
  /// played (``MediaClock``). It always grows.
  public var timestamp: MonotonicTime
  /// When the picture came to be on the machine's clock: latencies and ages count from here. The timestamp of a live
  /// source; when a picture of a file was delivered.
  public var captured: MonotonicTime
  /// Another number than the frame before has: the source went on from somewhere else in its file, or with an unrelated photo,
  /// and what was remembered of earlier frames says nothing about this one.
  public var timeline: UInt64 = 0
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
  /// Seconds into a file, folder or recording; nil for live sources.
  public var mediaTime: Double?
  /// When the picture was taken, by a recording; nil for other sources.
  public var recorded: RecordedTime?
  /// The photo's place in its folder; nil for frames of other sources.
  public var photo: PhotoPlace?
  /// How the picture looks, once a ``PictureHealthMonitor`` has seen it.
  public var health: PictureHealth?

  /// A frame of a live source; ``MediaClock`` gives those of files their time.
  public init(image: Image, sequence: UInt64, timestamp: MonotonicTime) {
    self.image = image
    self.sequence = sequence
    self.timestamp = timestamp
    captured = timestamp
    captureNanoseconds = 0
    decodeNanoseconds = 0
    jpeg = nil
    driverDrops = 0
    passedOver = 0
    damaged = 0
    mediaTime = nil
    recorded = nil
    health = nil
  }
}

/// When a picture of a recording was taken, by the clocks of the machine that recorded it.
public struct RecordedTime: Sendable, Hashable {
  /// Nanoseconds since 1970 (UTC).
  public var wall: UInt64
  /// Nanoseconds on the machine's monotonic clock; nil where the recording does not say.
  public var monotonic: Int64?

  public init(wall: UInt64, monotonic: Int64?) {
    self.wall = wall
    self.monotonic = monotonic
  }
}

/// A photo's place among those that are shown.
public struct PhotoPlace: Sendable, Equatable {
  /// The file's name, without its folder.
  public var name: String
  /// From 1.
  public var number: Int
  public var count: Int
  /// It has nothing to do with the photos before and after it.
  public var isAlone = false

  public init(name: String, number: Int, count: Int) {
    self.name = name
    self.number = number
    self.count = count
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
