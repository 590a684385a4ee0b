import CVideo4Linux
import Capture
import Foundation
import Ground
import Testing
import Vision

/// Cameras and drivers that are allowed to be as they are, but are not what one expects.
@Suite struct OddCameraTests {
  private func open(
    _ camera: ScriptedCamera, _ request: SourceRequest = SourceRequest(), at path: String = "/dev/video0"
  ) throws -> (CameraSource, ScriptedSystem) {
    let system = ScriptedSystem([path: camera])
    return (try CameraSource(path: path, request: request, system: system), system)
  }

  // MARK: Formats and sizes

  @Test func sizesInSteps() throws {
    let camera = ScriptedCamera([.init(fourCC: FourCC("YUYV"), sizes: [(1920, 1080)], isStepwise: true)])
    let (source, system) = try open(camera, SourceRequest(width: 800, height: 600))
    #expect((source.description.width, source.description.height) == (800, 600))
    #expect(try watch(source, system, for: 1).frames.count > 20)
    source.close()
    let (largest, _) = try open(camera, SourceRequest(width: 9000, height: 9000))
    #expect((largest.description.width, largest.description.height) == (1920, 1080))
    largest.close()
  }

  @Test func driversThatListNothingAreTakenAsTheyAreSet() throws {
    let camera = ScriptedCamera()
    camera.failsForever = [ocv_enum_fmt: ENOTTY, ocv_enum_framesizes: ENOTTY, ocv_enum_frameintervals: ENOTTY]
    let (source, system) = try open(camera)
    #expect(try watch(source, system, for: 1).frames.last?.image.format == .yuyv)
    source.close()
  }

  @Test func devicesThatOnlyReadSaySo() {
    let camera = ScriptedCamera()
    camera.deviceCapabilities = UInt32(V4L2_CAP_VIDEO_CAPTURE) | UInt32(V4L2_CAP_READWRITE)
    // Old drivers fill in `capabilities` alone, which the scripted one always claims to stream.
    let error = #expect(throws: CaptureError.self) { try open(camera) }
    #expect(error?.what.contains("read() alone") == true)
    #expect(error?.remedy.contains("ffmpeg -f v4l2") == true)
  }

  // MARK: The bus

  @Test func aNarrowBusGetsWhatFits() throws {
    let camera = ScriptedCamera([
      .init(fourCC: FourCC("YUYV"), sizes: [(320, 240), (640, 480)], rates: [30, 15, 5]),
      .init(fourCC: FourCC("MJPG"), sizes: [(320, 240), (640, 480)], rates: [30, 15]),
    ])
    let jpeg = testJPEG(640, 480)
    camera.picture = { _ in jpeg }
    for (room, format, rate) in [
      (20e6, "YUYV", 30.0), (10e6, "MJPG", 30), (2e6, "MJPG", 15), (1.2e6, "MJPG", 30),
    ] {
      camera.busRoom = room
      let (source, system) = try open(camera)
      #expect(camera.fourCC.description == format && camera.rate == rate, "\(room): \(camera.fourCC) at \(camera.rate)")
      let watched = try watch(source, system, for: 1)
      #expect(watched.frames.count > 10)
      let said = watched.notices.contains { $0.hasPrefix("the USB bus has no room for more than \(format)") }
      #expect(said == (room < 20e6))
      source.close()
      #expect(system.mapped == 0 && system.openDescriptors == 0)
    }
    camera.busRoom = 10
    let error = #expect(throws: CaptureError.self) { try open(camera) }
    #expect(error?.remedy.contains("a port of its own") == true)
  }

  // MARK: Controls after a reconnect

  @Test func aControlThatIsRefusedLaterCostsNoPicture() throws {
    let camera = ScriptedCamera()
    camera.controls = [(10, "Gain", 0, 100, 7)]
    var request = SourceRequest()
    request.controls = [ControlSetting(name: "gain", value: "50")]
    let (source, system) = try open(camera, request)
    _ = try watch(source, system, for: 1)
    camera.failsForever[ocv_s_ctrl] = EIO
    camera.pendingEvents = [V4L2_EVENT_EOS]
    let watched = try watch(source, system, for: 3)
    #expect(watched.frames.count > 60)
    #expect(watched.notices == ["the camera refuses gain=50 (input/output error)"])
    camera.pendingEvents = [V4L2_EVENT_EOS]
    #expect(try watch(source, system, for: 1).notices.isEmpty, "said once")
    source.close()
  }

  @Test func webcamsAreNotAskedForTheirInputWhileTheyStream() throws {
    let camera = ScriptedCamera()
    camera.driver = "uvcvideo"
    camera.inputStatus = UInt32(V4L2_IN_ST_NO_SIGNAL)
    let (source, system) = try open(camera)
    #expect(try watch(source, system, for: 3).reasons.isEmpty)
    source.close()
  }

  // MARK: Who has it

  @Test func theOtherProgramIsNamed() throws {
    let camera = ScriptedCamera()
    let (source, system) = try open(camera)
    _ = try watch(source, system, for: 0.5)
    system.folders = ["/proc": ["self", "77", "4321"], "/proc/77/fd": ["0"], "/proc/4321/fd": ["0", "3"]]
    system.links = ["/proc/77/fd/0": "/dev/null", "/proc/4321/fd/3": "/dev/video0"]
    system.lines = ["/proc/4321/comm": "cheese"]
    camera.isBusy = true
    camera.pendingEvents = [V4L2_EVENT_EOS]
    let lost = try watch(source, system, for: 2)
    #expect(lost.reasons.last == "the camera is in use by cheese (process 4321), retrying")
    #expect(
      lost.notices.count == 1 && lost.notices[0].hasSuffix("close the other program (fuser /dev/video0 names it)"))
    camera.isBusy = false
    #expect(try watch(source, system, for: 3).frames.count > 20)
    source.close()
  }

  // MARK: Pixels

  /// A ramp from left to right, of `bits` bits, little endian unless said otherwise.
  private func ramp(
    _ name: StaticString, low: Int, high: Int, isBigEndian: Bool = false
  ) throws -> [UInt8] {
    let code = FourCC(name).code | (isBigEndian ? 1 << 31 : 0)
    let camera = ScriptedCamera([.init(fourCC: FourCC(code: code), sizes: [(640, 480)])])
    camera.rowPadding = 32
    camera.paint = { memory in
      for row in 0..<480 {
        for x in 0..<640 {
          let value = UInt16(low + (high - low) * x / 639)
          memory.storeBytes(
            of: isBigEndian ? value.bigEndian : value.littleEndian, toByteOffset: row * 1312 + x * 2, as: UInt16.self)
        }
      }
    }
    let (source, system) = try open(camera)
    defer { source.close() }
    let image = try #require(try watch(source, system, for: 1).frames.last).image
    #expect(image.format == .gray8)
    return (0..<640).map { image.storage.bytes[479 * 640 + $0] }
  }

  @Test func greyOfMoreThanEightBits() throws {
    for (name, bits) in [("Y10 ", 10), ("Y12 ", 12), ("Y14 ", 14)] as [(StaticString, Int)] {
      let line = try ramp(name, low: 0, high: 1 << bits - 1)
      for x in 0..<640 { #expect(Int(line[x]) == ((1 << bits - 1) * x / 639) >> (bits - 8)) }
    }
    // A thermal camera's picture of a warm room: 300 of 65536 levels.
    for isBigEndian in [false, true] {
      let line = try ramp("Y16 ", low: 29_800, high: 30_100, isBigEndian: isBigEndian)
      #expect(line[5] < 30 && line[634] > 225 && abs(Int(line[320]) - 128) < 20)
    }
    // Noise alone stays flat.
    let flat = try ramp("Y16 ", low: 30_000, high: 30_004)
    #expect((flat.max() ?? 0) - (flat.min() ?? 0) < 30)
    let distances = try ramp("Z16 ", low: 0, high: 4000)
    #expect(distances[0] == 0 && distances[639] > 240)
  }

  @Test(arguments: [UInt32(V4L2_FIELD_SEQ_TB.rawValue), UInt32(V4L2_FIELD_SEQ_BT.rawValue)])
  func fieldsAreWoven(field: UInt32) throws {
    let camera = ScriptedCamera([.init(fourCC: FourCC("YUYV"), sizes: [(640, 480)])])
    camera.rowPadding = 64
    camera.field = field
    camera.paint = { memory in
      for row in 0..<480 {
        let inField = row % 240
        let isUpper = (row < 240) == (field == V4L2_FIELD_SEQ_TB.rawValue)
        memset(memory.baseAddress! + row * 1344, Int32((inField * 2 + (isUpper ? 0 : 1)) % 256), 1344)
      }
    }
    let (source, system) = try open(camera)
    let image = try #require(try watch(source, system, for: 1).frames.last).image
    for row in 0..<480 {
      let first = (image.base(ofPlane: 0) + row * image.planes[0].bytesPerRow).load(as: UInt8.self)
      #expect(first == UInt8(row % 256))
    }
    source.close()
  }

  /// Grabbers of interlaced HDMI deliver one field after the other, half a picture each.
  @Test(arguments: [V4L2_FIELD_ALTERNATE.rawValue, V4L2_FIELD_BOTTOM.rawValue])
  func singleFieldsKeepTheirProportions(field: UInt32) throws {
    let camera = ScriptedCamera([.init(fourCC: FourCC("UYVY"), sizes: [(640, 240)])])
    camera.rowPadding = 64
    camera.field = field
    camera.paint = { memory in
      for row in 0..<240 { memset(memory.baseAddress! + row * 1344, Int32(row), 1344) }
    }
    let (source, system) = try open(camera)
    #expect(source.description.height == 480)
    let image = try #require(try watch(source, system, for: 1).frames.last).image
    #expect(image.width == 640 && image.height == 480)
    for row in 0..<480 {
      let line = image.base(ofPlane: 0) + row * image.planes[0].bytesPerRow
      #expect(line.load(as: UInt8.self) == UInt8(row / 2))
      #expect(line.load(fromByteOffset: 1279, as: UInt8.self) == UInt8(row / 2))
    }
    source.close()
  }

  @Test func picturesWithoutHuffmanTablesAreTheSamePictures() throws {
    let whole = testJPEG(64, 48)
    let bare = withoutHuffmanTables(whole)
    #expect(bare.count < whole.count - 100)
    func pixels(_ jpeg: [UInt8]) throws -> [UInt8] {
      let camera = ScriptedCamera([.init(fourCC: FourCC("MJPG"), sizes: [(64, 48)])])
      camera.picture = { _ in jpeg }
      let (source, system) = try open(camera)
      defer { source.close() }
      let image = try #require(try watch(source, system, for: 0.5).frames.last).image
      return (0..<48).flatMap { row in (0..<64).map { image.storage.bytes[row * image.planes[0].bytesPerRow + $0] } }
    }
    #expect(try pixels(bare) == pixels(whole))
    #expect(try pixels(whole + [UInt8](repeating: 0, count: 2000)) == pixels(whole))
  }

  // MARK: Numbers

  @Test func nonsensicalFrameNumbersAreNoDrops() throws {
    let camera = ScriptedCamera()
    camera.delivery = { $0 % 40 == 7 ? .numbered(4_000_000 &* UInt32($0)) : .good }
    let (source, system) = try open(camera)
    let frames = try watch(source, system, for: 10).frames
    #expect((frames.last?.driverDrops ?? 0) < 10)
    for (a, b) in zip(frames, frames.dropFirst()) { #expect(b.sequence > a.sequence && b.sequence < a.sequence + 100) }
    source.close()
  }
}

/// The same picture as an MJPEG camera sends it: the standard's tables are left out.
func withoutHuffmanTables(_ jpeg: [UInt8]) -> [UInt8] {
  var result = Array(jpeg[0..<2])
  var at = 2
  while at + 4 <= jpeg.count, jpeg[at] == 0xFF {
    let marker = jpeg[at + 1]
    let length = 2 + Int(jpeg[at + 2]) << 8 + Int(jpeg[at + 3])
    if marker != 0xC4 { result += jpeg[at..<at + length] }
    at += length
    // Behind the start of the scan comes the picture itself.
    if marker == 0xDA { break }
  }
  return result + jpeg[at...]
}
