import Glibc
import Ground
import Vision

/// Files of motion JPEG: one JPEG behind another and nothing else, which is a video and not a photo.
enum MotionJPEG {
  /// ffmpeg's name of the format.
  static let format = "mjpeg"
  private static let endings = [".mjpeg", ".mjpg", ".mjpe"]
  private static let photoEndings = [".jpg", ".jpeg", ".jpe", ".jfif"]
  /// The first picture is looked for so far.
  private static let reach = 16 << 20

  /// Whether a file that begins like a JPEG is a video: by its name, else by a second picture right behind the first.
  ///
  /// Files that are named as photos are photos: cameras put previews and depth behind a photo's end.
  static func isVideo(_ path: String) -> Bool {
    let name = path.lowercased()
    if endings.contains(where: name.hasSuffix) { return true }
    if photoEndings.contains(where: name.hasSuffix) { return false }
    guard let bytes = start(of: path) else { return false }
    return bytes.withUnsafeBytes { bytes in
      guard let end = end(of: bytes) else { return false }
      return ImageFileFormat(of: UnsafeRawBufferPointer(rebasing: bytes[end...])) == .jpeg
    }
  }

  private static func start(of path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return [UInt8](unsafeUninitializedCapacity: reach) { buffer, count in
      while count < reach {
        let got = read(descriptor, buffer.baseAddress.map { $0 + count }, reach - count)
        if got <= 0 { return }
        count += got
      }
    }
  }

  /// Where the first picture's end marker ends; nil where there is none, or where several pictures make one photo
  /// (CIPA DC-007, "MPF").
  private static func end(of bytes: UnsafeRawBufferPointer) -> Int? {
    let album = Array("MPF".utf8) + [0]
    var at = 2
    while at + 4 <= bytes.count {
      // Segments by their lengths; behind a scan's header, bytes up to a marker that is neither stuffed nor a restart.
      guard bytes[at] == 0xFF else {
        at += 1
        continue
      }
      switch bytes[at + 1] {
      case 0xD9: return at + 2
      case 0x00, 0x01, 0xD0...0xD8: at += 2
      case 0xFF: at += 1
      default:
        let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
        guard length >= 2, at + 2 + length <= bytes.count else { return nil }
        if bytes[at + 1] == 0xE2, bytes[(at + 4)...].starts(with: album) { return nil }
        at += 2 + length
      }
    }
    return nil
  }
}
