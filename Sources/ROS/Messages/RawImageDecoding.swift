import Ground
public import Vision

/// Turns pictures of sensor_msgs/msg/Image into pictures of the flow. Encodings: sensor_msgs/image_encodings.hpp.
public enum RawImageDecoding {
  private struct Layout {
    var format: PixelFormat
    var bytesPerPixel: Int
    /// Writes one row: source, target, width.
    var convert: @Sendable (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer, Int) -> Void
  }

  private static func copied(_ format: PixelFormat, _ bytesPerPixel: Int) -> Layout {
    Layout(format: format, bytesPerPixel: bytesPerPixel) { source, target, width in
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<min(source.count, target.count)]))
    }
  }

  private static let layouts: [String: Layout] = {
    let bgr = copied(.bgr24, 3)
    let gray = copied(.gray8, 1)
    let bgra = Layout(format: .rgb24, bytesPerPixel: 4) { source, target, width in
      for x in 0..<width {
        target[3 * x] = source[4 * x + 2]
        target[3 * x + 1] = source[4 * x + 1]
        target[3 * x + 2] = source[4 * x]
      }
    }
    return [
      "rgb8": copied(.rgb24, 3), "bgr8": bgr, "8UC3": bgr, "rgba8": copied(.rgba32, 4), "bgra8": bgra, "8UC4": bgra,
      "mono8": gray, "8UC1": gray, "yuv422": copied(.uyvy, 2), "uyvy": copied(.uyvy, 2),
      "yuv422_yuy2": copied(.yuyv, 2), "yuyv": copied(.yuyv, 2),
    ]
  }()

  /// Encodings of a plane of brightness and one of chroma, 4:2:0, and whether V comes before U.
  private static let chromaIsSwapped = ["nv12": false, "nv21": true]

  /// Whether pictures of an encoding are decoded, and whether they have colours.
  static func kind(_ encoding: String) -> PictureKind? {
    if bayerTiles[encoding] != nil || chromaIsSwapped[encoding] != nil { return .color }
    return layouts[encoding].map { $0.format == .gray8 ? .grey : .color }
  }

  /// For each Bayer encoding, the colour (0 red, 1 green, 2 blue) of the four pixels of its tile, row by row.
  private static let bayerTiles: [String: [Int]] = [
    "bayer_rggb8": [0, 1, 1, 2], "bayer_bggr8": [2, 1, 1, 0], "bayer_gbrg8": [1, 2, 0, 1],
    "bayer_grbg8": [1, 0, 2, 1],
  ]

  /// Pictures of eight bits a sample; ``DeepPictures`` decodes those of more.
  ///
  /// - Throws: ``ROSError`` for encodings that are not known, and for sizes that the data does not bear out.
  public static func image(_ raw: RawImage, pool: PixelPool) throws -> Image {
    let width = Int(raw.width)
    let height = Int(raw.height)
    if let tile = bayerTiles[raw.encoding] { return try demosaiced(raw, tile, pool) }
    if let isSwapped = chromaIsSwapped[raw.encoding] { return try semiplanar(raw, isSwapped, pool) }
    guard let layout = layouts[raw.encoding] else {
      let known = Array(layouts.keys) + bayerTiles.keys + chromaIsSwapped.keys + DeepPictures.encodings
      throw ROSError(
        .unsupported, "pictures are encoded as '\(raw.encoding)'",
        remedy: "known are \(known.sorted().joined(separator: ", "))")
    }
    // 4:2:2 keeps pixels in pairs: an odd width has half a pair more.
    let pixels = layout.format == .uyvy || layout.format == .yuyv ? (width + 1) / 2 * 2 : width
    let rowBytes = try check(raw, rowBytes: pixels * layout.bytesPerPixel)
    let target = try allocate(width, height, layout.format, pool)
    raw.data.withUnsafeBytes { source in
      for y in 0..<height {
        let row = UnsafeRawBufferPointer(rebasing: source[y * Int(raw.step)..<y * Int(raw.step) + rowBytes])
        layout.convert(row, rowMemory(of: target, y), width)
      }
    }
    return target
  }

  /// - Parameter rows: rows of the data; nil for as many as the picture has.
  static func check(_ raw: RawImage, rowBytes: Int, rows: Int? = nil) throws -> Int {
    let step = Int(raw.step)
    guard raw.width > 0, raw.height > 0, raw.width <= 32768, raw.height <= 32768, step >= rowBytes,
      raw.data.count >= rowBytes, (raw.data.count - rowBytes) / max(1, step) >= (rows ?? Int(raw.height)) - 1
    else { throw ROSError(.corrupt, "a picture of \(raw.width)x\(raw.height) has too few bytes") }
    return rowBytes
  }

  static func allocate(_ width: Int, _ height: Int, _ format: PixelFormat, _ pool: PixelPool) throws -> Image {
    guard let sizes = format.planeSizes(width: width, height: height) else {
      throw ROSError(.tooLarge, "a picture of \(width)x\(height)")
    }
    let storage = pool.take(sizes.reduce(0) { $0 + $1.bytesPerRow * $1.rows })
    guard let image = Image(packed: width, height, format, storage: storage) else {
      throw ROSError(.tooLarge, "a picture of \(width)x\(height)")
    }
    return image
  }

  private static func rowMemory(of image: Image, _ y: Int) -> UnsafeMutableRawBufferPointer {
    let bytes = image.planes[0].bytesPerRow
    // Safe: the image was allocated here, is not shared yet, and `y` is one of its rows.
    return UnsafeMutableRawBufferPointer(start: image.base(ofPlane: 0) + y * bytes, count: bytes)
  }

  /// The rows of brightness, then those of chroma, all `step` bytes apart.
  private static func semiplanar(_ raw: RawImage, _ isSwapped: Bool, _ pool: PixelPool) throws -> Image {
    let (width, height, step) = (Int(raw.width), Int(raw.height), Int(raw.step))
    let chroma = (width + 1) / 2 * 2
    _ = try check(raw, rowBytes: chroma, rows: height + (height + 1) / 2)
    let target = try allocate(width, height, .nv12, pool)
    raw.data.withUnsafeBytes { source in
      for (plane, first, count) in [(0, 0, width), (1, height, chroma)] {
        let (base, rowBytes) = (target.base(ofPlane: plane), target.planes[plane].bytesPerRow)
        for row in 0..<target.planes[plane].rows {
          // Safe: the image was allocated here with these rows, and the data was checked to hold them.
          let out = UnsafeMutableRawBufferPointer(start: base + row * rowBytes, count: count)
          let from = (first + row) * step
          out.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<from + count]))
          guard plane == 1, isSwapped else { continue }
          for x in stride(from: 0, to: count, by: 2) { out.swapAt(x, x + 1) }
        }
      }
    }
    return target
  }

  /// Each missing colour is the mean of the neighbours that have it (bilinear).
  private static func demosaiced(_ raw: RawImage, _ tile: [Int], _ pool: PixelPool) throws -> Image {
    let width = Int(raw.width)
    let height = Int(raw.height)
    _ = try check(raw, rowBytes: width)
    let step = Int(raw.step)
    let target = try allocate(width, height, .rgb24, pool)
    raw.data.withUnsafeBytes { source in
      for y in 0..<height {
        let row = rowMemory(of: target, y)
        for x in 0..<width {
          var sums = (0, 0, 0)
          var counts = (0, 0, 0)
          for ny in max(0, y - 1)...min(height - 1, y + 1) {
            for nx in max(0, x - 1)...min(width - 1, x + 1) {
              let value = Int(source[ny * step + nx])
              switch tile[(ny & 1) * 2 + (nx & 1)] {
              case 0: (sums.0, counts.0) = (sums.0 + value, counts.0 + 1)
              case 1: (sums.1, counts.1) = (sums.1 + value, counts.1 + 1)
              default: (sums.2, counts.2) = (sums.2 + value, counts.2 + 1)
              }
            }
          }
          row[3 * x] = UInt8(sums.0 / max(1, counts.0))
          row[3 * x + 1] = UInt8(sums.1 / max(1, counts.1))
          row[3 * x + 2] = UInt8(sums.2 / max(1, counts.2))
        }
      }
    }
    return target
  }
}
