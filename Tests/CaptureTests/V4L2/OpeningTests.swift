import CVideo4Linux
import Capture
import Foundation
import Ground
import Testing
import Vision

@Suite struct CameraOpeningTests {
  private func failure(_ camera: ScriptedCamera?, _ request: SourceRequest = SourceRequest()) -> CaptureError? {
    let system = ScriptedSystem(camera.map { ["/dev/video0": $0] } ?? [:])
    let error = #expect(throws: CaptureError.self) {
      _ = try CameraSource(path: "/dev/video0", request: request, system: system)
    }
    #expect(system.openDescriptors == 0)
    #expect(system.mapped == 0)
    return error
  }

  @Test func errorsSayWhatToDo() {
    #expect(failure(nil)?.kind == .notFound)
    let denied = ScriptedCamera()
    denied.opensWith = EACCES
    #expect(failure(denied)?.remedy.contains("group video") == true)
    let busy = ScriptedCamera()
    busy.isBusy = true
    #expect(failure(busy)?.kind == .busy)
    let metadata = ScriptedCamera()
    metadata.deviceCapabilities = UInt32(V4L2_CAP_META_CAPTURE) | UInt32(V4L2_CAP_STREAMING)
    #expect(failure(metadata)?.kind == .unsupported)
    let exotic = ScriptedCamera([.init(fourCC: FourCC("H264"), sizes: [(640, 480)])])
    #expect(failure(exotic)?.remedy.hasPrefix("it offers H264; let ffmpeg decode it: ffmpeg -f v4l2") == true)
    let refusing = ScriptedCamera()
    refusing.failsForever[ocv_streamon] = EPROTO
    #expect(failure(refusing)?.line == "/dev/video0: the camera does not start (protocol error)")
  }

  @Test(arguments: [ocv_querycap, ocv_enum_fmt, ocv_s_fmt, ocv_reqbufs, ocv_querybuf, ocv_qbuf, ocv_streamon])
  func anyIoctlMayFail(request: UInt) {
    for code in [EINVAL, EIO, ENODEV, ENOMEM, ENOTTY, EBUSY, EPERM, ENOSPC] {
      let camera = ScriptedCamera()
      camera.failsForever[request] = code
      // What cannot be listed may still be set.
      if request == ocv_enum_fmt { camera.failsForever[ocv_g_fmt] = code }
      _ = failure(camera)
    }
  }

  @Test(arguments: [ocv_s_parm, ocv_enum_framesizes, ocv_enum_frameintervals, ocv_subscribe_event, ocv_g_input])
  func whatIsOptionalMayBeMissing(request: UInt) throws {
    let camera = ScriptedCamera()
    camera.failsForever[request] = ENOTTY
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    #expect(try watch(source, system, for: 1).frames.count > 20)
    source.close()
  }

  @Test func momentaryRefusalsAreTriedAgain() throws {
    let camera = ScriptedCamera()
    camera.failures[ocv_reqbufs] = [EINVAL]
    camera.failures[ocv_querycap] = [EINTR, EINTR]
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    #expect(try watch(source, system, for: 1).frames.count > 20)
    source.close()
  }

  @Test func nonsenseFromTheDriverIsRefused() throws {
    for size in [(0, 480), (640, 0), (1 << 20, 480), (-1, -1)] {
      let camera = ScriptedCamera()
      camera.forcedSize = (640, 480)
      camera.failures = [:]
      let system = ScriptedSystem(["/dev/video0": camera])
      let garbling = GarblingSystem(
        system, width: UInt32(truncatingIfNeeded: size.0), height: UInt32(truncatingIfNeeded: size.1))
      #expect(throws: CaptureError.self) {
        _ = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: garbling)
      }
      #expect(system.openDescriptors == 0)
    }
  }

  @Test func theCheapestFormatOfTheRightSizeWins() throws {
    let camera = ScriptedCamera([
      .init(fourCC: FourCC("GREY"), sizes: [(640, 480)]),
      .init(fourCC: FourCC("MJPG"), sizes: [(640, 480), (1280, 720)]),
      .init(fourCC: FourCC("YUYV"), sizes: [(640, 480), (1280, 720)], rates: [30]),
    ])
    camera.picture = { _ in testJPEG(1280, 720) }
    let system = ScriptedSystem(["/dev/video0": camera])
    var source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    #expect(camera.fourCC == FourCC("YUYV"))
    source.close()
    // Raw video of this size comes at 5 frames a second over USB 2; JPEG comes at 30.
    camera.formats[2].rates = [5]
    source = try CameraSource(
      path: "/dev/video0", request: SourceRequest(width: 1280, height: 720, framesPerSecond: 30), system: system)
    #expect(camera.fourCC == FourCC("MJPG"))
    #expect(source.description.width == 1280)
    source.close()
  }

  @Test func controlsAreSetByEitherName() throws {
    let camera = ScriptedCamera()
    camera.controls = [(10, "Brightness", -64, 64, 0), (20, "Auto Exposure", 0, 3, 3), (30, "Gain", 0, 100, 7)]
    let system = ScriptedSystem(["/dev/video0": camera])
    var request = SourceRequest()
    request.controls = [try ControlSetting(parsing: "exposure_auto=1"), ControlSetting(name: "gain", value: "50")]
    let source = try CameraSource(path: "/dev/video0", request: request, system: system)
    #expect(camera.controls[1].value == 1)
    #expect(camera.controls[2].value == 50)
    // A camera that lost power has forgotten them.
    camera.controls[2].value = 7
    camera.pendingEvents = [V4L2_EVENT_EOS]
    _ = try watch(source, system, for: 1)
    #expect(camera.controls[2].value == 50)
    source.close()
    request.controls = [ControlSetting(name: "gain", value: "500")]
    #expect(failure(camera, request)?.remedy == "0 to 100")
    request.controls = [ControlSetting(name: "zoom", value: "1")]
    #expect(failure(camera, request)?.remedy == "it has brightness, auto_exposure, gain")
    #expect(throws: CaptureError.self) { try ControlSetting(parsing: "gain") }
  }

  @Test func camerasAreListed() throws {
    let camera = ScriptedCamera()
    camera.serial = "A1"
    camera.controls = [(10, "Brightness", -64, 64, 5)]
    let denied = ScriptedCamera()
    denied.opensWith = EACCES
    let metadata = ScriptedCamera()
    metadata.deviceCapabilities = UInt32(V4L2_CAP_META_CAPTURE)
    let system = ScriptedSystem(["/dev/video10": denied, "/dev/video2": camera, "/dev/video3": metadata])
    let list = CameraCatalogue.list(system: system)
    #expect(list.map(\.path) == ["/dev/video2", "/dev/video10"])
    #expect(list[0].problem == nil)
    #expect(list[0].serial == "1234:5678:A1")
    #expect(list[0].formats[0].fourCC == "YUYV")
    #expect(list[0].formats[0].sizes[0].rates == [30, 15])
    #expect(list[0].controls[0].value == 5)
    #expect(list[1].problem?.contains("group video") == true)
    #expect(system.openDescriptors == 0)
  }
}

/// A driver whose S_FMT answers with sizes that cannot be.
private final class GarblingSystem: SystemCalls, Sendable {
  private let inner: ScriptedSystem
  private let width: UInt32
  private let height: UInt32

  init(_ inner: ScriptedSystem, width: UInt32, height: UInt32) {
    self.inner = inner
    self.width = width
    self.height = height
  }

  func ioctl(_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) throws(SystemError) {
    try inner.ioctl(descriptor, request, argument)
    guard request == ocv_s_fmt else { return }
    argument.assumingMemoryBound(to: v4l2_format.self).pointee.fmt.pix.width = width
    argument.assumingMemoryBound(to: v4l2_format.self).pointee.fmt.pix.height = height
  }

  func open(_ path: String) throws(SystemError) -> Int32 { try inner.open(path) }
  func close(_ descriptor: Int32) { inner.close(descriptor) }
  func map(_ descriptor: Int32, length: Int, offset: Int) throws(SystemError) -> UnsafeMutableRawBufferPointer {
    try inner.map(descriptor, length: length, offset: offset)
  }
  func unmap(_ memory: UnsafeMutableRawBufferPointer) { inner.unmap(memory) }
  func poll(_ descriptor: Int32, _ events: Int16, milliseconds: Int) throws(SystemError) -> Int16 {
    try inner.poll(descriptor, events, milliseconds: milliseconds)
  }
  func sleep(milliseconds: Int) { inner.sleep(milliseconds: milliseconds) }
  var now: MonotonicTime { inner.now }
  func names(in folder: String) -> [String] { inner.names(in: folder) }
  func line(of path: String) -> String? { inner.line(of: path) }
  func target(of path: String) -> String? { inner.target(of: path) }
}
