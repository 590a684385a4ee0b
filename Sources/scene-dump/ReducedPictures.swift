import Ground
import Capture

/// Renders pictures and reduces them; its memory serves one picture after the other.
final class ReducedPictures {
  let reducedWidth: Int
  let reducedHeight: Int
  private let width: Int
  private let height: Int
  private let shrink: Int
  private let pixels: UnsafeMutablePointer<UInt8>
  private let reduced: UnsafeMutablePointer<UInt8>

  init(width: Int, height: Int, shrink: Int) {
    (self.width, self.height, self.shrink) = (width, height, shrink)
    (reducedWidth, reducedHeight) = (width / shrink, height / shrink)
    pixels = .allocate(capacity: width * height * 3)
    reduced = .allocate(capacity: width * height * 3)
  }

  deinit {
    pixels.deallocate()
    reduced.deallocate()
  }

  /// The bytes of a frame, valid until the next call.
  func render(_ frame: UInt64, by renderer: SceneRenderer) -> UnsafeRawBufferPointer {
    renderer.render(frame: frame, into: pixels)
    reduce()
    return UnsafeRawBufferPointer(start: reduced, count: reducedWidth * reducedHeight * 3)
  }

  /// The mean of every `shrink` x `shrink` pixels.
  private func reduce() {
    let area = shrink * shrink
    for y in 0..<reducedHeight {
      for x in 0..<reducedWidth {
        for channel in 0..<3 {
          var sum = 0
          for dy in 0..<shrink {
            let line = pixels + ((y * shrink + dy) * width + x * shrink) * 3 + channel
            for dx in 0..<shrink { sum += Int(line[dx * 3]) }
          }
          reduced[(y * reducedWidth + x) * 3 + channel] = UInt8(truncatingIfNeeded: (sum + area / 2) / area)
        }
      }
    }
  }
}
