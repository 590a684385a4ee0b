/// sensor_msgs/msg/CompressedImage.
struct CompressedImage: ROSMessage, Sendable, Equatable {
  static let typeName = "sensor_msgs/msg/CompressedImage"

  var header: ROSHeader
  /// "jpeg", "png", or as image_transport writes it: "rgb8; jpeg compressed bgr8".
  var format: String
  var data: ArraySlice<UInt8>

  init(header: ROSHeader, format: String, data: ArraySlice<UInt8>) {
    self.header = header
    self.format = format
    self.data = data
  }

  func encode(to out: inout CDREncoder) {
    data.withUnsafeBytes { CompressedImage.encode(header, format: format, data: $0, to: &out) }
  }

  /// Encodes a picture that lies elsewhere, without a copy between.
  static func encode(_ header: ROSHeader, format: String, data: UnsafeRawBufferPointer, to out: inout CDREncoder) {
    header.encode(to: &out)
    out.append(format)
    out.append(bytes: data)
  }

  init(from reader: inout CDRDecoder) throws {
    header = try ROSHeader(from: &reader)
    format = try reader.string()
    data = try reader.bytes()
  }
}

/// sensor_msgs/msg/Image: uncompressed pixels.
struct RawImage: ROSMessage, Sendable, Equatable {
  static let typeName = "sensor_msgs/msg/Image"

  var header: ROSHeader
  var height: UInt32
  var width: UInt32
  /// A name of sensor_msgs/image_encodings.hpp: "rgb8", "bgr8", "mono8", "yuv422_yuy2", "bayer_rggb8", …
  var encoding: String
  var isBigEndian: Bool
  /// Bytes a row.
  var step: UInt32
  var data: ArraySlice<UInt8>

  init(header: ROSHeader, width: UInt32, height: UInt32, encoding: String, step: UInt32, data: ArraySlice<UInt8>) {
    self.header = header
    self.width = width
    self.height = height
    self.encoding = encoding
    isBigEndian = false
    self.step = step
    self.data = data
  }

  func encode(to out: inout CDREncoder) {
    header.encode(to: &out)
    out.append(height)
    out.append(width)
    out.append(encoding)
    out.append(UInt8(isBigEndian ? 1 : 0))
    out.append(step)
    data.withUnsafeBytes { out.append(bytes: $0) }
  }

  init(from reader: inout CDRDecoder) throws {
    header = try ROSHeader(from: &reader)
    height = try reader.integer()
    width = try reader.integer()
    encoding = try reader.string()
    isBigEndian = try reader.integer(UInt8.self) != 0
    step = try reader.integer()
    data = try reader.bytes()
  }
}
