import Capture
import Foundation
import Ground
import TestSupport
import Testing
import Vision

/// Which photos of a folder are unrelated, and which are frames of a film.
@Suite struct PhotoFolderTests {
  /// A picture that has nothing to do with one of another seed.
  private static func photo(_ seed: UInt64, _ width: Int = 96, _ height: Int = 72) -> Image {
    let storage = PixelStorage(count: width * height * 3)
    var random = SeededGenerator(seed)
    let blocks = (0..<48).map { _ in UInt8(random.next() % 256) }
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          storage.bytes[(y * width + x) * 3 + channel] = blocks[y * 6 / height * 8 + x * 8 / width]
        }
      }
    }
    return Image(packed: width, height, .rgb24, storage: storage)!
  }

  private static func frames(
    of folder: String, _ change: (inout SourceRequest) -> Void = { _ in }
  ) throws -> [Frame] {
    var request = SourceRequest()
    request.pace = .unlimited
    change(&request)
    let source = try SourceRegistry().open(folder, request: request).source
    defer { source.close() }
    var frames: [Frame] = []
    while case .frame(let frame) = try source.next(timeout: 1000) { frames.append(frame) }
    return frames
  }

  private static func write(_ photos: [(String, Image)], to folder: TemporaryFolder) throws {
    for (name, image) in photos { try folder.write(name, try PNGCodec.encode(image)) }
  }

  @Test func aFrameNamesItsPhoto() throws {
    let folder = try TemporaryFolder()
    try Self.write(
      [("zebra.png", Self.photo(1)), ("bus.png", Self.photo(2)), ("cat.png", Self.photo(3, 40, 30))], to: folder)
    let frames = try Self.frames(of: folder.path)
    #expect(frames.map(\.photo?.name) == ["bus.png", "cat.png", "zebra.png"])
    #expect(frames.map(\.photo?.number) == [1, 2, 3] && frames.allSatisfy { $0.photo?.count == 3 })
    #expect(frames.allSatisfy { $0.photo?.isAlone == true })
    let one = try Self.frames(of: folder.file("bus.png")) { $0.still = .end }
    #expect(one.map(\.photo?.name) == ["bus.png"] && one[0].photo?.count == 1)
  }

  @Test func unrelatedPhotosHaveTimelinesOfTheirOwn() throws {
    // By their names; by their content although they are numbered; and by their size.
    let names = [["tabby.png", "zebra.png", "bus.png"], ["1.png", "2.png", "3.png"], ["a1.png", "b2.png", "c3.png"]]
    for names in names {
      let folder = try TemporaryFolder()
      try Self.write(names.enumerated().map { ($1, Self.photo(UInt64($0) + 10)) }, to: folder)
      #expect(Set(try Self.frames(of: folder.path).map(\.timeline)).count == 3, "\(names)")
    }
    let sizes = try TemporaryFolder()
    try Self.write([("1.png", Self.photo(5)), ("2.png", Self.photo(5, 48, 36))], to: sizes)
    #expect(Set(try Self.frames(of: sizes.path).map(\.timeline)).count == 2)
    // The same photo again, in a lap, is no frame of a film either.
    let same = try TemporaryFolder()
    try Self.write([("cat.png", Self.photo(5)), ("dog.png", Self.photo(5))], to: same)
    #expect(Set(try Self.frames(of: same.path).map(\.timeline)).count == 2)
  }

  @Test func framesOfAFilmShareATimeline() throws {
    let folder = try TemporaryFolder()
    let frames = (1...12).map { ("frame_\($0).png", scenePicture($0, format: .rgb24)) }
    try Self.write(frames, to: folder)
    let shown = try Self.frames(of: folder.path)
    #expect(Set(shown.map(\.timeline)).count == 1 && shown.allSatisfy { $0.photo?.isAlone == false })
    // Not by the letters, which would put 10 before 2.
    #expect(shown.map(\.photo?.name) == frames.map(\.0))
    // A cut to another scene ends what was followed.
    try Self.write((13...15).map { ("frame_\($0).png", Self.photo(77, 320, 240)) }, to: folder)
    #expect(Set(try Self.frames(of: folder.path).map(\.timeline)).count == 2)
  }

  @Test func theUserMaySayWhichItIs() throws {
    let folder = try TemporaryFolder()
    try Self.write((1...4).map { ("frame_\($0).png", scenePicture($0, format: .rgb24)) }, to: folder)
    #expect(Set(try Self.frames(of: folder.path + ":track=off").map(\.timeline)).count == 4)
    let unrelated = try TemporaryFolder()
    try Self.write([("cat.png", Self.photo(1)), ("dog.png", Self.photo(2))], to: unrelated)
    #expect(Set(try Self.frames(of: unrelated.path + ":track=on").map(\.timeline)).count == 1)
    #expect(Set(try Self.frames(of: unrelated.path + ":track=auto").map(\.timeline)).count == 2)
    let error = #expect(throws: CaptureError.self) { try Self.frames(of: unrelated.path + ":track=yes") }
    #expect(error?.line.contains("track takes on, off or auto, not 'yes'") == true)
    let missing = #expect(throws: CaptureError.self) { try Self.frames(of: "/nowhere:track=on") }
    #expect(missing?.line.contains("/nowhere:track=on: no such source") == true)
    // A folder of that very name is a folder.
    let odd = unrelated.file("odd:track=on")
    try FileManager.default.createDirectory(atPath: odd, withIntermediateDirectories: false)
    try PNGCodec.encode(Self.photo(3)).withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: odd + "/x.png")) }
    #expect(try Self.frames(of: odd).count == 1)
  }

  @Test(arguments: [
    (["frame_0001.png", "frame_0002.png", "frame_0003.png"], true),
    (["0.jpg", "1.jpg", "10.jpg", "11.jpg", "2.jpg"], true),
    (["clip-30.jpg", "clip-60.jpg", "clip-90.jpg"], true),
    // Some were sorted out.
    (["000001.jpg", "000002.jpg", "000003.jpg", "000007.jpg", "000008.jpg"], true),
    (["video1_0001.png", "video1_0002.png", "video1_0003.png"], true),
    (["bus.jpg", "dog.jpg", "horses.jpg"], false),
    (["000000000139.jpg", "000000000285.jpg", "000000000632.jpg"], false),
    (["n02123045_tabby.jpg", "n02391049_zebra.jpg"], false),
    (["frame_0001.png", "frame_0002.jpg"], false),
    (["1.jpg"], false), (["cover.jpg", "0001.jpg", "0002.jpg"], false), (["01.jpg", "1.jpg"], false),
    (["99999999999999999999999.jpg", "99999999999999999999998.jpg"], false), ([".jpg", "1.jpg"], false),
  ])
  func namesTellFramesOfAFilm(names: [String], isFilm: Bool) throws {
    #expect((PhotoNumbers(names) != nil) == isFilm, "\(names)")
  }

  @Test func aPhotoIsDeliveredOnceUnlessARateIsAskedFor() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.png", try PNGCodec.encode(Self.photo(1)))
    func events(_ change: (inout SourceRequest) -> Void) throws -> [String] {
      var request = SourceRequest()
      change(&request)
      let source = try PhotoSource(path: path, request: request)
      defer { source.close() }
      return try (0..<4).map { _ in
        switch try source.next(timeout: 5) {
        case .frame: "frame"
        case .nothing: "nothing"
        case .end: "end"
        case .notice, .noSignal: "?"
        }
      }
    }
    #expect(try events { _ in } == ["frame", "nothing", "nothing", "nothing"])
    #expect(try events { $0.still = .end } == ["frame", "end", "end", "end"])
    #expect(try events { $0.framesPerSecond = 1000 } == ["frame", "frame", "frame", "frame"])
    #expect(try events { ($0.loops, $0.pace) = (true, .unlimited) } == ["frame", "frame", "frame", "frame"])
    #expect(try PhotoSource(path: path).description.rests)
    #expect(try !PhotoSource(path: path, request: SourceRequest(framesPerSecond: 5)).description.rests)
  }
}
