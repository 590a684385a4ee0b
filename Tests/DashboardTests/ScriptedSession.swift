import Capture
import Dashboard
import Ground
import Perception
import Pipeline
import Synchronization
import Vision

/// A session that plays a script: a moving synthetic picture with sensor noise, objects that come and go, and models that
/// load and fail. Remembers what was asked of it.
final class ScriptedSession: SessionHost, SessionView {
  struct Asked: Equatable {
    var detectors: [String] = []
    var classifiers: [String?] = []
    var recording: [Bool] = []
    var paused: [Bool] = []
    var stops = 0
    var seeks: [Double] = []
    var controls: [ControlRequest] = []
    var recordings: [String] = []
    var sources: [String] = []
    var topics: [String] = []
  }

  private struct Inside {
    var snapshot: SessionSnapshot
    var asked = Asked()
    var number: UInt64 = 0

    mutating func adjust(_ request: ControlRequest) {
      guard case .set(let name, let value) = request,
        let place = snapshot.controls?.controls.firstIndex(where: { $0.name == name })
      else { return }
      snapshot.controls?.controls[place].value = value
    }

    mutating func select(_ name: String) {
      asked.detectors.append(name)
      for i in snapshot.detectors.indices {
        if snapshot.detectors[i].name == name {
          snapshot.detectors[i].state = .active
        } else if snapshot.detectors[i].state == .active {
          snapshot.detectors[i].state = .available
        }
      }
      snapshot.events.append(SessionEvent(severity: .info, message: "detector is now \(name)"))
    }
  }

  private let inside: Mutex<Inside>
  let rate: Double
  private let started = MonotonicTime.now
  private let pans: Bool

  init(rate: Double = 30, pans: Bool = false) {
    self.rate = rate
    self.pans = pans
    var snapshot = SessionSnapshot(
      source: SourceDescription(
        name: "demo:seed=7", detail: "scripted scene", width: 640, height: 480, framesPerSecond: rate, isLive: true))
    snapshot.sourceState = .streaming
    let about = ModelDescription(
      name: "scout", task: .detection, path: "scout.onnx", fileBytes: 1_900_000, inputWidth: 320, inputHeight: 320,
      labels: ["person", "car", "dog"], decoder: "yolov8")
    snapshot.detectors = [
      ModelListing(name: "scout", description: about, state: .active),
      ModelListing(name: "yolov8n", description: nil, state: .available),
      ModelListing(name: "broken", description: nil, state: .failed(reason: "unknown operator 'Foo'")),
    ]
    snapshot.classifiers = [ModelListing(name: "kinds", description: nil, state: .active)]
    snapshot.events = [SessionEvent(severity: .info, message: "source demo:seed=7 opened, 640x480")]
    snapshot.recording = RecordingStatus(state: .idle, path: "/tmp/recordings")
    snapshot.capabilities = [.recording]
    inside = Mutex(Inside(snapshot: snapshot))
  }

  var asked: Asked { inside.withLock { $0.asked } }

  func edit(_ change: (inout SessionSnapshot) -> Void) { inside.withLock { change(&$0.snapshot) } }

  func snapshot() -> SessionSnapshot {
    let now = MonotonicTime.now
    return inside.withLock { inside in
      let number = UInt64(saturating: max(1, now.milliseconds(since: started) / 1000 * rate))
      if number != inside.number, !inside.snapshot.paused, inside.snapshot.sourceState == .streaming {
        inside.number = number
        inside.snapshot.latest = Self.result(number: number, now: now, pans: pans)
        Self.figures(&inside.snapshot, number: number, rate: rate)
      }
      if inside.snapshot.replay != nil { inside.snapshot.capabilities.insert(.replay) }
      return inside.snapshot
    }
  }

  /// The script goes on only when it is asked for a snapshot.
  func openView(_ changed: @escaping @Sendable () -> Void) -> any SessionView { self }

  func close() {}

  var capabilities: Set<SessionCapability> { snapshot().capabilities }

  func perform(_ command: SessionCommand) {
    inside.withLock { inside in
      switch command {
      case .selectModel(let name, _): inside.select(name)
      case .selectClassifier(let name): inside.asked.classifiers.append(name)
      case .showAtLeast(let value): inside.snapshot.minimumConfidence = value
      case .pause(let paused):
        inside.snapshot.paused = paused
        inside.asked.paused.append(paused)
      case .setRecording(let on):
        inside.asked.recording.append(on)
        inside.snapshot.recording?.state = on ? .recording : .idle
      case .seek(let seconds):
        inside.asked.seeks.append(seconds)
        inside.snapshot.replay?.position = seconds
      case .setPlaying(let playing): inside.snapshot.replay?.isPlaying = playing
      case .setSpeed(let speed): inside.snapshot.replay?.speed = speed
      case .record(let path): inside.asked.recordings.append(path)
      case .useSource(let name): inside.asked.sources.append(name)
      case .useTopic(let topic): inside.asked.topics.append(topic)
      case .adjust(let request):
        inside.asked.controls.append(request)
        inside.adjust(request)
      case .stop: inside.asked.stops += 1
      case .setLabels, .compare, .setMinimumConfidence, .savePhoto, .saveSample, .markReference, .removeReference,
        .prompt,
        .step:
        break
      }
    }
  }

  // MARK: The script

  static func detection(_ label: String, _ id: Int, _ confidence: Float, _ box: Box, track: Int?) -> Detection {
    var detection = Detection(label: label, classID: id, confidence: confidence, box: box)
    detection.track = track
    return detection
  }

  static func findings(_ detections: [Detection]) -> Findings {
    var findings = Findings()
    findings.detections = detections
    return findings
  }

  static func result(number: UInt64, now: MonotonicTime, pans: Bool = false) -> FrameResult {
    let t = Float(number) / 30
    let image = picture(number: number, pans: pans)
    let frame = Frame(
      image: image, sequence: number, timestamp: MonotonicTime(nanoseconds: now.nanoseconds - 38_000_000))
    var findings = Findings()
    let x = 200 + 120 * triangle(t / 8)
    var person = detection("person", 0, 0.91 + 0.04 * triangle(t), Box(x: x, y: 120, width: 90, height: 240), track: 4)
    let moves = [
      Classification(label: "walking", classID: 0, confidence: 0.83),
      Classification(label: "standing", classID: 1, confidence: 0.11),
      Classification(label: "sitting", classID: 2, confidence: 0.04),
    ]
    person.attach(Classes(moves), by: "classifier")
    findings.detections = [
      person, detection("car", 1, 0.77, Box(x: 380, y: 260, width: 200, height: 120), track: 7),
      detection("dog", 2, 0.52, Box(x: 60, y: 330, width: 110, height: 90), track: 12),
    ]
    var result = FrameResult(
      number: number, frame: frame, source: "demo:seed=7", detector: "scout", findings: findings)
    result.latency.total = 38_000_000
    return result
  }

  private static func triangle(_ t: Float) -> Float { abs((t - t.rounded(.down)) * 2 - 1) }

  /// A still room, or one that the camera pans over, with noise of a small sensor.
  static func picture(number: UInt64, pans: Bool) -> Image {
    let (width, height) = (640, 480)
    let storage = PixelStorage(count: width * height * 3)
    let bytes = storage.bytes.bindMemory(to: UInt8.self)
    var noise: UInt32 = 0x9E37_79B9 &+ UInt32(truncatingIfNeeded: number &* 2_654_435_761)
    let shift = pans ? Int(number) * 4 : 0
    for y in 0..<height {
      for x in 0..<width {
        noise ^= noise << 13
        noise ^= noise >> 17
        noise ^= noise << 5
        let grain = Int(noise & 15) - 8
        let u = x + shift
        let tile: Int = ((u / 80) ^ (y / 80)) & 3
        let shade: Int = y < 250 ? 70 + y / 4 : 40 + (y - 250) / 3
        let base: Int = shade + tile * 22 + grain
        let i: Int = (y * width + x) * 3
        let red: Int = base + (tile == 1 ? 50 : 0)
        let green: Int = base + (u / 40 % 7) * 6
        let blue: Int = base + (y < 250 ? 60 : 0)
        bytes[i] = UInt8(clamping: red)
        bytes[i + 1] = UInt8(clamping: green)
        bytes[i + 2] = UInt8(clamping: blue)
      }
    }
    guard let image = Image(packed: width, height, .rgb24, storage: storage) else {
      preconditionFailure("the storage was made for exactly this size")
    }
    return image
  }

  private static func figures(_ snapshot: inout SessionSnapshot, number: UInt64, rate: Double) {
    snapshot.rates.camera = rate
    snapshot.rates.processed = rate * 0.94
    snapshot.rates.skippedByPipeline = rate * 0.06
    snapshot.captured = number
    snapshot.processed = number
    snapshot.skipped.pipeline = number / 17
    let parts: [LatencyPart] = [.capture, .decode, .stage("scout"), .stage("tracker"), .stage("classifier"), .total]
    let typical = [8.0, 2.4, 21.5, 0.8, 1.1, 38.0]
    snapshot.latencies = zip(parts, typical).map { part, base in
      let phase = Int(number) / 6
      let history = (0..<60).map { i -> Double in
        let wobble = Double((phase + i * 7) % 11) / 55
        return base * (1 + wobble)
      }
      return StageStatistics(
        part: part, last: history[59], p50: base * 1.05, p95: base * 1.2, p99: base * 1.4, history: history,
        split: part == .stage("scout") ? LatencySplit(preprocess: 1.1, inference: 19.6, postprocess: 0.8) : nil)
    }
  }
}
