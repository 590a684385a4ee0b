import Capture
import Foundation
import Ground
import TestSupport
import Testing
import Vision

/// Videos of every kind of colour, shape and time, made by ffmpeg and read back.
@Suite(.enabled(if: hasFFmpeg, "ffmpeg is not installed"), .serialized)
struct VideoKindTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func make(_ name: String, _ arguments: [String]) throws -> String {
    let path = folder.file(name)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    process.arguments = ["-v", "error", "-y"] + arguments + ["file:\(path)"]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "ffmpeg made \(name)")
    return path
  }

  private func frames(_ path: String, pace: SourceRequest.Pace = .unlimited, format: String? = nil) throws -> [Frame] {
    var request = SourceRequest()
    request.pace = pace
    let opened = try SourceRegistry(adding: [], cameras: { [] }).open(path, request: request).source
    defer { opened.close() }
    var result: [Frame] = []
    let began = MonotonicTime.now
    while MonotonicTime.now.milliseconds(since: began) < 60_000 {
      switch try opened.next(timeout: 200) {
      case .frame(let frame): result.append(frame)
      case .end: return result
      case .nothing, .noSignal, .notice: break
      }
    }
    Issue.record("the video does not end")
    return result
  }

  /// The colour in the middle, over all of a few pixels.
  private func middle(_ image: Image) -> [Int] {
    let rgb = image.rgb24()
    let at = (image.height / 2 * image.width + image.width / 2) * 3
    return (0..<3).map { Int(rgb.storage.bytes[at + $0]) }
  }

  // MARK: Colours

  private static let colors = [(0, 255, 0), (255, 0, 0), (0, 0, 255), (128, 128, 128), (200, 140, 90)]

  /// Matrix's name in the filter `scale`, its name in streams, and the size.
  private static let streams: [(scale: String, tag: String?, size: String, full: Bool)] = [
    ("bt709", "bt709", "1280x720", false), ("bt709", "bt709", "320x240", false), ("bt709", "bt709", "320x240", true),
    ("bt601", "smpte170m", "320x240", false), ("bt601", "bt470bg", "1280x720", false),
    ("bt601", "smpte170m", "320x240", true), ("bt2020", "bt2020nc", "320x240", false),
    ("bt2020", "bt2020nc", "1280x720", true), ("smpte240m", "smpte240m", "320x240", false),
    // Those that say nothing: by their size.
    ("bt601", nil, "320x240", false), ("bt709", nil, "1280x720", false), ("bt709", nil, "720x1280", false),
  ]

  @Test(arguments: streams.indices)
  func coloursAreTheStreams(index: Int) throws {
    let stream = Self.streams[index]
    for (number, color) in Self.colors.enumerated() {
      let hex = String(format: "0x%02X%02X%02X", color.0, color.1, color.2)
      let range = stream.full ? "pc" : "tv"
      let tags = stream.tag.map { ["-colorspace", $0, "-color_range", range] } ?? []
      let path = try make(
        "c\(index)-\(number).mp4",
        [
          "-f", "lavfi", "-i", "color=\(hex):s=\(stream.size):d=1:r=2,format=rgb24", "-vf",
          "scale=out_color_matrix=\(stream.scale):out_range=\(range),format=yuv420p", "-frames:v", "1",
        ] + tags + ["-c:v", "libx264", "-qp", "0"])
      let frames = try frames(path)
      #expect(frames.count == 1)
      let got = frames.first.map { middle($0.image) } ?? []
      for (a, b) in zip(got, [color.0, color.1, color.2]) {
        #expect(abs(a - b) <= 4, "\(stream): \(got), right \(color)")
      }
    }
  }

  @Test func otherKindsOfPixels() throws {
    let sources: [(String, [String])] = [
      ("a.gif", ["-c:v", "gif"]), ("b.mkv", ["-c:v", "ffv1", "-pix_fmt", "bgr0"]),
      ("c.mkv", ["-c:v", "ffv1", "-pix_fmt", "gbrp"]),
      ("d.mkv", ["-c:v", "ffv1", "-pix_fmt", "yuv444p10le"]), ("e.avi", ["-c:v", "mjpeg", "-q:v", "2"]),
      ("f.mov", ["-c:v", "qtrle"]), ("g.mkv", ["-c:v", "png"]), ("h.mkv", ["-c:v", "ffv1", "-pix_fmt", "gray"]),
    ]
    for (name, codec) in sources {
      // GIF has a palette that only comes near.
      let isGrey = name == "h.mkv"
      let path = try make(
        name,
        ["-f", "lavfi", "-i", "color=\(isGrey ? "0x909090" : "0xC88C5A"):s=160x120:d=1:r=5", "-frames:v", "3"] + codec)
      let frames = try frames(path)
      #expect(frames.count == 3, "\(name)")
      let got = frames.first.map { middle($0.image) } ?? []
      for (a, b) in zip(got, isGrey ? [144, 144, 144] : [200, 140, 90]) {
        #expect(abs(a - b) <= (name == "a.gif" ? 20 : 2), "\(name): \(got)")
      }
    }
  }

  // MARK: Shape

  @Test func pixelsAreSquare() throws {
    let shapes: [(size: String, shape: String, right: (Int, Int))] = [
      ("720x480", "32/27", (854, 480)), ("720x576", "16/15", (768, 576)), ("320x240", "1/2", (320, 480)),
      ("320x240", "1/1", (320, 240)), ("161x121", "1/1", (161, 121)), ("320x240", "1/200", (320, 240)),
      ("352x288", "12/11", (384, 288)),
    ]
    for (number, shape) in shapes.enumerated() {
      let path = try make(
        "s\(number).mkv",
        ["-f", "lavfi", "-i", "testsrc=s=\(shape.size):r=5:d=0.4", "-vf", "setsar=\(shape.shape)", "-c:v", "ffv1"])
      let image = try #require(try frames(path).first).image
      #expect((image.width, image.height) == shape.right, "\(shape)")
    }
    // Turned on its side, as phones store it: the shape turns with it.
    let upright = try make(
      "t.mp4",
      [
        "-f", "lavfi", "-i", "testsrc2=s=320x240:r=5:d=0.4", "-vf", "setsar=2/1", "-c:v", "libx264", "-pix_fmt",
        "yuv420p",
      ])
    let turned = try make("u.mp4", ["-i", upright, "-c", "copy", "-metadata:s:v:0", "rotate=90"])
    let image = try #require(try frames(turned).first).image
    // Newer ffmpegs turn by another option; the shape is right in any case.
    #expect([240, 640].contains(image.width) && [240, 640].contains(image.height) && image.width != image.height)
    for (tag, right) in [("A32:27", (853, 480)), ("A1:1", (720, 480)), ("A0:0", (720, 480)), ("A1:2", (720, 960))] {
      var bytes = Array("YUV4MPEG2 W720 H480 F10:1 Ip \(tag) C420jpeg\n".utf8)
      bytes +=
        Array("FRAME\n".utf8) + [UInt8](repeating: 90, count: 720 * 480) + [UInt8](repeating: 128, count: 360 * 480)
      let image = try #require(try frames(folder.write("a.y4m", bytes)).first).image
      #expect((image.width, image.height) == right, "\(tag)")
      #expect(middle(image).allSatisfy { abs($0 - 86) <= 1 })
    }
  }

  // MARK: Times

  private static let patterns: [String: [Int]] = [
    "bursts": [0, 33, 66, 100, 900, 933, 966, 1000, 1900, 1933, 1966, 2000], "slides": [0, 1000, 1500, 3000, 3040],
    "phone": [0, 17, 33, 50, 83, 117, 133, 150, 167, 200, 233, 300, 333, 350], "late": [500, 540, 900],
  ]

  /// A grey video, a step lighter each picture.
  private func irregular(_ name: String, _ times: [Int], _ codec: [String]) throws -> String {
    let terms = times.enumerated().map { "+\($1)*eq(N\\,\($0))" }.joined()
    return try make(
      name,
      [
        "-f", "lavfi", "-i", "color=black:s=64x48:r=30", "-frames:v", "\(times.count)", "-vf",
        "format=gray,geq=lum='20+N*15',settb=1/1000,setpts='0\(terms)',format=yuv420p", "-fps_mode", "passthrough",
        "-enc_time_base", "1/1000",
      ] + codec)
  }

  @Test(arguments: ["mkv", "mp4", "webm", "avi"])
  func eachPictureOnceAtItsTime(ending: String) throws {
    for (name, times) in Self.patterns {
      // AVI has no times: pictures are repeated by the writer, and not our concern.
      guard ending != "avi" else { continue }
      let codec =
        ending == "webm"
        ? ["-c:v", "libvpx", "-crf", "4", "-b:v", "2M", "-auto-alt-ref", "0", "-lag-in-frames", "0"]
        : ["-c:v", "libx264", "-qp", "0", "-bf", "2"]
      let path = try irregular("\(name).\(ending)", times, codec)
      let frames = try frames(path)
      #expect(frames.count == times.count, "\(name).\(ending)")
      guard frames.count == times.count else { continue }
      let levels = frames.map { middle($0.image)[0] }
      #expect(levels == levels.sorted() && Set(levels).count == levels.count, "\(name).\(ending): \(levels)")
      for (frame, time) in zip(frames, times) {
        let media = (frame.mediaTime ?? -1) - (frames[0].mediaTime ?? 0)
        #expect(abs(media - Double(time - times[0]) / 1000) < 0.003, "\(name).\(ending)")
        let own = Double(frame.timestamp.nanoseconds - frames[0].timestamp.nanoseconds) / 1e9
        #expect(abs(own - Double(time - times[0]) / 1000) < 0.003, "\(name).\(ending)")
      }
    }
  }

  @Test func stepsInIrregularFiles() throws {
    let times = [0, 33, 66, 100, 900, 933, 966, 1000, 1900, 1933, 1966, 2000]
    let path = try irregular("steps.mkv", times, ["-c:v", "libx264", "-qp", "0", "-g", "5"])
    let source = try VideoFileSource(path: path)
    defer { source.close() }
    func next() throws -> Int? {
      let began = MonotonicTime.now
      while MonotonicTime.now.milliseconds(since: began) < 20_000 {
        if case .frame(let frame) = try source.next(timeout: 200) {
          return frame.mediaTime.map { Int(($0 * 1000).rounded()) }
        }
      }
      return nil
    }
    source.setPlaying(false)
    source.seek(to: 0.9)
    #expect(try next() == 900)
    for (frames, right) in [
      (1, 933), (-1, 900), (-1, 100), (-2, 33), (5, 966), (-3, 100), (8, 2000), (-11, 0), (11, 2000),
    ] {
      source.step(by: frames)
      #expect(try next() == right, "by \(frames)")
    }
    source.seek(to: 1.2)
    #expect(try next() == 1900)
    source.seek(to: 99)
    #expect(try next() == 2000)
    source.seek(to: 0.95)
    source.step(by: -2)
    #expect(try next() == 900)
  }

  // MARK: Motion JPEG

  @Test func oneJPEGBehindAnotherIsAVideo() throws {
    let pictures = try (0..<12).map { number in
      try JPEGEncoder().encode(greyPicture(64, 48, shade: UInt8(20 + number * 18))).array
    }
    let bytes = pictures.flatMap { $0 }
    for name in ["v.mjpeg", "v.mjpg", "V.MJPEG", "video", "v.bin"] {
      let seen = try frames(folder.write(name, bytes))
      #expect(seen.count == 12, "\(name)")
      for (number, frame) in seen.enumerated() {
        #expect(abs(middle(frame.image)[0] - (20 + number * 18)) <= 2, "\(name)")
        #expect(frame.mediaTime.map { abs($0 - Double(number) / 25) < 0.001 } == true)
      }
    }
    // Photos may have other pictures behind them, and are photos.
    let registry = SourceRegistry(adding: [], cameras: { [] })
    #expect(try registry.open(folder.write("p.jpg", bytes)).source is PhotoSource)
    #expect(try registry.open(folder.write("photo", pictures[0])).source is PhotoSource)
    #expect(try registry.open(folder.write("photo2", pictures[0] + [0, 0, 0])).source is PhotoSource)
    let album: [UInt8] = [0xFF, 0xE2, 0, 8] + Array("MPF".utf8) + [0, 0, 0]
    #expect(
      try registry.open(folder.write("album", pictures[0].prefix(2) + album + bytes.dropFirst(2))).source is PhotoSource
    )
  }

  @Test func aBrokenFileIsToldOf() throws {
    var bytes = Array(
      try Data(contentsOf: URL(fileURLWithPath: irregular("b.mkv", [0, 40, 80, 120], ["-c:v", "ffv1"]))))
    // The header stands; the pictures are noise.
    for at in bytes.count / 3..<bytes.count { bytes[at] = UInt8(truncatingIfNeeded: at &* 37 ^ at >> 3) }
    let path = try folder.write("broken.mkv", bytes)
    // An error when it is opened, or fewer pictures: no trap, no hang.
    do { #expect(try frames(path).count <= 4) } catch let error as CaptureError { #expect(error.place == path) }
  }
}
