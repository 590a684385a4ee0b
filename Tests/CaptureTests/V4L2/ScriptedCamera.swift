import CVideo4Linux
import Capture
import Foundation
import Glibc
import Ground
import Synchronization
import Vision

/// A camera that exists only in a test: what its driver answers, frame by frame, and what goes wrong.
///
/// Used by one thread, like the source that it is put under.
final class ScriptedCamera {
  struct Format {
    var fourCC: FourCC
    var sizes: [(width: Int, height: Int)]
    var rates: [Double] = [30, 15]
    /// Any size up to the largest one, in steps, instead of the sizes themselves.
    var isStepwise = false
  }

  /// What one delivered buffer is like.
  enum Delivery {
    case good
    case flagged
    case short
    /// Bytes instead of the picture.
    case bytes([UInt8])
    /// Lost in the driver: a gap in the sequence.
    case dropped
    /// Nothing comes, nor counts.
    case stalled
    case badIndex
    case sameIndexTwice
    case timestamp(Int64)
    /// Whatever frame number the driver likes.
    case numbered(UInt32)
    /// A length that the driver claims.
    case claiming(UInt32)
  }

  var card = "Scripted Camera"
  var driver = "scripted"
  var bus = "usb-0000:00:14.0-2"
  var serial: String?
  var deviceCapabilities = UInt32(V4L2_CAP_VIDEO_CAPTURE) | UInt32(V4L2_CAP_STREAMING)
  var formats: [Format]
  var grants: UInt32 = 32
  var controls: [(id: UInt32, name: String, minimum: Int32, maximum: Int32, value: Int32)] = []
  var inputStatus: UInt32 = 0
  /// Errors to answer with, by request; each is used up by one call unless `forever`.
  var failures: [UInt: [Int32]] = [:]
  var failsForever: [UInt: Int32] = [:]
  /// What the driver makes of a requested size, if not what was asked.
  var forcedSize: (width: Int, height: Int)?
  var rowPadding = 0
  /// Whether each frame's pixels are written; a real camera's are, but not by the thread that is measured.
  var paints = true
  /// How the n-th frame since power-on turns out.
  var delivery: (Int) -> Delivery = { _ in .good }
  /// Bytes a second that the bus has left; nil for enough.
  var busRoom: Double?
  /// The order of fields that S_FMT answers with.
  var field = UInt32(V4L2_FIELD_NONE.rawValue)
  /// Writes a good picture's pixels, instead of `picture`.
  var paint: ((UnsafeMutableRawBufferPointer) -> Void)?
  /// Another program streams from it.
  var isBusy = false
  var opensWith: Int32 = 0
  var pollSays: Int16 = 0
  var pendingEvents: [Int32] = []
  var firstSequence: UInt32 = 0
  /// The bytes of a good picture of the current format.
  var picture: (Int) -> [UInt8] = { number in [UInt8(truncatingIfNeeded: number)] }

  // What the driver keeps.
  var width = 640
  var height = 480
  var fourCC: FourCC
  var rate = 30.0
  var streaming = false
  /// The descriptor that the stream was begun on.
  var streamer: Int32?
  var streamStart: Int64 = 0
  /// Frames since power-on, whatever became of them.
  var produced = 0
  var sequence: UInt32 = 0
  var queued: [Int] = []
  var filled: [v4l2_buffer] = []
  var filledPlanes: [Int: [Int]] = [:]
  var memory: [[UnsafeMutableRawBufferPointer]] = []
  var gone = false
  var everStreamed = 0

  init(_ formats: [Format] = [Format(fourCC: FourCC("YUYV"), sizes: [(640, 480), (1280, 720)])]) {
    self.formats = formats
    fourCC = formats[0].fourCC
  }

  var isMultiplanar: Bool { deviceCapabilities & UInt32(V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0 }

  /// Bytes of each memory plane and a row of it.
  var planeLayout: [(size: Int, row: Int)] {
    switch fourCC {
    case FourCC("NM12"): [(width * height, width), (width * height / 2, width)]
    case FourCC("YM12"): [(width * height, width), (width * height / 4, width / 2), (width * height / 4, width / 2)]
    case FourCC("NV12"), FourCC("YU12"): [((width + rowPadding) * height * 3 / 2, width + rowPadding)]
    case FourCC("NV16"), FourCC("NV61"): [((width + rowPadding) * height * 2, width + rowPadding)]
    case FourCC("GREY"): [((width + rowPadding) * height, width + rowPadding)]
    case FourCC("RGB3"), FourCC("BGR3"): [((width * 3 + rowPadding) * height, width * 3 + rowPadding)]
    case FourCC("MJPG"): [(width * height * 2, 0)]
    default: [((width * 2 + rowPadding) * height, width * 2 + rowPadding)]
    }
  }
}

/// A machine with scripted cameras and a clock that moves only when somebody waits.
///
/// Unchecked: a test drives it from one thread at a time.
final class ScriptedSystem: SystemCalls, @unchecked Sendable {
  /// Device nodes by path; a camera may be moved to another, or taken away.
  var nodes: [String: ScriptedCamera] = [:]
  var clock: Int64 = 1_000_000_000_000
  private var descriptors: [Int32: ScriptedCamera] = [:]
  private var nextDescriptor: Int32 = 100
  private(set) var mapped = 0
  private(set) var calls = 0
  /// Called before every wait with the present moment, so that a script can change things at a time.
  var schedule: [(at: Int64, action: (ScriptedSystem) -> Void)] = []
  var interrupts = 0

  init(_ nodes: [String: ScriptedCamera]) { self.nodes = nodes }

  var openDescriptors: Int { descriptors.count }
  /// Nanoseconds that pass with each look at the clock, as they do on a real one.
  var tick: Int64 = 0

  var now: MonotonicTime {
    clock += tick
    return MonotonicTime(nanoseconds: clock)
  }
  /// What /proc and the like hold: names by folder, first lines and targets of links by path.
  var folders: [String: [String]] = [:]
  var lines: [String: String] = [:]
  var links: [String: String] = [:]
  /// Devices are files in this folder, really opened and mapped.
  var realFolder: String?
  var seconds: Double { Double(clock - 1_000_000_000_000) / 1e9 }

  /// Does something `seconds` after the start.
  func at(_ seconds: Double, _ action: @escaping (ScriptedSystem) -> Void) {
    schedule.append((1_000_000_000_000 + Int64(saturating: seconds * 1e9), action))
    schedule.sort { $0.at < $1.at }
  }

  // MARK: Files

  func open(_ path: String) throws(SystemError) -> Int32 {
    calls += 1
    guard let camera = nodes[path] else { throw SystemError(ENOENT) }
    if camera.opensWith != 0 { throw SystemError(camera.opensWith) }
    if camera.gone { throw SystemError(ENODEV) }
    var descriptor = nextDescriptor + 1
    if let realFolder {
      descriptor = Glibc.open("\(realFolder)/device", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw SystemError(errno) }
    }
    nextDescriptor += 1
    descriptors[descriptor] = camera
    return descriptor
  }

  func close(_ descriptor: Int32) {
    guard let camera = descriptors.removeValue(forKey: descriptor) else { return }
    if realFolder != nil { _ = Glibc.close(descriptor) }
    // A stream belongs to the descriptor that began it.
    guard camera.streamer == descriptor || camera.streamer == nil else { return }
    camera.streamer = nil
    camera.streaming = false
    camera.queued = []
    camera.filled = []
  }

  func names(in folder: String) -> [String] {
    if let names = folders[folder] { return names }
    return folder == "/dev" ? nodes.keys.map { String($0.dropFirst(5)) } + ["null"] : []
  }

  func line(of path: String) -> String? {
    if let line = lines[path] { return line }
    guard path.hasPrefix("/sys/devices/"), let camera = nodes["/dev/\(path.split(separator: "/")[2])"] else {
      return nil
    }
    return path.hasSuffix("/serial") ? camera.serial : path.hasSuffix("/idVendor") ? "1234" : "5678"
  }

  func target(of path: String) -> String? {
    if let link = links[path] { return link }
    let parts = path.split(separator: "/").map { String($0) }
    // /sys/class/video4linux/video0/device leads to the USB interface below the device.
    if parts.count == 5, parts[0] == "sys" { return "/sys/devices/\(parts[3])/interface" }
    return path
  }

  func map(_ descriptor: Int32, length: Int, offset: Int) throws(SystemError) -> UnsafeMutableRawBufferPointer {
    guard let camera = descriptors[descriptor] else { throw SystemError(EBADF) }
    mapped += 1
    guard realFolder != nil else { return camera.memory[offset >> 8][offset & 0xFF] }
    ftruncate(descriptor, 1 << 22)
    let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let memory, memory != MAP_FAILED else { throw SystemError(errno) }
    camera.memory[offset >> 8][offset & 0xFF].deallocate()
    camera.memory[offset >> 8][offset & 0xFF] = UnsafeMutableRawBufferPointer(start: memory, count: length)
    return camera.memory[offset >> 8][offset & 0xFF]
  }

  func unmap(_ memory: UnsafeMutableRawBufferPointer) {
    mapped -= 1
    if realFolder != nil { munmap(memory.baseAddress, memory.count) } else { memory.deallocate() }
  }

  // MARK: Time

  func sleep(milliseconds: Int) { advance(to: clock + Int64(milliseconds) * 1_000_000) }

  private func advance(to moment: Int64) {
    while let first = schedule.first, first.at <= moment {
      clock = max(clock, first.at)
      schedule.removeFirst()
      first.action(self)
    }
    clock = max(clock, moment)
  }

  func poll(_ descriptor: Int32, _ events: Int16, milliseconds: Int) throws(SystemError) -> Int16 {
    calls += 1
    if interrupts > 0 {
      interrupts -= 1
      throw SystemError(EINTR)
    }
    guard let camera = descriptors[descriptor] else { throw SystemError(EBADF) }
    let deadline = clock + Int64(milliseconds) * 1_000_000
    while true {
      advance(to: clock)
      if camera.gone { return Int16(POLLERR | POLLHUP) }
      if camera.pollSays != 0 { return camera.pollSays }
      if !camera.pendingEvents.isEmpty { return Int16(POLLPRI) }
      camera.produce(upTo: clock)
      if !camera.filled.isEmpty { return Int16(POLLIN) }
      guard clock < deadline else { return 0 }
      let next = min(deadline, camera.nextFrame ?? deadline, schedule.first?.at ?? deadline)
      advance(to: max(clock + 1, next))
    }
  }

  func ioctl(_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) throws(SystemError) {
    calls += 1
    guard let camera = descriptors[descriptor] else { throw SystemError(EBADF) }
    if camera.gone { throw SystemError(ENODEV) }
    if let code = camera.failsForever[request] { throw SystemError(code) }
    if let code = camera.failures[request]?.first {
      camera.failures[request]?.removeFirst()
      throw SystemError(code)
    }
    if request == ocv_streamon { camera.streamer = descriptor }
    try camera.answer(request, argument, clock)
  }
}
