import Capture
import Foundation
import Ground
import Synchronization
import TestSupport
import Testing
import Vision

/// Whether the ffmpeg program is there; what needs it is skipped otherwise.
let hasFFmpeg = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].contains {
  FileManager.default.isExecutableFile(atPath: $0)
}

@Suite struct Y4MTests {
  private func stream(_ header: String, frames: Int, bytes: Int) -> [UInt8] {
    var result = Array((header + "\n").utf8)
    for number in 0..<frames { result += Array("FRAME\n".utf8) + [UInt8](repeating: UInt8(number), count: bytes) }
    return result
  }

  /// Feeds bytes through a pipe from another thread and collects what comes of them.
  private func read(_ bytes: [UInt8], chunk: Int = 1 << 16) throws -> (frames: [Frame], notices: [String]) {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let writing = ends[1]
    signal(SIGPIPE, SIG_IGN)
    let writer = try WorkerThread(name: "test-writer") {
      var sent = 0
      while sent < bytes.count {
        let count = bytes.withUnsafeBytes { write(writing, $0.baseAddress! + sent, min(chunk, bytes.count - sent)) }
        if count <= 0 { break }
        sent += count
      }
      close(writing)
    }
    defer { writer.join() }
    var frames: [Frame] = []
    var notices: [String] = []
    let source = try RawVideoSource(descriptor: ends[0], name: "-", isFile: false, request: SourceRequest())
    defer { source.close() }
    while true {
      switch try source.next(timeout: 1000) {
      case .frame(let frame): frames.append(frame)
      case .notice(let text): notices.append(text)
      case .end: return (frames, notices)
      default: break
      }
    }
  }

  @Test(arguments: [1 << 16, 7])
  func framesAreReadWhole(chunk: Int) throws {
    let seen = try read(stream("YUV4MPEG2 W8 H4 F30:1 C420jpeg XCOLORRANGE=FULL", frames: 5, bytes: 48), chunk: chunk)
    #expect(seen.frames.count == 5)
    #expect(seen.frames[3].image.format == .yuv420)
    #expect(seen.frames[3].image.fullRange)
    #expect(seen.frames[3].image.storage.bytes[47] == 3)
    #expect(seen.frames.map(\.sequence) == [1, 2, 3, 4, 5])
  }

  @Test func noRateIsTooSlow() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.y4m", stream("YUV4MPEG2 W8 H4 F30:1", frames: 3, bytes: 48))
    for rate in [1e-300, 1e-12, 1e-3] {
      let source = try RawVideoSource(path: path, request: SourceRequest(framesPerSecond: rate))
      defer { source.close() }
      for _ in 0..<3 { _ = try source.next(timeout: 1) }
    }
  }

  @Test func otherKindsOfPixels() throws {
    #expect(try read(stream("YUV4MPEG2 W8 H4 F30:1 C422", frames: 1, bytes: 64)).frames[0].image.format == .yuv422)
    #expect(try read(stream("YUV4MPEG2 W8 H4 F30:1 Cmono", frames: 1, bytes: 32)).frames[0].image.format == .gray8)
    #expect(throws: CaptureError.self) { try read(stream("YUV4MPEG2 W8 H4 C444p10", frames: 1, bytes: 96)) }
  }

  @Test func aCutStreamSaysSo() throws {
    let seen = try read(Array(stream("YUV4MPEG2 W8 H4 F30:1", frames: 3, bytes: 48).dropLast(5)))
    #expect(seen.frames.count == 2)
    #expect(seen.notices == ["-: the last picture is cut short"])
    let folder = try TemporaryFolder()
    let path = try folder.write("a.y4m", Array(stream("YUV4MPEG2 W8 H4 F30:1", frames: 3, bytes: 48).dropLast(5)))
    let file = try RawVideoSource(path: path, request: SourceRequest())
    defer { file.close() }
    while true { if case .end = try file.next(timeout: 500) { break } }
    #expect(file.refusals == 1)
  }

  @Test func whatIsNoY4MSaysSo() {
    let error = #expect(throws: CaptureError.self) { try read(Array("hello, world\n".utf8)) }
    #expect(error?.remedy.contains("-:rgb24") == true)
    #expect(throws: CaptureError.self) { try read(stream("YUV4MPEG2 W99999999 H99999999", frames: 0, bytes: 0)) }
    #expect(throws: CaptureError.self) { try read(stream("YUV4MPEG2 W-8 H4", frames: 0, bytes: 0)) }
    #expect(throws: CaptureError.self) { try read(Array("YUV4MPEG2 ".utf8) + [UInt8](repeating: 65, count: 5000)) }
  }

  @Test func mutatedStreams() {
    var random = SystemRandomNumberGenerator()
    let good = stream("YUV4MPEG2 W8 H4 F30:1 C420", frames: 4, bytes: 48)
    for _ in 0..<300 {
      var bytes = good
      for _ in 0..<3 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random() { bytes.removeLast(Int.random(in: 0..<bytes.count)) }
      _ = try? read(bytes)
    }
  }
}

@Suite(.enabled(if: hasFFmpeg, "ffmpeg is not installed"), .serialized)
struct FFmpegTests {
  /// A clip of a second, made by ffmpeg itself.
  private func clip(_ folder: TemporaryFolder, rate: Int = 20) -> String {
    let path = "\(folder.path)/a clip: 1.mp4"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    process.arguments = [
      "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=\(rate):duration=1", "-c:v", "mpeg4", "file:\(path)",
    ]
    process.standardInput = FileHandle.nullDevice
    try! process.run()
    process.waitUntilExit()
    return path
  }

  private func frames(_ source: any FrameSource, limit: Int = 1000) throws -> [Frame] {
    var result: [Frame] = []
    for _ in 0..<limit {
      switch try source.next(timeout: 200) {
      case .frame(let frame): result.append(frame)
      case .end: return result
      default: break
      }
    }
    return result
  }

  /// Whether every child that has ended was waited for; children of tests that run beside may be on their way.
  private var noZombiesAreLeft: Bool { eventually { zombies() == 0 } }

  /// Children of this process, as these tests start them, that have ended and were not waited for.
  private func zombies() -> Int {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.count { name in
      guard Int(name) != nil, let status = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8) else {
        return false
      }
      let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
      return fields.count > 1 && fields[0] == "Z" && fields[1] == "\(getpid())" && status.contains("(ff")
    }
  }

  @Test func aFileIsReadToItsEnd() throws {
    let folder = try TemporaryFolder()
    var request = SourceRequest()
    request.pace = .unlimited
    let source = try VideoFileSource(path: clip(folder), request: request)
    #expect(source.description.width == 64)
    #expect(source.description.framesPerSecond == 20)
    #expect(source.description.detail == "video, mpeg4")
    let duration = try #require(source.status.duration)
    #expect(abs(duration - 1) < 0.1)
    let seen = try frames(source)
    #expect(seen.count == 20)
    #expect(seen.last?.mediaTime.map { abs($0 - 0.95) < 0.001 } == true)
    source.close()
    #expect(noZombiesAreLeft)
  }

  @Test func seekingAndStepping() throws {
    let folder = try TemporaryFolder()
    var request = SourceRequest()
    request.pace = .unlimited
    let source = try VideoFileSource(path: clip(folder), request: request)
    source.seek(to: 0.5)
    guard case .frame(let frame) = try source.next(timeout: 5000) else {
      Issue.record("no frame")
      return
    }
    #expect(frame.mediaTime == 0.5)
    source.step(by: -2)
    guard case .frame(let before) = try source.next(timeout: 5000) else {
      Issue.record("no frame")
      return
    }
    #expect(before.mediaTime.map { abs($0 - 0.4) < 0.001 } == true)
    source.seek(to: 1e9)
    source.setPlaying(true)
    #expect(try frames(source).count <= 2)
    source.close()
  }

  @Test func aVideosFramesKeepTheirDistancesAtEveryPaceAndSpeed() throws {
    let folder = try TemporaryFolder()
    let path = clip(folder)
    for (pace, speed) in [(SourceRequest.Pace.native, 8.0), (.native, 1), (.unlimited, 1)] {
      var request = SourceRequest()
      request.pace = pace
      let source = try VideoFileSource(path: path, request: request)
      source.setSpeed(speed)
      let seen = try frames(source)
      #expect(seen.count == 20)
      for (a, b) in zip(seen, seen.dropFirst()) {
        #expect(abs(b.timestamp.milliseconds(since: a.timestamp) - 50) < 0.001)
        #expect(b.timeline == a.timeline)
      }
      source.close()
    }
  }

  @Test func aSeekInAVideoIsAnotherTimelineAStepOnIsNot() throws {
    let folder = try TemporaryFolder()
    var request = SourceRequest()
    request.pace = .unlimited
    let source = try VideoFileSource(path: clip(folder), request: request)
    defer { source.close() }
    func next() throws -> Frame {
      for _ in 0..<100 { if case .frame(let frame) = try source.next(timeout: 5000) { return frame } }
      throw CaptureError(.corrupt, "no frame")
    }
    let first = try next()
    source.step(by: 1)
    let second = try next()
    #expect(second.timeline == first.timeline)
    #expect(abs(second.timestamp.milliseconds(since: first.timestamp) - 50) < 0.001)
    source.seek(to: 0.5)
    let third = try next()
    #expect(third.timeline != second.timeline && third.timestamp > second.timestamp)
    source.step(by: -2)
    let fourth = try next()
    #expect(fourth.timeline != third.timeline && fourth.timestamp > third.timestamp)
  }

  /// The next frame's time, or nil where none comes.
  private func nextTime(_ source: VideoFileSource, timeout: Int = 5000) throws -> Double? {
    let end = MonotonicTime.now.nanoseconds + Int64(timeout) * 1_000_000
    while MonotonicTime.now.nanoseconds < end {
      switch try source.next(timeout: timeout) {
      case .frame(let frame): return frame.mediaTime.map { ($0 * 1000).rounded() / 1000 }
      case .end: return nil
      default: continue
      }
    }
    return nil
  }

  @Test func aPausedFileShowsWhatItIsAskedFor() throws {
    let folder = try TemporaryFolder()
    let source = try VideoFileSource(path: clip(folder))
    #expect(source.status.isPlaying && source.status.speed == 1 && source.status.position == 0)
    #expect(try nextTime(source) == 0)
    source.setPlaying(false)
    #expect(!source.status.isPlaying)
    // Paused: nothing comes, however often it is asked for.
    for _ in 0..<3 { #expect(try nextTime(source, timeout: 60) == nil) }
    source.step(by: 1)
    #expect(try nextTime(source) == 0.05)
    source.seek(to: 0.5)
    #expect(try nextTime(source) == 0.5)
    #expect(source.status.position == 0.5)
    // Steps add up, and go from a moment that was asked for before.
    source.step(by: -1)
    source.step(by: -2)
    #expect(try nextTime(source) == 0.35)
    source.seek(to: 0.8)
    source.step(by: 1)
    #expect(try nextTime(source) == 0.85)
    #expect(try nextTime(source, timeout: 60) == nil)
    // Before its start and behind its end are its first and last frames.
    source.seek(to: -3)
    #expect(try nextTime(source) == 0)
    source.seek(to: .infinity)
    #expect(try nextTime(source) == 0.95)
    source.step(by: 1)
    #expect(try nextTime(source, timeout: 500) == nil)
    source.step(by: -1)
    #expect(try nextTime(source).map { $0 >= 0.85 } == true)
    source.setPlaying(true)
    #expect(try nextTime(source) != nil)
    source.close()
    #expect(noZombiesAreLeft)
  }

  @Test func playingGoesOnFromTheEndAndAtAnySpeed() throws {
    let folder = try TemporaryFolder()
    let source = try VideoFileSource(path: clip(folder))
    source.setPlaying(false)
    source.seek(to: 0.95)
    #expect(try nextTime(source) == 0.95)
    source.step(by: 1)
    #expect(try nextTime(source, timeout: 500) == nil)
    source.setPlaying(true)
    #expect(try nextTime(source) == 0)
    source.setSpeed(1000)
    #expect(source.status.speed == 64)
    source.setSpeed(0)
    #expect(source.status.speed == 0.05)
    source.setSpeed(.nan)
    #expect(source.status.speed == 0.05)
    _ = try nextTime(source)
    // A twentieth of a second at a twentieth of the speed is a second.
    let began = MonotonicTime.now
    #expect(try nextTime(source, timeout: 20_000) != nil)
    #expect(MonotonicTime.now.milliseconds(since: began) > 800)
    source.close()
  }

  @Test func ordersOfOtherThreadsAreCarriedOut() throws {
    let folder = try TemporaryFolder()
    let source = try VideoFileSource(path: clip(folder))
    source.setPlaying(false)
    let thread = try WorkerThread(name: "asker") {
      for number in 0..<200 {
        source.seek(to: Double(number % 10) / 10)
        source.step(by: number % 3 - 1)
        _ = source.status
      }
      source.seek(to: 0.25)
    }
    thread.join()
    #expect(try nextTime(source) == 0.25)
    source.close()
  }

  @Test func loopsGoOn() throws {
    let folder = try TemporaryFolder()
    var request = SourceRequest()
    request.pace = .unlimited
    request.loops = true
    let source = try VideoFileSource(path: clip(folder, rate: 10), request: request)
    var count = 0
    for _ in 0..<200 where count < 25 {
      if case .frame = try source.next(timeout: 500) { count += 1 }
    }
    #expect(count == 25)
    source.close()
    #expect(noZombiesAreLeft)
  }

  /// A file of 40 pictures in a container, made by ffmpeg itself.
  private func film(_ folder: TemporaryFolder, _ name: String, _ codec: String) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    process.arguments = [
      "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=4", "-c:v", codec, "-g", "10",
      "-movflags", "+faststart", "file:\(folder.file(name))",
    ]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Array(try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
  }

  /// The pictures of a file, and what is told of it.
  private func played(_ path: String) throws -> (pictures: Int, notices: [String], refusals: Int) {
    var request = SourceRequest()
    request.pace = .unlimited
    let source = try VideoFileSource(path: path, request: request)
    defer { source.close() }
    var (pictures, notices): (Int, [String]) = (0, [])
    for _ in 0..<1000 {
      switch try source.next(timeout: 500) {
      case .frame: pictures += 1
      case .notice(let text): notices.append(text)
      case .end: return (pictures, notices, source.refusals)
      case .nothing, .noSignal: break
      }
    }
    Issue.record("no end")
    return (pictures, notices, source.refusals)
  }

  /// ffmpeg reads on behind damage and ends with 0; we say that pictures are missing.
  @Test(arguments: [
    ("a.mp4", "mpeg4"), ("a.mkv", "mpeg4"), ("a.avi", "mpeg4"), ("a.mkv", "ffv1"), ("a.mov", "mjpeg"),
  ])
  func aFileThatIsCutOffSaysSo(name: String, codec: String) throws {
    let folder = try TemporaryFolder()
    let bytes = try film(folder, name, codec)
    let whole = try played(folder.file(name))
    #expect(whole.pictures == 40 && whole.notices.isEmpty && whole.refusals == 0, "\(whole)")
    let path = try folder.write("cut-\(name)", Array(bytes.prefix(bytes.count * 6 / 10)))
    let cut = try played(path)
    #expect(cut.pictures < 40 && cut.pictures > 5 && cut.refusals == 1 && cut.notices.count == 1, "\(cut)")
    #expect(cut.notices.first?.hasPrefix("\(path): the file is damaged") == true, "\(cut.notices)")
  }

  @Test func aFileWithSpoiltBytesSaysSo() throws {
    let folder = try TemporaryFolder()
    var bytes = try film(folder, "a.mkv", "mpeg4")
    for at in stride(from: bytes.count / 3, to: bytes.count, by: bytes.count / 30) { bytes[at] ^= 0xFF }
    let spoilt = try played(try folder.write("b.mkv", bytes))
    #expect(spoilt.refusals == 1 && spoilt.notices.count == 1, "\(spoilt)")
  }

  @Test func aFileThatIsShorterThanAPeriodGivesAPicture() throws {
    let folder = try TemporaryFolder()
    for rate in [1e-4, 0.1, 0.4] {
      var request = SourceRequest(framesPerSecond: rate)
      request.pace = .unlimited
      let source = try VideoFileSource(path: clip(folder), request: request)
      #expect(try frames(source).count == 1)
      source.close()
    }
  }

  @Test func soundAloneSaysSo() throws {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    process.arguments = ["-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "file:\(folder.file("a.mp4"))"]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let error = #expect(throws: CaptureError.self) { try VideoFileSource(path: folder.file("a.mp4")) }
    #expect(error?.what.contains("no pictures in it") == true, "\(error?.line ?? "")")
  }

  @Test func whatIsNoVideoSaysSo() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("noise.mp4", (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) })
    let error = #expect(throws: CaptureError.self) { try VideoFileSource(path: path) }
    #expect(error?.place == path)
    #expect(error?.what.hasPrefix("ffmpeg: ") == true)
    #expect(noZombiesAreLeft)
  }

  @Test func aStreamThatIsNotThere() throws {
    let error = #expect(throws: CaptureError.self) { try FFmpegSource(stream: "http://127.0.0.1:1/video") }
    #expect(error?.what.contains("Connection refused") == true)
    var request = SourceRequest()
    request.waits = true
    let source = try FFmpegSource(stream: "http://127.0.0.1:1/video", request: request)
    var reasons: Set<String> = []
    for _ in 0..<20 {
      if case .noSignal(let reason, _) = try source.next(timeout: 100) { reasons.insert(reason) }
    }
    #expect(reasons.contains { $0.contains("Connection refused") })
    source.close()
    #expect(noZombiesAreLeft)
  }
}

@Suite struct ChildProcessTests {
  /// What a process that is killed leaves behind: nothing that runs on.
  @Test func childrenDoNotOutliveUs() throws {
    let leaked = Mutex<UInt>(0)
    let thread = try WorkerThread(name: "leaves-a-child") {
      guard let child = try? ChildProcess(["sleep", "98765"]) else { return }
      leaked.withLock { $0 = UInt(bitPattern: Unmanaged.passRetained(child).toOpaque()) }
    }
    thread.join()
    let pointer = try #require(UnsafeRawPointer(bitPattern: leaked.withLock { $0 }))
    // Reaps it, too.
    defer { Unmanaged<ChildProcess>.fromOpaque(pointer).release() }
    func runs() -> Bool {
      ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).contains { name in
        guard Int(name) != nil else { return false }
        let line = try? String(contentsOfFile: "/proc/\(name)/cmdline", encoding: .utf8)
        return line == "sleep\u{0}98765\u{0}"
      }
    }
    #expect(eventually(every: 50) { !runs() })
  }

  @Test func aMissingToolIsNamed() {
    let error = #expect(throws: CaptureError.self) { _ = try ChildProcess(["ocellus-no-such-tool"]) }
    #expect(error?.kind == .toolMissing)
    #expect(error?.what == "ocellus-no-such-tool is not installed")
  }
}
