import Ground
import ArgumentParser
import Capture
import Service

/// Where frames come from.
struct SourceOptions: ParsableArguments {
  // Unconditional: "-:rgb24" is a source, not a flag.
  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp(
      "A camera (/dev/video0), demo, demo:seed=7, a photo, a folder of photos (FOLDER:track=on follows objects from one "
        + "to the next, off looks at each for itself, as it does unless they are frames of a film), a video file, rtsp://…, "
        + "http://…, or a recording (default: the first camera that works, or demo).",
      valueName: "S"))
  var source: String?

  @Option(name: .long, help: ArgumentHelp("Requested size in pixels.", valueName: "WxH"))
  var size: String?

  @Option(name: .long, help: ArgumentHelp("Requested number of frames per second.", valueName: "N"))
  var fps: Double?

  @OptionGroup var capture: CaptureOptions

  func validate() throws {
    if let fps, !(fps > 0 && fps <= 1000) { throw ValidationError("--fps takes a rate up to 1000") }
    _ = try request()
  }

  /// What to ask of the source.
  private func request() throws -> SourceRequest {
    var request = SourceRequest(framesPerSecond: fps)
    if let size {
      let sides = size.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
      guard sides.count == 2, let width = sides[0], let height = sides[1], (16...16384).contains(width),
        (16...16384).contains(height)
      else { throw ValidationError("--size takes WxH in pixels, such as 640x480") }
      request.width = width
      request.height = height
    }
    try capture.wishes.apply(to: &request)
    return request
  }

  func choice() throws -> SourceChoice { SourceChoice(name: source, request: try request()) }
}
