import Ground
import Vision

/// The kinds of photo that are read, told by their first bytes. JPEG and PNG are this project's own to decode; ffmpeg decodes
/// the others.
package enum PhotoFormat: CaseIterable, Sendable {
  case jpeg
  case png
  case webp
  case bmp
  case tiff
  case avif
  case netpbm

  /// Endings of photos' names in a folder, in small letters.
  package static let endings = [".jpg", ".jpeg", ".png"] + foreignEndings
  /// Those of the formats that ffmpeg decodes.
  package static let foreignEndings = [".webp", ".bmp", ".tif", ".tiff", ".avif", ".ppm", ".pgm"]

  /// nil where `head`, a file's first bytes, starts like none of them.
  package init?(head: [UInt8]) {
    if let own = head.withUnsafeBytes({ ImageFileFormat(of: $0) }) {
      self = own == .jpeg ? .jpeg : .png
    } else if head.starts(with: "RIFF".utf8), head.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else if Self.isBitmap(head) {
      self = .bmp
    } else if head.starts(with: [0x49, 0x49, 42, 0]) || head.starts(with: [0x4D, 0x4D, 0, 42]) {
      self = .tiff
    } else if head.dropFirst(4).starts(with: "ftypavif".utf8) {
      self = .avif
    } else if Self.isNetpbm(head) {
      self = .netpbm
    } else {
      return nil
    }
  }

  /// "BM", and a second header of a size that there is (12 to 124 bytes): two letters alone begin other files, too.
  private static func isBitmap(_ head: [UInt8]) -> Bool {
    guard head.count >= 18, head.starts(with: "BM".utf8) else { return false }
    let size = (14..<18).reversed().reduce(0) { $0 << 8 | Int(head[$1]) }
    return (12...124).contains(size)
  }

  /// P5 or P6, then white space.
  private static func isNetpbm(_ head: [UInt8]) -> Bool {
    head.count >= 3 && head[0] == 0x50 && (head[1] == 0x35 || head[1] == 0x36) && [9, 10, 13, 32].contains(head[2])
  }

  /// The format's name for people.
  package var title: String {
    switch self {
    case .jpeg: "JPEG"
    case .png: "PNG"
    case .webp: "WebP"
    case .bmp: "BMP"
    case .tiff: "TIFF"
    case .avif: "AVIF"
    case .netpbm: "PPM or PGM"
    }
  }

  /// ffmpeg's name of the format, for those that it decodes. The `_pipe` forms take one file as it is, whereas `image2` would
  /// take a `%` in its name for a pattern.
  var demuxer: String? {
    switch self {
    case .jpeg, .png: nil
    case .webp: "webp_pipe"
    case .bmp: "bmp_pipe"
    case .tiff: "tiff_pipe"
    case .avif: "mov"
    case .netpbm: "ppm_pipe"
    }
  }
}
