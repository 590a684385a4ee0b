import ArgumentParser
import Capture
import Recording

/// What every command that runs a session can be told.
struct SessionOptions: ParsableArguments {
  // Unconditional: "-:rgb24" is a source, not a flag.
  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp(
      "A camera (/dev/video0), demo, demo:seed=7, a photo, a folder of photos, a video file, rtsp://…, http://…, or a "
        + "recording. Without it: the first camera that works, else demo.",
      valueName: "S"))
  var source: String?

  @Option(name: .long, help: ArgumentHelp("The detector.", valueName: "NAME|PATH"))
  var model: String?

  @Option(
    name: .long, help: ArgumentHelp("The second stage, run on each detection; 'none' for none.", valueName: "NAME|PATH")
  )
  var classifier: String?

  @Option(name: .long, help: "Detections below this confidence are dropped (0 to 1).")
  var confidence: Float = 0.4

  @Option(name: .long, help: ArgumentHelp("Ask the source for this size in pixels.", valueName: "WxH"))
  var size: String?

  @Option(name: .long, help: "Ask the source for this many frames a second.")
  var fps: Double?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "When the picture is complained about: frozen, dark, overexposed, blurred, covered, flicker or hold, a number or "
        + "'off'; 'off' alone for no complaints. Repeat for more. The configuration file's [health] explains them.",
      valueName: "NAME=VALUE"))
  var health: [String] = []

  @OptionGroup var likeness: LikenessOptions
  @OptionGroup var engine: EngineOptions

  /// What else is asked of a source that is no recording.
  var wishes = SourceWishes()

  /// How to play the source, should it be a recording.
  var replay = RecordingSource.Options()

  /// What of the above is the user's.
  private enum CodingKeys: CodingKey { case source, model, classifier, confidence, size, fps, health, likeness, engine }

  func validate() throws {
    guard (0.01...0.99).contains(confidence) else { throw ValidationError("--confidence takes 0.01 to 0.99") }
    if let fps, !(fps > 0 && fps <= 1000) { throw ValidationError("--fps takes a rate up to 1000") }
    _ = try request()
    var settings = HealthSettings()
    do {
      try settings.apply(health)
    } catch {
      throw ValidationError("--health: \(error)")
    }
  }

  /// What to ask of the source.
  func request() throws -> SourceRequest {
    var request = SourceRequest(framesPerSecond: fps)
    if let size {
      let sides = size.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
      guard sides.count == 2, let width = sides[0], let height = sides[1], (16...16384).contains(width),
        (16...16384).contains(height)
      else { throw ValidationError("--size takes WxH in pixels, such as 640x480") }
      request.width = width
      request.height = height
    }
    wishes.apply(to: &request)
    return request
  }
}
