import Capture
import Ground
import Perception
import Pipeline
import Recording
import Synchronization
import TestSupport
import Vision

/// Results as a pipeline would hand them to a recorder.
enum Scene {
  static let width = 64
  static let height = 48

  /// A picture whose pixels tell its number.
  static func image(_ number: Int) -> Image {
    let storage = PixelStorage(count: width * height * 3)
    for index in 0..<width * height * 3 { storage.bytes[index] = UInt8(truncatingIfNeeded: number * 7 + index / 300) }
    return Image(packed: width, height, .rgb24, storage: storage)!
  }

  static func jpeg(_ number: Int) -> JPEGBytes {
    let output = try! JPEGEncoder().encode(image(number), quality: 80)
    return JPEGBytes(storage: output.storage, count: output.count)
  }

  /// Bytes that pass for a camera's JPEG where nobody decodes them.
  static func opaque(_ number: Int, bytes: Int) -> JPEGBytes {
    let storage = PixelStorage(count: bytes)
    var random = SeededGenerator(UInt64(number))
    storage.bytes.withMemoryRebound(to: UInt64.self) { words in
      for index in words.indices { words[index] = random.next() }
    }
    return JPEGBytes(storage: storage, count: bytes)
  }

  static func detection(_ number: Int) -> Detection {
    var detection = Detection(
      label: number % 2 == 0 ? "person" : "pallet", classID: number % 2, confidence: 0.5 + Float(number % 40) / 100,
      box: Box(x: Float(number % 20) + 0.25, y: 5.5, width: 20.125, height: 30))
    detection.track = number % 7
    detection.attach(Classes([Classification(label: "open", classID: 1, confidence: 0.75)]), by: "classifier")
    return detection
  }

  /// Result `number`, thirty a second from `start`.
  static func result(_ number: Int, start: MonotonicTime, jpeg: JPEGBytes? = nil) -> FrameResult {
    let time = MonotonicTime(nanoseconds: start.nanoseconds + Int64(number) * 33_333_333)
    var frame = Frame(image: image(number), sequence: UInt64(number), timestamp: time)
    frame.jpeg = jpeg
    var monitor = PictureHealthMonitor(isStill: true)
    frame.health = monitor.observe(frame.image, at: time)
    var findings = Findings()
    findings.detections = [detection(number)]
    findings.classes = [Classification(label: "indoors", classID: 3, confidence: 0.9)]
    var result = FrameResult(
      number: UInt64(number) + 1, frame: frame, source: "test", detector: "finder", findings: findings)
    let times = StageTimes(inference: 12_000_000)
    result.latency.stages = [StageTiming(id: "detector", kind: "network", model: "finder", times: times)]
    return result
  }
}

/// Keeps a recorder's events.
final class EventLog: Sendable {
  private let kept = Mutex<[SessionEvent]>([])
  var messages: [String] { kept.withLock { $0.map(\.message) } }
  var errors: [String] { kept.withLock { $0.filter { $0.severity == .error }.map(\.message) } }
  func add(_ event: SessionEvent) { kept.withLock { $0.append(event) } }
}

/// Records `count` frames in memory and hands back the disk.
func record(
  _ count: Int, _ configuration: RecordingConfiguration, disk: ScriptedDisk = ScriptedDisk(),
  log: EventLog = EventLog(),
  jpegs: Bool = true
) -> ScriptedDisk {
  let recorder = Recorder(configuration, layer: disk) { log.add($0) }
  recorder.setRecording(true)
  let start = MonotonicTime.now
  for number in 0..<count {
    recorder.receive(Scene.result(number, start: start, jpeg: jpegs ? Scene.jpeg(number) : nil))
    if number == count / 2 { recorder.receive(SessionEvent(severity: .warning, message: "model switched")) }
    // Faster than any camera, and never faster than the queue.
    if number % 20 == 19 { _ = eventually { recorder.status.frames + 10 > UInt64(number) } }
  }
  recorder.close()
  return disk
}
