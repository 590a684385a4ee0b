// Watches a camera from inside the virtual machine and says on standard output what it sees, a line an event, for
// scenario.sh to check. Also makes the pictures that the emulated webcam plays, and sets controls.
import Capture
import Glibc
import Ground
import Vision

let arguments = Array(CommandLine.arguments.dropFirst())

/// A line that is out at once: the scenario reads along.
func say(_ line: String) {
  print(line)
  fflush(nil)
}

func fail(_ text: String) -> Never {
  say("error \(text)")
  exit(1)
}

/// Eight bars from white to black, with a number of ticks at the top so that no two pictures are alike.
func makePictures(_ folder: String) throws {
  for number in 0..<8 {
    let storage = PixelStorage(count: 640 * 480 * 3)
    for y in 0..<480 {
      for x in 0..<640 {
        let isTick = y < 40 && x % 40 < 20 && x / 40 <= number
        let value = isTick ? 255 : UInt8(235 - x / 80 * 30)
        for channel in 0..<3 { storage.bytes[(y * 640 + x) * 3 + channel] = value }
      }
    }
    guard let image = Image(packed: 640, 480, .rgb24, storage: storage) else { return }
    try ImageFile.save(image, to: "\(folder)/\(number).jpg", quality: 80)
  }
}

/// Brightness in the middle of each of eight bars, at three quarters of the height.
func bars(_ image: Image) -> [Int] {
  let base = UnsafeRawPointer(image.base(ofPlane: 0)).assumingMemoryBound(to: UInt8.self)
  let line = base + image.height * 3 / 4 * image.planes[0].bytesPerRow
  defer { withExtendedLifetime(image) {} }
  return (0..<8).map { bar in
    let x = image.width * (2 * bar + 1) / 16
    switch image.format {
    case .rgb24: return (Int(line[x * 3]) * 299 + Int(line[x * 3 + 1]) * 587 + Int(line[x * 3 + 2]) * 114) / 1000
    case .bgr24: return (Int(line[x * 3]) * 114 + Int(line[x * 3 + 1]) * 587 + Int(line[x * 3 + 2]) * 299) / 1000
    case .yuyv: return Int(line[x * 2])
    case .uyvy: return Int(line[x * 2 + 1])
    default: return Int(line[x])
    }
  }
}

func count(in folder: String) -> Int {
  guard let stream = opendir(folder) else { return 0 }
  defer { closedir(stream) }
  var entries = 0
  while readdir(stream) != nil { entries += 1 }
  return entries - 3
}

func watch(_ path: String, seconds: Double, request: SourceRequest) throws {
  let source = try CameraSource(path: path, request: request)
  func describe() {
    let it = source.description
    say("source \(it.name) \(it.width)x\(it.height) \(it.framesPerSecond) \(it.detail)")
  }
  describe()
  let start = MonotonicTime.now
  var known = source.description
  var frames = 0
  var lastReason = ""
  while true {
    let moment = MonotonicTime.now.milliseconds(since: start) / 1000
    guard moment < seconds else { break }
    let at = "t=\((moment * 1000).rounded() / 1000)"
    switch try source.next(timeout: 100) {
    case .frame(let frame):
      frames += 1
      lastReason = ""
      let age = MonotonicTime.now.milliseconds(since: frame.timestamp).rounded()
      let levels = bars(frame.image).map { "\($0)" }.joined(separator: ",")
      say(
        "frame \(at) number=\(frame.sequence) age=\(age) drops=\(frame.driverDrops) damaged=\(frame.damaged) "
          + "format=\(frame.image.format.rawValue) size=\(frame.image.width)x\(frame.image.height) bars=\(levels)")
    case .noSignal(let reason, _):
      if reason != lastReason { say("nosignal \(at) \(reason)") }
      lastReason = reason
    case .notice(let text): say("notice \(at) \(text)")
    case .nothing: break
    case .end: fail("the source ended")
    }
    if source.description != known {
      known = source.description
      describe()
    }
  }
  source.close()
  say(
    "summary frames=\(frames) descriptors=\(count(in: "/proc/self/fd")) threads=\(count(in: "/proc/self/task") + 1)")
}

func set(_ path: String, _ setting: String) throws {
  let device = try CameraDevice(path: path, system: LinuxSystemCalls())
  try CameraControls.set(ControlSetting(parsing: setting), on: device)
  device.close()
}

/// Breaks vivid's stream again and again, and counts what this process holds before and after.
func reconnect(_ path: String, times: Int) throws {
  let source = try CameraSource(path: path)
  func next(_ wanted: (SourceEvent) -> Bool) throws {
    let start = MonotonicTime.now
    while MonotonicTime.now.milliseconds(since: start) < 30_000 {
      if wanted(try source.next(timeout: 100)) { return }
    }
    fail("the camera did not come back")
  }
  func held() -> String { "descriptors=\(count(in: "/proc/self/fd")) threads=\(count(in: "/proc/self/task") + 1)" }
  try next { if case .frame = $0 { true } else { false } }
  say("before \(held())")
  for _ in 0..<times {
    try set(path, "inject_fatal_streaming_error=1")
    try next { if case .noSignal = $0 { true } else { false } }
    try next { if case .frame = $0 { true } else { false } }
  }
  say("after \(times) reconnects \(held())")
  source.close()
}

/// Breaks the stream of whoever uses the camera, again and again.
func disturb(_ path: String, times: Int, milliseconds: Int) throws {
  for _ in 0..<times {
    try set(path, "inject_fatal_streaming_error=1")
    usleep(useconds_t(milliseconds * 1000))
  }
}

do {
  switch arguments.first {
  case "pictures" where arguments.count == 2: try makePictures(arguments[1])
  case "list":
    for camera in CameraCatalogue.list() {
      say("camera \(camera.path) \(camera.driver) \(camera.bus) \(camera.problem ?? "usable") \(camera.name)")
      for format in camera.formats { say("  \(format.fourCC) \(format.sizes.count) \(format.isUsable)") }
      say("  controls \(camera.controls.map(\.name).joined(separator: " "))")
    }
  case "set" where arguments.count == 3:
    try set(arguments[1], arguments[2])
  case "reconnect" where arguments.count == 3: try reconnect(arguments[1], times: Int(arguments[2]) ?? 1)
  case "disturb" where arguments.count == 4:
    try disturb(arguments[1], times: Int(arguments[2]) ?? 1, milliseconds: Int(arguments[3]) ?? 500)
  case "watch" where arguments.count >= 3:
    var request = SourceRequest()
    if arguments.count > 3 {
      let sides = arguments[3].split(separator: "x").compactMap { Int($0) }
      if sides.count == 2 { (request.width, request.height) = (sides[0], sides[1]) }
    }
    if arguments.count > 4 { request.pixelFormat = arguments[4] }
    try watch(arguments[1], seconds: Double(arguments[2]) ?? 5, request: request)
  default:
    fail(
      "usage: watch PATH SECONDS [WxH [FOURCC]] | set PATH NAME=VALUE | reconnect PATH TIMES | "
        + "disturb PATH TIMES MILLISECONDS | list | pictures FOLDER")
  }
} catch let error as any ExplainedError {
  fail(error.line)
}
