import CVideo4Linux
import Capture
import Foundation
import Glibc
import Ground
import Synchronization
import Testing
import Vision

/// The capture thread alone, in real time: `Benchmarks/capture.sh` runs it beside networks that keep every core busy.
@Suite(
  .enabled(if: ProcessInfo.processInfo.environment["OCELLUS_CAPTURE_SECONDS"] != nil, "set OCELLUS_CAPTURE_SECONDS"),
  .serialized)
struct CaptureBenchmark {
  private struct Figures {
    var frames = 0
    var drops: UInt64 = 0
    var passedOver: UInt64 = 0
    var damaged: UInt64 = 0
    var worstAge = 0.0
    var processorSeconds = 0.0
    var seconds = 0.0
  }

  @Test(arguments: [false, true])
  func rawPicturesAtSixtyAFrame(withHealth: Bool) throws {
    let seconds = ProcessInfo.processInfo.environment["OCELLUS_CAPTURE_SECONDS"].flatMap { Double($0) } ?? 60
    let camera = ScriptedCamera([.init(fourCC: FourCC("YUYV"), sizes: [(1280, 720)], rates: [60])])
    camera.grants = 4
    camera.paints = false
    let system = RealTimeSystem(ScriptedSystem(["/dev/video0": camera]))
    let source = try CameraSource(
      path: "/dev/video0", request: SourceRequest(width: 1280, height: 720, framesPerSecond: 60), system: system)
    let figures = Mutex(Figures())
    let thread = try WorkerThread(name: "capture", urgency: .high) {
      let result = run(source, seconds: seconds, withHealth: withHealth)
      figures.withLock { $0 = result }
    }
    thread.join()
    source.close()
    let result = figures.withLock { $0 }
    let missed = result.drops + result.passedOver + result.damaged
    let share = result.processorSeconds / result.seconds * 100
    print(
      "capture thread, 1280x720 YUYV at 60 fps\(withHealth ? " with picture health" : ""): \(result.frames) frames in "
        + "\(String(format: "%.1f", result.seconds)) s, \(missed) missed (\(result.drops) dropped, \(result.passedOver) "
        + "passed over), \(String(format: "%.2f", share)) % of a core, oldest \(String(format: "%.1f", result.worstAge)) ms"
    )
    #expect(missed == 0)
    #expect(share < 3)
  }

  private func run(_ source: CameraSource, seconds: Double, withHealth: Bool) -> Figures {
    var figures = Figures()
    var monitor = PictureHealthMonitor()
    // What waits for the pipeline, as in the session.
    var waiting: Frame?
    let start = MonotonicTime.now
    let before = threadSeconds()
    while MonotonicTime.now.milliseconds(since: start) < seconds * 1000 {
      guard case .frame(var frame)? = try? source.next(timeout: 100) else { continue }
      if withHealth { frame.health = monitor.observe(frame.image, at: frame.timestamp) }
      figures.frames += 1
      figures.worstAge = max(figures.worstAge, MonotonicTime.now.milliseconds(since: frame.timestamp))
      waiting = frame
    }
    figures.processorSeconds = threadSeconds() - before
    figures.seconds = MonotonicTime.now.milliseconds(since: start) / 1000
    figures.drops = waiting?.driverDrops ?? 0
    figures.passedOver = waiting?.passedOver ?? 0
    figures.damaged = waiting?.damaged ?? 0
    return figures
  }

  private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// A scripted system whose clock is the machine's, and whose waits are real.
private final class RealTimeSystem: SystemCalls, Sendable {
  private let inner: ScriptedSystem

  init(_ inner: ScriptedSystem) { self.inner = inner }

  private var synchronised: ScriptedSystem {
    inner.clock = MonotonicTime.now.nanoseconds
    return inner
  }

  var now: MonotonicTime { MonotonicTime.now }

  func poll(_ descriptor: Int32, _ events: Int16, milliseconds: Int) throws(SystemError) -> Int16 {
    let deadline = MonotonicTime.now.nanoseconds + Int64(milliseconds) * 1_000_000
    while true {
      let happened = try synchronised.poll(descriptor, events, milliseconds: 0)
      if happened != 0 || MonotonicTime.now.nanoseconds >= deadline { return happened }
      let due = min(deadline, inner.nodes.values.compactMap(\.nextFrame).min() ?? deadline)
      wait(until: due)
    }
  }

  private func wait(until moment: Int64) {
    var time = timespec(tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
    clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil)
  }

  func sleep(milliseconds: Int) { wait(until: MonotonicTime.now.nanoseconds + Int64(milliseconds) * 1_000_000) }
  func open(_ path: String) throws(SystemError) -> Int32 { try synchronised.open(path) }
  func close(_ descriptor: Int32) { synchronised.close(descriptor) }
  func ioctl(_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) throws(SystemError) {
    try synchronised.ioctl(descriptor, request, argument)
  }
  func map(_ descriptor: Int32, length: Int, offset: Int) throws(SystemError) -> UnsafeMutableRawBufferPointer {
    try inner.map(descriptor, length: length, offset: offset)
  }
  func unmap(_ memory: UnsafeMutableRawBufferPointer) { inner.unmap(memory) }
  func names(in folder: String) -> [String] { inner.names(in: folder) }
  func line(of path: String) -> String? { inner.line(of: path) }
  func target(of path: String) -> String? { inner.target(of: path) }
}
