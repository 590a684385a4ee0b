import TestSupport
import Testing
import Vision

/// A packed picture of random bytes.
func randomPicture(_ width: Int, _ height: Int, _ format: PixelFormat, fullRange: Bool = false, seed: UInt64 = 1)
  throws -> Image
{
  let sizes = try #require(format.planeSizes(width: width, height: height))
  let storage = PixelStorage(count: sizes.reduce(0) { $0 + $1.bytesPerRow * $1.rows })
  var random = SeededGenerator(seed)
  for index in storage.bytes.indices { storage.bytes[index] = UInt8.random(in: 0...255, using: &random) }
  return try #require(Image(packed: width, height, format, fullRange: fullRange, storage: storage))
}

/// Bytes of a packed RGB picture.
func pixels(_ image: Image) -> [UInt8] {
  let rgb = image.rgb24()
  return withExtendedLifetime(rgb.storage) {
    Array(UnsafeRawBufferPointer(start: rgb.base(ofPlane: 0), count: rgb.width * rgb.height * 3))
  }
}
