import Ground
import Vision

/// Makes pictures worse, in the ways that lenses, light and sensors do. Works on a copy; used for trials only, so it is
/// plain rather than quick.
enum PictureSpoiler {
  static func spoil(_ image: Image, _ kind: SourceFault.Kind, frame: UInt64) -> Image {
    let storage = PixelStorage(count: image.storage.bytes.count)
    storage.bytes.copyMemory(from: UnsafeRawBufferPointer(image.storage.bytes))
    guard
      let copy = Image(
        width: image.width, height: image.height, format: image.format, fullRange: image.fullRange,
        matrix: image.matrix, planes: image.planes, storage: storage)
    else { return image }
    switch kind {
    case .dark: map(copy) { _, value in UInt8(Int(value) * 33 / 255) }
    case .overexposed: map(copy) { _, value in UInt8(min(255, Int(value) + 190)) }
    case .cover: map(copy) { index, _ in UInt8(8 + ((index &+ Int(frame)) &* 2_654_435_761 >> 16 & 0xFF) % 3) }
    case .flicker: map(copy) { _, value in frame % 2 == 0 ? value : UInt8(Int(value) * 3 / 4) }
    case .noise:
      var random = frame &* 0x9E37_79B9_7F4A_7C15 | 1
      map(copy) { _, value in
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return UInt8(min(255, max(0, Int(value) + Int(random & 127) - 64)))
      }
    case .blur: blur(copy)
    case .freeze, .stall, .disconnect, .drops, .fail, .end: break
    }
    return copy
  }

  /// The brightness samples, or all channels of RGB: bytes from `first`, `step` apart.
  private static func samples(_ image: Image) -> (first: Int, step: Int, count: Int) {
    let layout = LumaLayout(image)
    let isRGB = image.format == .rgb24 || image.format == .bgr24 || image.format == .rgba32
    return isRGB ? (0, 1, image.width * layout.step) : (layout.offset, layout.step, image.width)
  }

  private static func map(_ image: Image, _ change: (Int, UInt8) -> UInt8) {
    let (first, step, count) = samples(image)
    for row in 0..<image.height {
      let line = image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self) + row * image.planes[0].bytesPerRow
      for index in 0..<count {
        let at = first + index * step
        line[at] = change(row * count + index, line[at])
      }
    }
  }

  /// Box blur, twice along the rows and once down the columns: out of focus by some ten pixels.
  private static func blur(_ image: Image) {
    let (first, step, count) = samples(image)
    let channels = count / image.width
    let base = image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self)
    let stride = image.planes[0].bytesPerRow
    for _ in 0..<2 {
      for row in 0..<image.height {
        for channel in 0..<channels {
          box(base + row * stride + first + channel * step, image.width, channels * step, radius: 10)
        }
      }
    }
    for index in 0..<count { box(base + first + index * step, image.height, stride, radius: 10) }
  }

  /// Running mean over `count` samples that lie `step` bytes apart.
  private static func box(_ line: UnsafeMutablePointer<UInt8>, _ count: Int, _ step: Int, radius: Int) {
    let source = (0..<count).map { Int(line[$0 * step]) }
    var sum = 0
    var width = 0
    for index in 0..<count + radius {
      if index < count {
        sum += source[index]
        width += 1
      }
      let old = index - 2 * radius - 1
      if old >= 0, old < count {
        sum -= source[old]
        width -= 1
      }
      let centre = index - radius
      if centre >= 0, centre < count { line[centre * step] = UInt8(sum / max(1, width)) }
    }
  }
}
