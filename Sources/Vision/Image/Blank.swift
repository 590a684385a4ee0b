extension Image {
  /// A picture of one grey; nil where the size is not possible.
  ///
  /// - Parameter level: 0 is black, 255 white.
  public static func blank(width: Int, height: Int, level: UInt8 = 0) -> Image? {
    guard (1...1 << 15).contains(width), (1...1 << 15).contains(height) else { return nil }
    let storage = PixelStorage(count: width * height)
    storage.bytes.initializeMemory(as: UInt8.self, repeating: level)
    return Image(packed: width, height, .gray8, storage: storage)
  }
}
