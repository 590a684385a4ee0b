public import Vision

/// A packed RGB picture whose bytes are all `shade`.
public func greyPicture(_ width: Int, _ height: Int, shade: UInt8 = 90) -> Image {
  let storage = PixelStorage(count: width * height * 3)
  storage.bytes.initializeMemory(as: UInt8.self, repeating: shade)
  guard let image = Image(packed: width, height, .rgb24, storage: storage) else {
    preconditionFailure("no picture of \(width)x\(height)")
  }
  return image
}
