import Capture
import Foundation
import Ground
import Logging
import Synchronization
import TestSupport
import Vision

/// A source of pictures made by the test, a thirtieth of a second apart, without waiting.
final class MadeSource: FrameSource, @unchecked Sendable {
  let description = SourceDescription(
    name: "made", detail: "", width: 320, height: 240, framesPerSecond: 30, isLive: true)
  private var count = 0
  private let make: (Int) -> Image

  init(_ make: @escaping (Int) -> Image) { self.make = make }

  func next(timeout: Int) throws -> SourceEvent {
    count += 1
    return .frame(
      Frame(
        image: make(count), sequence: UInt64(count), timestamp: MonotonicTime(nanoseconds: Int64(count) * 33_333_333)))
  }

  func close() {}
}

/// A scene with shapes, gentle shading and a little sensor noise, in any format that starts with brightness or RGB.
func scenePicture(_ number: Int, width: Int = 320, height: Int = 240, format: PixelFormat = .yuyv, noise: Int = 4)
  -> Image
{
  let sizes = format.planeSizes(width: width, height: height)!
  let storage = PixelStorage(count: sizes.reduce(0) { $0 + $1.bytesPerRow * $1.rows })
  memset(storage.bytes.baseAddress!, 128, storage.bytes.count)
  var random = SeededGenerator(UInt64(number))
  let (step, offset, channels) = format == .rgb24 ? (3, 0, 3) : format == .yuyv ? (2, 0, 1) : (1, 0, 1)
  for y in 0..<height {
    for x in 0..<width {
      let inBox = (x / 40 + y / 40) % 3 == 0
      let moving = abs(x - (number * 3) % width) < 20 && abs(y - height / 2) < 30
      let value =
        (moving ? 200 : inBox ? 70 : 140) + x * 30 / width + (noise > 0 ? Int(random.next() % UInt64(noise)) : 0)
      for channel in 0..<channels { storage.bytes[(y * width + x) * step + offset + channel] = UInt8(value) }
    }
  }
  return Image(packed: width, height, format, storage: storage)!
}

/// Keeps what is logged, so that nothing of it reaches the terminal and tests can look.
enum TestLog {
  private static let lines = Mutex<[String]>([])
  static var all: [String] { lines.withLock { $0 } }
  static let isOn: Void = LoggingSystem.bootstrap { Handler(label: $0) }

  struct Handler: LogHandler {
    let label: String
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { TestLog.lines.withLock { $0.append("\(label): \(event.message)") } }
  }
}
