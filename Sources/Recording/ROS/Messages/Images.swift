/// sensor_msgs/msg/CompressedImage.
struct CompressedImage: ROSMessage, Sendable, Equatable {
  static let typeName = "sensor_msgs/msg/CompressedImage"

  var header = ROSHeader()
  /// "jpeg", "png", or as image_transport writes it: "rgb8; jpeg compressed bgr8".
  var format = ""
  var data: ArraySlice<UInt8> = []

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&format)
    try coder.code(&data)
  }

  /// Encodes a picture that lies elsewhere, without a copy between.
  static func encode(_ header: ROSHeader, format: String, data: UnsafeRawBufferPointer, to out: inout CDREncoder) {
    header.encode(to: &out)
    out.append(format)
    out.append(bytes: data)
  }
}

/// sensor_msgs/msg/Image: uncompressed pixels.
struct RawImage: ROSMessage, Sendable, Equatable {
  static let typeName = "sensor_msgs/msg/Image"

  var header = ROSHeader()
  var height: UInt32 = 0
  var width: UInt32 = 0
  /// A name of sensor_msgs/image_encodings.hpp: "rgb8", "bgr8", "mono8", "yuv422_yuy2", "bayer_rggb8", …
  var encoding = ""
  /// Whether samples of two bytes are big-endian: not 0.
  var bigEndian: UInt8 = 0
  /// Bytes a row.
  var step: UInt32 = 0
  var data: ArraySlice<UInt8> = []

  var isBigEndian: Bool { bigEndian != 0 }

  mutating func fields<Coder: CDRCoder>(_ coder: inout Coder) throws(Coder.Failure) {
    try header.fields(&coder)
    try coder.code(&height)
    try coder.code(&width)
    try coder.code(&encoding)
    try coder.code(&bigEndian)
    try coder.code(&step)
    try coder.code(&data)
  }
}
