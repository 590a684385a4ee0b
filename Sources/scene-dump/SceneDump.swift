import Ground
import ArgumentParser
import Capture
import Glibc

/// Writes frames of the demo scene for training, to standard output: for each, one line of JSON with the exact truth, then
/// `bytes` bytes of packed RGB.
@main
struct SceneDump: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scene-dump",
    abstract: "Write frames of the demo scene with their exact truth, for training.",
    discussion: """
      For each frame, standard output gets one line of JSON, then as many bytes of packed
      RGB as its field "bytes" says.

      EXAMPLES
        scene-dump --first-seed 0 --seeds 300 --frames 24 --stride 7 --shrink 2
        scene-dump --first-seed 5000 --seeds 10 --frames 100 --truth-only
      """)

  @Option(help: "First seed.")
  var firstSeed = 0

  @Option(help: "Number of seeds, each a scene of its own.")
  var seeds = 1

  @Option(help: "Number of frames per seed.")
  var frames: Int

  @Option(help: "Distance between two written frames.")
  var stride = 1

  @Option(help: "Number of the first frame.")
  var start = 0

  @Option(help: "Width of the rendered picture in pixels, 64 to 4096; its height is three quarters of it.")
  var width = 640

  @Option(help: "Reduce the picture this many times in both directions, 1 to 16.")
  var shrink = 1

  @Flag(help: "Write the truth without pictures.")
  var truthOnly = false

  func validate() throws {
    for (name, value) in [
      ("first-seed", firstSeed), ("seeds", seeds), ("frames", frames), ("stride", stride), ("start", start),
    ] where value < 0 {
      throw ValidationError("--\(name) takes 0 or more")
    }
    guard (1...16).contains(shrink) else { throw ValidationError("--shrink takes 1 to 16") }
    guard (64...4096).contains(width) else { throw ValidationError("--width takes 64 to 4096") }
  }

  func run() {
    // Rows of the renderer are whole groups of four pixels.
    let width = self.width / 4 * 4
    let pictures = ReducedPictures(width: width, height: width * 3 / 4, shrink: shrink)
    for seed in firstSeed..<(firstSeed + seeds) {
      let renderer = SceneRenderer(
        options: Self.options(seed: seed), width: width, height: width * 3 / 4, framesPerSecond: 30)
      for step in 0..<frames {
        let frame = UInt64(start + step * stride)
        let picture = truthOnly ? nil : pictures.render(frame, by: renderer)
        let line =
          "{\"seed\":\(seed),\"frame\":\(frame),\"width\":\(pictures.reducedWidth),\"height\":\(pictures.reducedHeight),"
          + "\"bytes\":\(picture?.count ?? 0),\"objects\":[\(Self.objects(of: renderer.truth(frame: frame)))]}\n"
        Array(line.utf8).withUnsafeBytes(Self.emit)
        if let picture { Self.emit(picture) }
      }
    }
  }

  /// Every seed has its own noise and crowd, so that the networks see both calm and hard scenes.
  private static func options(seed: Int) -> DemoOptions {
    var options = DemoOptions()
    options.seed = UInt64(seed)
    options.noise = Float(seed % 11) / 14
    options.objects = 5 + seed % 7
    options.light = seed % 10 == 9 ? .dusk : .day
    return options
  }

  private static func objects(of truth: [SceneObject]) -> String {
    truth.map {
      "{\"id\":\($0.id),\"kind\":\($0.kind.rawValue),\"state\":\"\($0.state.rawValue)\","
        + "\"motion\":\"\($0.motion.rawValue)\",\"age\":\($0.motionAge),\"visibility\":\($0.visibility),"
        + "\"box\":[\($0.x),\($0.y),\($0.width),\($0.height)]}"
    }.joined(separator: ",")
  }

  /// Writes all of it, or ends the program when the reader has gone.
  private static func emit(_ bytes: UnsafeRawBufferPointer) {
    var done = 0
    while done < bytes.count {
      let count = write(1, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      guard count > 0 else { Glibc.exit(1) }
      done += count
    }
  }
}
