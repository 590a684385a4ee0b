import ArgumentParser
import Capture

/// What a camera, file or stream can be told beyond its size and rate.
struct CaptureOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Set a camera control, such as exposure_auto=1 or gain=20; `ocellus devices` lists them. May be repeated.",
      valueName: "NAME=VALUE"))
  var control: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Pixel format of the camera as four characters, such as MJPG (default: the format that is cheapest to decode).",
      valueName: "FOURCC"))
  var pixelFormat: String?

  @Flag(name: .long, help: "Loop: start a file or folder again at its end.")
  var loop = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Pace of files and folders: native (their own frame rate) or fast (as fast as frames are processed).",
      valueName: "PACE"))
  var pace: Pace = .native

  @Flag(name: .long, help: "Wait for a camera or stream that is not available yet, instead of failing.")
  var wait = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Reopen a camera or stream after this many seconds without a picture (default: 30 frame periods).",
      valueName: "SECONDS"))
  var patience: Double?

  enum Pace: String, ExpressibleByArgument, CaseIterable { case native, fast }

  func validate() throws {
    if let patience, !(0.2...3600).contains(patience) { throw ValidationError("--patience takes 0.2 to 3600") }
    if let pixelFormat, !(1...4).contains(pixelFormat.utf8.count) {
      throw ValidationError("--pixel-format takes up to four characters, such as YUYV")
    }
    _ = try wishes
  }

  var wishes: SourceWishes {
    get throws {
      var wishes = SourceWishes()
      do {
        wishes.controls = try control.map { try ControlSetting(parsing: $0) }
      } catch {
        throw ValidationError("--control: \(error)")
      }
      wishes.pixelFormat = pixelFormat
      wishes.loops = loop
      wishes.pace = pace == .fast ? .unlimited : .native
      wishes.waits = wait
      wishes.patience = patience
      return wishes
    }
  }
}

/// The same, parsed.
struct SourceWishes {
  var controls: [ControlSetting] = []
  var pixelFormat: String?
  var loops = false
  var pace = SourceRequest.Pace.native
  var waits = false
  var patience: Double?

  func apply(to request: inout SourceRequest) {
    request.controls = controls
    request.pixelFormat = pixelFormat
    request.loops = loops
    request.pace = pace
    request.waits = waits
    request.patience = patience
  }
}
