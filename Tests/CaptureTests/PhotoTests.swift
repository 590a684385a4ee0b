import Capture
import Foundation
import Ground
import TestSupport
import Testing
import Vision

@Suite struct PhotoTests {
  private func events(_ source: any FrameSource, _ count: Int) throws -> (
    frames: [Frame], notices: [String], ended: Bool
  ) {
    var result: (frames: [Frame], notices: [String], ended: Bool) = ([], [], false)
    for _ in 0..<count {
      switch try source.next(timeout: 100) {
      case .frame(let frame): result.frames.append(frame)
      case .notice(let text): result.notices.append(text)
      case .end: result.ended = true
      default: break
      }
    }
    return result
  }

  @Test func aPhotoIsAStillForEver() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.jpg", testJPEG(64, 48))
    let source = try PhotoSource(path: path, request: SourceRequest(framesPerSecond: 1000))
    #expect(source.description.isLive)
    #expect(source.description.width == 64)
    let seen = try events(source, 20)
    #expect(seen.frames.count >= 10)
    #expect(seen.frames[0].image.storage === seen.frames[5].image.storage)
    #expect(seen.frames[5].sequence == 6)
    source.close()
  }

  @Test func aFolderShowsEachPhotoAndEnds() throws {
    let folder = try TemporaryFolder()
    try folder.write("b.png", try PNGCodec.encode(scenePicture(1, format: .rgb24)))
    try folder.write("a.JPG", testJPEG(64, 48))
    try folder.write("c.jpg", Array(testJPEG(64, 48).prefix(700)))
    try folder.write("d.jpg", testJPEG(32, 16))
    try folder.write("notes.txt", "hello")
    var request = SourceRequest()
    request.pace = .unlimited
    let source = try PhotoSource(path: folder.path, request: request)
    let seen = try events(source, 6)
    #expect(seen.frames.map(\.image.width) == [64, 320, 32])
    #expect(seen.notices.count == 1)
    #expect(seen.notices[0].contains("c.jpg: the picture is cut short"))
    #expect(seen.ended)
    request.loops = true
    let looping = try PhotoSource(path: folder.path, request: request)
    #expect(try events(looping, 12).frames.count == 9)
  }

  @Test func aFolderMayBeginWithABadPhoto() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.jpg", [])
    try folder.write("b.jpg", Array(testJPEG(64, 48).prefix(700)))
    var request = SourceRequest()
    request.pace = .unlimited
    let none = #expect(throws: CaptureError.self) { try PhotoSource(path: folder.path, request: request) }
    #expect(none?.line.contains("a.jpg: the file is empty") == true)
    try folder.write("c.jpg", testJPEG(32, 16))
    let source = try PhotoSource(path: folder.path, request: request)
    #expect(source.description.width == 32)
    let seen = try events(source, 4)
    #expect(seen.notices.count == 2)
    #expect(seen.frames.map(\.image.width) == [32])
    #expect(seen.ended)
  }

  @Test func whatCannotBeShownSaysWhy() throws {
    let folder = try TemporaryFolder()
    let truncated = try folder.write("cut.jpg", Array(testJPEG(64, 48).prefix(700)))
    let error = #expect(throws: CaptureError.self) { try PhotoSource(path: truncated) }
    #expect(error?.kind == .corrupt)
    #expect(error?.line.hasPrefix("\(truncated): the picture is cut short") == true)
    let empty = try TemporaryFolder()
    let nothing = #expect(throws: CaptureError.self) { try PhotoSource(path: empty.path) }
    #expect(nothing?.line.contains("no photos in the folder") == true)
  }
}

@Suite struct RegistryTests {
  private let folder: TemporaryFolder
  private let registry = SourceRegistry(adding: [], cameras: { [] })

  init() throws { folder = try TemporaryFolder() }

  private func error(_ name: String) -> (any ExplainedError)? {
    let thrown = #expect(throws: (any Error).self) { try registry.open(name) }
    return thrown as? any ExplainedError
  }

  @Test func eachKindIsTakenByItsOwnOpener() throws {
    let photo = try folder.write("photo", testJPEG(64, 48))
    try folder.write("photo.jpg", testJPEG(64, 48))
    #expect(try registry.open(photo).source is PhotoSource)
    #expect(try registry.open(folder.path + "/").source.description.isLive == false)
    var y4m = Array("YUV4MPEG2 W4 H2 F25:1\n".utf8)
    for _ in 0..<3 { y4m += Array("FRAME\n".utf8) + [UInt8](repeating: 90, count: 12) }
    #expect(try registry.open(folder.write("a.video", y4m)).source is RawVideoSource)
  }

  @Test func errorsAreOneClearLine() throws {
    #expect(error("/nowhere/photo.jpg")?.line.hasPrefix("/nowhere/photo.jpg: no such source") == true)
    #expect(error("/dev/video99")?.what == "no such camera")
    #expect(error("/dev/null")?.what.hasPrefix("not a camera") == true)
    #expect(try error(folder.write("empty.mp4", []))?.what == "the file is empty")
    #expect(try error(folder.write("text.mp4", "once upon a time\n"))?.what.hasPrefix("a text file") == true)
    #expect(
      try error(folder.write("r.mcap", [0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A]))?.what == "this is a recording"
    )
    #expect(error("demo:nonsense")?.line.isEmpty == false)
  }

  @Test func higherRoomsAddTheirOwn() throws {
    let recording = try folder.write("r.mcap", [0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A])
    let opener = SourceOpener(
      name: "recording", claims: { $0.text.hasSuffix(".mcap") }, open: { _, _ in MadeSource { scenePicture($0) } })
    #expect(try SourceRegistry(adding: [opener]).open(recording).source is MadeSource)
  }

  @Test func withoutACameraTheDemoIsShown() throws {
    let opened = try registry.open(nil)
    #expect(opened.reason == "no camera found")
    #expect(opened.source.description.name == "demo")
    let denied = CameraListing(
      path: "/dev/video0", name: "", driver: "", bus: "", serial: nil, formats: [], controls: [],
      problem: "no permission")
    let other = try SourceRegistry(adding: [], cameras: { [denied] }).open(nil)
    #expect(other.reason == "no camera works: /dev/video0: no permission")
  }
}
