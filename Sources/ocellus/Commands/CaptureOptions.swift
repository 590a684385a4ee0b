import ArgumentParser
import Capture

/// What a camera, file or stream can be told beyond its size and rate.
struct CaptureOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Set a camera's control, such as exposure_auto=1 or gain=20; `ocellus devices` lists them. Repeat for more.",
      valueName: "NAME=VALUE"))
  var control: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The camera's pixel format by its four characters, such as MJPG; without it the one that costs least.",
      valueName: "FOURCC"))
  var pixelFormat: String?

  @Flag(name: .long, help: "Begin a file or folder anew at its end.")
  var loop = false

  @Option(
    name: .long, help: "How files and folders are played: native, at their own rate, or fast, as they are processed.")
  var pace: Pace = .native

  @Flag(name: .long, help: "Wait for a camera or stream that is not there yet, instead of failing.")
  var wait = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Seconds without a picture after which a camera or stream is opened anew; without it, 30 frame periods.",
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
