/// sensor_msgs/msg/CompressedImage.
public struct CompressedImage: ROSMessage, Sendable, Equatable {
  public static let typeName = "sensor_msgs/msg/CompressedImage"

  public var header = ROSHeader()
  /// "jpeg", "png", or as image_transport writes it: "rgb8; jpeg compressed bgr8".
  public var format = ""
  public var data: ArraySlice<UInt8> = []

  public init() {}

  public init(header: ROSHeader = ROSHeader(), format: String = "", data: ArraySlice<UInt8> = []) {
    self.header = header
    self.format = format
    self.data = data
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&format)
    try coder.code(&data)
  }

  /// Encodes a picture that lies elsewhere, without a copy between.
  public static func encode(_ header: ROSHeader, format: String, data: UnsafeRawBufferPointer, to out: inout CDREncoder)
  {
    header.encode(to: &out)
    out.append(format)
    out.append(bytes: data)
  }
}

/// sensor_msgs/msg/Image: uncompressed pixels.
public struct RawImage: ROSMessage, Sendable, Equatable {
  public static let typeName = "sensor_msgs/msg/Image"

  public var header = ROSHeader()
  public var height: UInt32 = 0
  public var width: UInt32 = 0
  /// A name of sensor_msgs/image_encodings.hpp: "rgb8", "bgr8", "mono8", "yuv422_yuy2", "bayer_rggb8", …
  public var encoding = ""
  /// Whether samples of two bytes are big-endian: not 0.
  public var bigEndian: UInt8 = 0
  /// Bytes a row.
  public var step: UInt32 = 0
  public var data: ArraySlice<UInt8> = []

  public var isBigEndian: Bool { bigEndian != 0 }

  public init() {}

  public init(
    header: ROSHeader = ROSHeader(), height: UInt32 = 0, width: UInt32 = 0, encoding: String = "", bigEndian: UInt8 = 0,
    step: UInt32 = 0, data: ArraySlice<UInt8> = []
  ) {
    self.header = header
    self.height = height
    self.width = width
    self.encoding = encoding
    self.bigEndian = bigEndian
    self.step = step
    self.data = data
  }

  public mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&height)
    try coder.code(&width)
    try coder.code(&encoding)
    try coder.code(&bigEndian)
    try coder.code(&step)
    try coder.code(&data)
  }
}
