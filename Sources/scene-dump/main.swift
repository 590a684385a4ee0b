import Capture
import Glibc

// Writes frames of the demo scene for training, to standard output: for each, one line of JSON with the exact
// truth, then `bytes` bytes of packed RGB.
//
//   scene-dump FIRST-SEED SEEDS FRAMES STRIDE SHRINK [START] [WIDTH]
//
// FRAMES frames of each seed, STRIDE frames apart from frame START on, rendered at 640x480 (or WIDTH and three
// quarters of it) and reduced SHRINK times; with SHRINK 999 only the truth.

let numbers = CommandLine.arguments.dropFirst().map { Int($0) }
guard numbers.count >= 5, !numbers.contains(where: { ($0 ?? -1) < 0 }) else {
  var usage = Array("usage: scene-dump FIRST-SEED SEEDS FRAMES STRIDE SHRINK [START] [WIDTH]\n".utf8)
  write(2, &usage, usage.count)
  exit(64)
}
let values = numbers.compactMap { $0 }
let width = values.count > 6 ? min(4096, max(64, values[6] / 4 * 4)) : 640
let (height, shrink) = (width * 3 / 4, max(1, values[4]))
let pixels = UnsafeMutablePointer<UInt8>.allocate(capacity: width * height * 3)
let reduced = UnsafeMutablePointer<UInt8>.allocate(capacity: width * height * 3)

/// Writes it all, or ends the program when nobody reads any more.
@MainActor func emit(_ bytes: UnsafeRawBufferPointer) {
  var done = 0
  while done < bytes.count {
    let count = write(1, bytes.baseAddress.map { $0 + done }, bytes.count - done)
    guard count > 0 else { exit(1) }
    done += count
  }
}

/// The mean of every `shrink` x `shrink` pixels of `from`, into `into`.
func reduce(
  _ from: UnsafePointer<UInt8>, _ into: UnsafeMutablePointer<UInt8>, width: Int, height: Int, shrink: Int
) -> Int {
  let (w, h, area) = (width / shrink, height / shrink, shrink * shrink)
  for y in 0..<h {
    for x in 0..<w {
      for channel in 0..<3 {
        var sum = 0
        for dy in 0..<shrink {
          let line = from + ((y * shrink + dy) * width + x * shrink) * 3 + channel
          for dx in 0..<shrink { sum += Int(line[dx * 3]) }
        }
        into[(y * w + x) * 3 + channel] = UInt8(truncatingIfNeeded: (sum + area / 2) / area)
      }
    }
  }
  return w * h * 3
}

for seed in values[0]..<(values[0] + values[1]) {
  var options = DemoOptions()
  options.seed = UInt64(seed)
  // Every seed has its own noise and crowd, so that the networks see both calm and hard scenes.
  options.noise = Float(seed % 11) / 14
  options.objects = 5 + seed % 7
  options.light = seed % 10 == 9 ? .dusk : .day
  let renderer = SceneRenderer(options: options, width: width, height: height, framesPerSecond: 30)
  for step in 0..<values[2] {
    let index = (values.count > 5 ? values[5] : 0) + step * values[3]
    let objects = renderer.truth(frame: UInt64(index))
    var count = 0
    if shrink < 100 {
      renderer.render(frame: UInt64(index), into: pixels)
      count = reduce(pixels, reduced, width: width, height: height, shrink: shrink)
    }
    let list = objects.map {
      "{\"id\":\($0.id),\"kind\":\($0.kind.rawValue),\"state\":\"\($0.state.rawValue)\","
        + "\"motion\":\"\($0.motion.rawValue)\",\"age\":\($0.motionAge),\"visibility\":\($0.visibility),"
        + "\"box\":[\($0.x),\($0.y),\($0.width),\($0.height)]}"
    }.joined(separator: ",")
    let line =
      "{\"seed\":\(seed),\"frame\":\(index),\"width\":\(width / min(shrink, 16)),\"height\":\(height / min(shrink, 16)),"
      + "\"bytes\":\(count),\"objects\":[\(list)]}\n"
    Array(line.utf8).withUnsafeBytes(emit)
    emit(UnsafeRawBufferPointer(start: reduced, count: count))
  }
}
