import CAllocations
import CVideo4Linux
import Capture
import Foundation
import Glibc
import Ground
import Synchronization
import TestSupport
import Testing
import Vision

/// Reconnects with real descriptors, mappings and a real capture thread: what the kernel says is held, before and after.
@Suite struct LeakTests {
  private struct Held: Equatable, CustomStringConvertible {
    var descriptors = 0
    var mappings = 0
    var threads = 0
    var description: String { "\(descriptors) descriptors, \(mappings) mappings, \(threads) threads" }
  }

  /// What this process holds of the devices in `folder`, and its threads of that name. Other suites run beside this one.
  private func held(_ folder: String, _ thread: String) -> Held {
    let files = FileManager.default
    var held = Held()
    for descriptor in (try? files.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
      let target = try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
      if target?.hasPrefix(folder) == true { held.descriptors += 1 }
    }
    let maps = (try? FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/maps")).readToEnd()) ?? Data()
    held.mappings = String(decoding: maps, as: UTF8.self).split(separator: "\n").count { $0.contains(folder) }
    for task in (try? files.contentsOfDirectory(atPath: "/proc/self/task")) ?? [] {
      let name = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)
      if name?.trimmingCharacters(in: .whitespacesAndNewlines) == thread { held.threads += 1 }
    }
    return held
  }

  @Test func aThousandReconnectsHoldNoMoreThanOne() throws {
    let folder = try TemporaryFolder()
    let camera = ScriptedCamera([.init(fourCC: FourCC("YUYV"), sizes: [(64, 48)])])
    let system = ScriptedSystem(["/dev/video0": camera])
    system.realFolder = folder.path
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    let path = folder.path
    let figures = Mutex<(before: Held, after: Held, reconnects: Int)>((Held(), Held(), 0))
    let thread = try WorkerThread(name: "leak-capture") {
      guard let camera = system.nodes["/dev/video0"] else { return }
      func frame() -> Bool {
        for _ in 0..<2000 {
          if case .frame? = try? source.next(timeout: 20) { return true }
        }
        return false
      }
      guard frame() else { return }
      let before = held(path, "leak-capture")
      var reconnects = 0
      for round in 0..<1000 {
        switch round % 4 {
        case 0: camera.pendingEvents = [V4L2_EVENT_EOS]
        case 1:
          camera.gone = true
          system.at(system.seconds + 0.1) { $0.nodes["/dev/video0"]?.gone = false }
        case 2: camera.failures[ocv_dqbuf] = [EIO]
        default:
          camera.failures[ocv_streamon] = [EPROTO]
          camera.pendingEvents = [V4L2_EVENT_SOURCE_CHANGE]
        }
        let runs = camera.everStreamed
        while camera.everStreamed == runs { guard (try? source.next(timeout: 20)) != nil else { return } }
        guard frame() else { return }
        reconnects += 1
      }
      let after = held(path, "leak-capture")
      figures.withLock { [reconnects] in $0 = (before, after, reconnects) }
      source.close()
    }
    thread.join()
    let (before, after, reconnects) = figures.withLock { $0 }
    #expect(reconnects == 1000)
    #expect(before == Held(descriptors: 1, mappings: 4, threads: 1), "\(before)")
    #expect(after == before, "\(after)")
    print("1000 reconnects: before \(before); after \(after)")
    // A thread that was joined is about to go.
    #expect(eventually(every: 50) { held(folder.path, "leak-capture") == Held() })
  }

  @Test func aThousandSourcesLeaveNothing() throws {
    let folder = try TemporaryFolder()
    let camera = ScriptedCamera([.init(fourCC: FourCC("YUYV"), sizes: [(64, 48)])])
    let system = ScriptedSystem(["/dev/video0": camera])
    system.realFolder = folder.path
    for round in 0..<1000 {
      // Every other one fails, at one step or another of its start.
      let steps = [ocv_s_fmt, ocv_reqbufs, ocv_querybuf, ocv_qbuf, ocv_streamon]
      camera.failsForever = round % 2 == 0 ? [:] : [steps[round / 2 % steps.count]: EINVAL]
      let source = try? CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
      #expect((source == nil) == (round % 2 == 1))
      _ = try source?.next(timeout: 50)
      source?.close()
    }
    #expect(held(folder.path, "none") == Held())
  }
}

/// What a frame costs the heap once things flow: nothing, for raw pictures.
@Suite(.serialized) struct AllocationTests {
  /// Allocations of this thread in `frames` frames, those of the scripted driver not counted.
  private func allocations(_ name: StaticString, frames: Int, withHealth: Bool = false) throws -> UInt64 {
    let camera = ScriptedCamera([.init(fourCC: FourCC(name), sizes: [(640, 480)])])
    let jpeg = testJPEG(640, 480)
    camera.picture = { _ in jpeg }
    camera.paints = false
    let system = UncountedSystem(ScriptedSystem(["/dev/video0": camera]))
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    var monitor = PictureHealthMonitor()
    defer { source.close() }
    oca_set_counting(true)
    defer { oca_set_counting(false) }
    var spent: UInt64 = 0
    for round in 0..<(frames + 60) {
      let before = oca_thread_allocations() - system.own
      let event = try source.next(timeout: 100)
      if case .frame(let frame) = event, withHealth { _ = monitor.observe(frame.image, at: frame.timestamp) }
      if round >= 60 { spent += oca_thread_allocations() - system.own - before }
    }
    return spent
  }

  @Test(arguments: ["YUYV", "NV12", "YU12", "GREY", "RGB3", "Y16 "] as [StaticString])
  func rawPicturesAllocateNothing(name: StaticString) throws {
    #expect(try allocations(name, frames: 300) == 0)
  }

  /// libjpeg-turbo takes a decompressor's memory for each picture, a few dozen pieces; pixels are ours and reused.
  @Test func compressedPicturesAllocateOnlyTheDecoders() throws {
    let each = Double(try allocations("MJPG", frames: 300)) / 300
    print("MJPG 640x480: \(each) allocations a frame")
    #expect(each < 60)
  }

  @Test func lookingAfterHealthAllocatesNothing() throws {
    #expect(try allocations("YUYV", frames: 300, withHealth: true) == 0)
  }
}

/// Passes calls on and remembers what they allocated themselves.
private final class UncountedSystem: SystemCalls, @unchecked Sendable {
  private let inner: ScriptedSystem
  /// Allocations of the driver's side. Used by one thread, like the system behind it.
  private(set) var own: UInt64 = 0

  init(_ inner: ScriptedSystem) { self.inner = inner }

  private func begin() -> UInt64 { oca_thread_allocations() }
  private func end(_ before: UInt64) { own += oca_thread_allocations() - before }

  func open(_ path: String) throws(SystemError) -> Int32 { try inner.open(path) }
  func close(_ descriptor: Int32) { inner.close(descriptor) }
  func ioctl(_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) throws(SystemError) {
    let before = begin()
    defer { end(before) }
    try inner.ioctl(descriptor, request, argument)
  }
  func map(_ descriptor: Int32, length: Int, offset: Int) throws(SystemError) -> UnsafeMutableRawBufferPointer {
    try inner.map(descriptor, length: length, offset: offset)
  }
  func unmap(_ memory: UnsafeMutableRawBufferPointer) { inner.unmap(memory) }
  func poll(_ descriptor: Int32, _ events: Int16, milliseconds: Int) throws(SystemError) -> Int16 {
    let before = begin()
    defer { end(before) }
    return try inner.poll(descriptor, events, milliseconds: milliseconds)
  }
  func sleep(milliseconds: Int) { inner.sleep(milliseconds: milliseconds) }
  var now: MonotonicTime { inner.now }
  func names(in folder: String) -> [String] { inner.names(in: folder) }
  func line(of path: String) -> String? { inner.line(of: path) }
  func target(of path: String) -> String? { inner.target(of: path) }
}
