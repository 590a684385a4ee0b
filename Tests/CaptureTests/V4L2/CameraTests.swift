import CVideo4Linux
import Capture
import Foundation
import Ground
import Testing
import Vision

/// Runs a source for some scripted seconds and keeps what it said.
struct Watched {
  var frames: [Frame] = []
  var frameTimes: [Double] = []
  var reasons: [String] = []
  var reasonTimes: [Double] = []
  var notices: [String] = []
}

func watch(_ source: CameraSource, _ system: ScriptedSystem, for seconds: Double, keep: Bool = true) throws -> Watched {
  var watched = Watched()
  let end = system.seconds + seconds
  while system.seconds < end {
    let before = system.clock
    switch try source.next(timeout: 20) {
    case .frame(let frame):
      if keep { watched.frames.append(frame) }
      watched.frameTimes.append(system.seconds)
    case .noSignal(let reason, _):
      watched.reasons.append(reason)
      watched.reasonTimes.append(system.seconds)
    case .notice(let text): watched.notices.append(text)
    case .nothing: break
    case .end: return watched
    }
    // A source that answers at once for ever would stop the clock; real time passes all the same.
    if system.clock == before { system.sleep(milliseconds: 1) }
  }
  return watched
}

@Suite struct CameraStreamingTests {
  @Test func framesComeWithTheirNumbersAndTimes() throws {
    let camera = ScriptedCamera()
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    let watched = try watch(source, system, for: 2)
    #expect(watched.frames.count >= 58)
    #expect(watched.reasons.isEmpty)
    for (a, b) in zip(watched.frames, watched.frames.dropFirst()) {
      #expect(b.sequence == a.sequence + 1)
      #expect(b.timestamp > a.timestamp)
    }
    #expect(watched.frames[0].image.format == .yuyv)
    #expect(watched.frames[0].image.width == 640)
    #expect(source.description.framesPerSecond == 30)
    source.close()
    #expect(system.openDescriptors == 0)
    #expect(system.mapped == 0)
  }

  @Test(arguments: [
    ("YUYV", PixelFormat.yuyv, 0), ("UYVY", .uyvy, 0), ("NV12", .nv12, 0), ("NV12", .nv12, 32), ("YU12", .yuv420, 64),
    ("GREY", .gray8, 16), ("RGB3", .rgb24, 24), ("BGR3", .bgr24, 0), ("YUYV", .yuyv, 128),
  ])
  func nativeFormats(name: String, format: PixelFormat, padding: Int) throws {
    let fourCC = PixelEncoding.all.first { $0.fourCC.description == name }!.fourCC
    let camera = ScriptedCamera([.init(fourCC: fourCC, sizes: [(640, 480)])])
    camera.rowPadding = padding
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    let frame = try #require(try watch(source, system, for: 0.5).frames.last)
    #expect(frame.image.format == format)
    #expect(frame.image.planes[0].bytesPerRow == format.planeSizes(width: 640, height: 480)![0].bytesPerRow + padding)
    let expected = UInt8(truncatingIfNeeded: camera.produced - 1)
    for index in frame.image.planes.indices {
      #expect(frame.image.base(ofPlane: index).load(as: UInt8.self) == expected)
    }
    source.close()
  }

  @Test(arguments: [("NM12", PixelFormat.nv12), ("YM12", .yuv420), ("NV12", .nv12), ("YUYV", .yuyv)])
  func multiplanarDevices(name: String, format: PixelFormat) throws {
    let fourCC = PixelEncoding.all.first { $0.fourCC.description == name }!.fourCC
    let camera = ScriptedCamera([.init(fourCC: fourCC, sizes: [(640, 480)])])
    camera.deviceCapabilities = UInt32(V4L2_CAP_VIDEO_CAPTURE_MPLANE) | UInt32(V4L2_CAP_STREAMING)
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    let watched = try watch(source, system, for: 0.5)
    #expect(watched.frames.count > 10)
    #expect(watched.frames.last?.image.format == format)
    source.close()
    #expect(system.mapped == 0)
  }

  @Test func motionJPEGIsDecodedAndKept() throws {
    let camera = ScriptedCamera([.init(fourCC: FourCC("MJPG"), sizes: [(64, 48)])])
    let jpeg = testJPEG(64, 48)
    camera.picture = { _ in jpeg }
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    let frame = try #require(try watch(source, system, for: 0.5).frames.last)
    #expect(frame.image.width == 64)
    #expect(frame.image.fullRange)
    let kept = try #require(frame.jpeg)
    #expect(Array(kept.storage.bytes[0..<kept.count]) == jpeg)
    source.close()
  }

  @Test func libv4lConvertsTheRest() throws {
    for encoding in PixelEncoding.all {
      guard case .converted(let target) = encoding.handling, encoding.cost <= 12 else { continue }
      let camera = ScriptedCamera([.init(fourCC: encoding.fourCC, sizes: [(640, 480)])])
      let system = ScriptedSystem(["/dev/video0": camera])
      camera.rowPadding = 640 * 2
      let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
      let watched = try watch(source, system, for: 0.3)
      #expect(watched.frames.last?.image.format == target, "\(encoding.fourCC): \(watched.reasons)")
      source.close()
    }
  }

  /// Padded rows of luma 16 + row / 4 above neutral chroma, and the same without padding: one picture.
  @Test(arguments: ["NV16", "NV61"]) func paddedRowsOfTwoPlanesAreConvertedAsTheyAre(name: String) throws {
    func picture(padding: Int) throws -> [UInt8] {
      let fourCC = try #require(PixelEncoding.all.first { $0.fourCC.description == name }).fourCC
      let camera = ScriptedCamera([.init(fourCC: fourCC, sizes: [(640, 480)])])
      camera.rowPadding = padding
      let rows = (0..<960).flatMap { row -> [UInt8] in
        [UInt8](repeating: row < 480 ? UInt8(16 + row / 4) : 128, count: 640) + [UInt8](repeating: 255, count: padding)
      }
      camera.paint = { $0.copyBytes(from: rows.prefix($0.count)) }
      let system = ScriptedSystem(["/dev/video0": camera])
      let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
      defer { source.close() }
      let image = try #require(try watch(source, system, for: 0.3).frames.last).image
      return (0..<image.planes.count).flatMap { plane in
        let size = image.planes[plane].bytesPerRow * image.planes[plane].rows
        return Array(UnsafeRawBufferPointer(start: image.base(ofPlane: plane), count: size))
      }
    }
    let tight = try picture(padding: 0)
    for row in [0, 100, 479] { #expect(tight[640 * row] == UInt8(16 + row / 4)) }
    #expect(tight[640 * 480] == 128)
    #expect(try picture(padding: 640) == tight)
  }

  @Test func lateConsumersGetTheNewestFrame() throws {
    let camera = ScriptedCamera()
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    _ = try watch(source, system, for: 0.5)
    system.sleep(milliseconds: 100)
    guard case .frame(let frame) = try source.next(timeout: 0) else {
      Issue.record("no frame")
      return
    }
    #expect(frame.passedOver >= 1)
    #expect(Double(system.clock - frame.timestamp.nanoseconds) < 40e6)
    source.close()
  }

  /// Many webcams take seconds to their first picture; the clock runs on between two looks at it.
  @Test func aCameraMayTakeItsTimeToTheFirstPicture() throws {
    let camera = ScriptedCamera()
    let system = ScriptedSystem(["/dev/video0": camera])
    system.tick = 100
    camera.delivery = { [unowned system] _ in system.seconds < 3.5 ? .stalled : .good }
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    let watched = try watch(source, system, for: 5)
    #expect(camera.everStreamed == 1)
    #expect(watched.frames.count > 30)
    #expect(watched.reasonTimes.first ?? 9 >= 1.9)
    source.close()
  }

  @Test func slowCamerasRaiseNoAlarm() throws {
    let camera = ScriptedCamera([.init(fourCC: FourCC("YUYV"), sizes: [(640, 480)], rates: [1])])
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    let watched = try watch(source, system, for: 30)
    #expect(watched.reasons.isEmpty)
    #expect(watched.frameTimes.count >= 28)
    source.close()
  }

  @Test func sequenceWrapsAround() throws {
    let camera = ScriptedCamera()
    camera.firstSequence = UInt32.max - 20
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    let watched = try watch(source, system, for: 2)
    #expect(watched.frames.last?.driverDrops == 0)
    #expect(watched.frames.last?.sequence == UInt64(watched.frames.count))
    source.close()
  }
}

/// A small picture as a camera would send it.
func testJPEG(_ width: Int, _ height: Int) -> [UInt8] {
  let storage = PixelStorage(count: width * height * 3)
  for index in storage.bytes.indices { storage.bytes[index] = UInt8(truncatingIfNeeded: index / 7) }
  return try! JPEGEncoder().encode(Image(packed: width, height, .rgb24, storage: storage)!).array
}
