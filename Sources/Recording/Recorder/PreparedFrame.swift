import Capture
import Perception
import Pipeline
import Vision

/// A result with its picture as it will be written. Small: uncompressed pixels are gone.
struct PreparedFrame {
  enum Picture {
    case none
    case shared(JPEGBytes)
    case copied([UInt8])

    var count: Int {
      switch self {
      case .none: 0
      case .shared(let jpeg): jpeg.count
      case .copied(let bytes): bytes.count
      }
    }
  }

  var result: FrameResult
  var picture: Picture

  /// What it weighs in memory, roughly: the picture, and masks.
  var bytes: Int {
    let objects = result.findings.detections.reduce(0) { $0 + 256 + ($1.mask?.bits.count ?? 0) }
    let maps =
      result.findings.layers.all(SegmentationMap.self).reduce(0) { $0 + $1.content.classes.count * 2 }
      + result.findings.layers.all(DepthMap.self).reduce(0) { $0 + $1.content.nearness.count * 4 }
    return picture.count + 2048 + objects + maps
  }

  /// The same with a picture of its own, which may wait for long: a camera's buffer is far larger than its JPEG.
  func detached() -> PreparedFrame {
    guard case .shared(let jpeg) = picture else { return self }
    return withExtendedLifetime(jpeg) {
      PreparedFrame(
        result: result, picture: .copied(Array(UnsafeRawBufferPointer(rebasing: jpeg.storage.bytes[..<jpeg.count]))))
    }
  }

  /// Calls `body` with the JPEG's bytes; not at all when there is no picture.
  func withPicture(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    switch picture {
    case .none: break
    case .shared(let jpeg):
      try withExtendedLifetime(jpeg) {
        try body(UnsafeRawBufferPointer(rebasing: jpeg.storage.bytes[..<jpeg.count]))
      }
    case .copied(let bytes): try bytes.withUnsafeBytes(body)
    }
  }
}

/// Turns results into what is written: the camera's own JPEG untouched, or one encoded here. One thread.
final class FramePreparer {
  private let encoder = JPEGEncoder(pool: PixelPool(capacity: 4))
  private let quality: Int
  private var blanks: [Image] = []
  /// Why the last picture could not be encoded; reported once.
  private(set) var trouble: String?

  init(quality: Int) { self.quality = quality }

  func prepare(_ result: FrameResult, hasPicture: Bool) -> PreparedFrame {
    guard hasPicture else { return PreparedFrame(result: result, picture: .none) }
    var prepared = PreparedFrame(result: result, picture: .none)
    if let jpeg = result.frame.jpeg, jpeg.count > 0, jpeg.count <= jpeg.storage.bytes.count {
      prepared.picture = .shared(jpeg)
    } else {
      do {
        let output = try encoder.encode(result.frame.image, quality: quality)
        prepared.picture = .shared(JPEGBytes(storage: output.storage, count: output.count))
      } catch { trouble = "\(error)" }
    }
    prepared.result.frame.jpeg = nil
    prepared.result.frame.image = blank(like: result.frame.image)
    return prepared
  }

  /// A picture of the same size that weighs next to nothing: all frames of a size share it.
  private func blank(like image: Image) -> Image {
    if let known = blanks.first(where: { $0.width == image.width && $0.height == image.height }) { return known }
    guard let blank = Image.grey(image.width, image.height) else { return image }
    if blanks.count >= 4 { blanks.removeFirst() }
    blanks.append(blank)
    return blank
  }
}
