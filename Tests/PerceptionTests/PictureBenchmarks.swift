import Foundation
import Glibc
import Ground
import Inference
import Perception
import Testing
import Vision

/// Figures, not verdicts: `make bench-pictures` prints them. One thread.
@Suite(.enabled(if: getenv("OCELLUS_BENCHMARKS") != nil, "only with OCELLUS_BENCHMARKS"), .serialized)
struct PictureBenchmarks {
  /// The least and the median of many runs, in milliseconds.
  private func time(_ what: String, _ body: () throws -> Void) rethrows {
    var times: [Double] = []
    for _ in 0..<200 {
      let start = MonotonicTime.now
      try body()
      times.append(MonotonicTime.now.milliseconds(since: start))
    }
    times.sort()
    let name = what.padding(toLength: 44, withPad: " ", startingAt: 0)
    print(name, String(format: "min %.3f ms, median %.3f ms", times[0], times[times.count / 2]))
  }

  @Test(arguments: PixelFormat.allCases) func pictureToTensor(_ format: PixelFormat) throws {
    let sizes = try #require(format.planeSizes(width: 1280, height: 720))
    let storage = PixelStorage(count: sizes.reduce(0) { $0 + $1.bytesPerRow * $1.rows })
    let image = try #require(Image(packed: 1280, 720, format, storage: storage))
    var state: UInt64 = 1
    for index in image.storage.bytes.indices {
      state = state &* 6_364_136_223_846_793_005 &+ 1
      image.storage.bytes[index] = UInt8(truncatingIfNeeded: state >> 56)
    }
    var out = [Float](repeating: 0, count: 3 * 640 * 640)
    let resampler = Resampler()
    let rules: [(String, Box?, ResizeRule)] = [
      ("letterbox", nil, .letterbox(centered: true)), ("stretch", nil, .stretch),
      ("centre crop", nil, .centerCrop(shorterSide: 640)),
      ("region", Box(x: 301, y: 101, width: 500, height: 400), .letterbox(centered: true)),
    ]
    for (name, region, rule) in rules {
      let placement = Placement(
        sourceWidth: 1280, sourceHeight: 720, region: region, width: 640, height: 640, rule: rule)
      out.withUnsafeMutableBufferPointer { out in
        guard let target = out.baseAddress else { return }
        time("1280x720 \(format.rawValue) to 640x640, \(name)") {
          resampler.pack(image, placement, .bilinear, Normalization(), into: target)
        }
      }
    }
  }

  /// A picture with some forty objects, each seen by some cells, among 8400.
  @Test func yolov8Decoding() throws {
    var values = [Float](repeating: 0.001, count: 84 * 8400)
    for object in 0..<40 {
      for copy in 0..<8 {
        let (anchor, copyShift) = (object * 200 + copy, Float(copy))
        values[anchor] = Float(object % 8) * 80 + 40 + copyShift
        values[8400 + anchor] = Float(object / 8) * 120 + 60
        values[2 * 8400 + anchor] = 60
        values[3 * 8400 + anchor] = 90
        values[(4 + object % 80) * 8400 + anchor] = 0.9 - 0.05 * copyShift
      }
    }
    let facts = NetworkFacts(
      name: "net", inputs: [.init(name: "images", type: .float32, shape: [1, 3, 640, 640])],
      outputs: [.init(name: "output0", type: .float32, shape: [1, 84, 8400])], metadata: [:])
    let outputs = [Tensor([1, 84, 8400], values)]
    let (decode, _) = try OfflineDecoding.prepared(facts, manifest: nil, frameWidth: 640, frameHeight: 640)
    #expect(try decode(outputs).detections.count == 40)
    try time("YOLOv8 decoding, 8400 x 84") { _ = try decode(outputs) }
  }
}
