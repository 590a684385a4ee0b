import Ground
import Vision

/// Reads single pixels of one row as sRGB. One type per memory layout, so that the sampler's loop is specialised.
protocol PixelReader {
  /// Moves to a row of the image.
  mutating func select(row: Int)
  /// The pixel in a column of the selected row.
  func pixel(_ x: Int) -> (red: Int, green: Int, blue: Int)
}

/// Turns Y'CbCr into R'G'B' with the image's matrix and range, factors scaled by 256.
struct YUVConversion {
  private let lumaOffset: Int
  private let luma: Int
  private let redV: Int
  private let greenU: Int
  private let greenV: Int
  private let blueU: Int

  init(_ image: Image) {
    let terms = image.matrix.terms(fullRange: image.fullRange, scale: 256)
    (lumaOffset, luma) = (terms.lumaOffset, terms.luma)
    (redV, greenU) = (terms.redV, terms.greenU)
    (greenV, blueU) = (terms.greenV, terms.blueU)
  }

  @inline(__always)
  func rgb(_ y: UInt8, _ u: UInt8, _ v: UInt8) -> (red: Int, green: Int, blue: Int) {
    let c = (Int(y) &- lumaOffset) &* luma &+ 128
    let d = Int(u) &- 128
    let e = Int(v) &- 128
    return (
      Self.clamp((c &+ redV &* e) >> 8), Self.clamp((c &- greenU &* d &- greenV &* e) >> 8),
      Self.clamp((c &+ blueU &* d) >> 8)
    )
  }

  @inline(__always)
  private static func clamp(_ value: Int) -> Int { value < 0 ? 0 : value > 255 ? 255 : value }
}

// Safe in all readers below: `Image` has checked that every plane holds its rows, and the sampler asks only for rows and
// columns inside the image, which it keeps alive.

struct PackedReader: PixelReader {
  private let base: UnsafePointer<UInt8>
  private let bytesPerRow: Int
  private let stride: Int
  private let red: Int
  private let green: Int
  private let blue: Int
  private var row: UnsafePointer<UInt8>

  init(_ image: Image, stride: Int, red: Int, green: Int, blue: Int) {
    base = UnsafePointer(image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self))
    bytesPerRow = image.planes[0].bytesPerRow
    self.stride = stride
    self.red = red
    self.green = green
    self.blue = blue
    row = base
  }

  mutating func select(row y: Int) { row = base + y * bytesPerRow }

  @inline(__always)
  func pixel(_ x: Int) -> (red: Int, green: Int, blue: Int) {
    let p = row + x &* stride
    return (Int(p[red]), Int(p[green]), Int(p[blue]))
  }
}

/// Two pixels in four bytes.
struct PackedYUVReader: PixelReader {
  private let base: UnsafePointer<UInt8>
  private let bytesPerRow: Int
  private let luma: Int
  private let chroma: Int
  private let conversion: YUVConversion
  private var row: UnsafePointer<UInt8>

  /// - Parameters:
  ///   - luma: the first Y's place among the four bytes.
  ///   - chroma: U's place; V is two further.
  init(_ image: Image, luma: Int, chroma: Int) {
    base = UnsafePointer(image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self))
    bytesPerRow = image.planes[0].bytesPerRow
    self.luma = luma
    self.chroma = chroma
    conversion = YUVConversion(image)
    row = base
  }

  mutating func select(row y: Int) { row = base + y * bytesPerRow }

  @inline(__always)
  func pixel(_ x: Int) -> (red: Int, green: Int, blue: Int) {
    let pair = row + (x >> 1) &* 4
    return conversion.rgb(pair[luma &+ (x & 1) &* 2], pair[chroma], pair[chroma &+ 2])
  }
}

/// Luma and chroma in planes of their own.
struct PlanarYUVReader: PixelReader {
  private let y: UnsafePointer<UInt8>
  private let u: UnsafePointer<UInt8>
  private let v: UnsafePointer<UInt8>
  private let lumaBytes: Int
  private let uBytes: Int
  private let vBytes: Int
  private let chromaStep: Int
  private let rowShift: Int
  private let conversion: YUVConversion
  private var lumaRow: UnsafePointer<UInt8>
  private var uRow: UnsafePointer<UInt8>
  private var vRow: UnsafePointer<UInt8>

  init(_ image: Image) {
    func plane(_ index: Int) -> UnsafePointer<UInt8> {
      UnsafePointer(image.base(ofPlane: index).assumingMemoryBound(to: UInt8.self))
    }
    y = plane(0)
    u = plane(1)
    v = image.format == .nv12 ? plane(1) + 1 : plane(2)
    lumaBytes = image.planes[0].bytesPerRow
    uBytes = image.planes[1].bytesPerRow
    vBytes = image.format == .nv12 ? uBytes : image.planes[2].bytesPerRow
    chromaStep = image.format == .nv12 ? 2 : 1
    rowShift = image.format == .yuv422 ? 0 : 1
    conversion = YUVConversion(image)
    lumaRow = y
    uRow = u
    vRow = v
  }

  mutating func select(row: Int) {
    lumaRow = y + row * lumaBytes
    uRow = u + (row >> rowShift) * uBytes
    vRow = v + (row >> rowShift) * vBytes
  }

  @inline(__always)
  func pixel(_ x: Int) -> (red: Int, green: Int, blue: Int) {
    let c = (x >> 1) &* chromaStep
    return conversion.rgb(lumaRow[x], uRow[c], vRow[c])
  }
}
