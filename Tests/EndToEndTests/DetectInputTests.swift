import Foundation
import Glibc
import TestSupport
import Testing
import Vision

/// `detect` takes what `--source` takes.
@Suite(.serialized) struct DetectInputTests {
  static let hasFFmpeg = access("/usr/bin/ffmpeg", X_OK) == 0
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func ffmpeg(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    process.arguments = ["-v", "error", "-y"] + arguments
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "ffmpeg \(arguments)")
  }

  private func detect(_ arguments: [String], status: Int32 = 0) throws -> (lines: [[String: Any]], errors: String) {
    let outcome = try Program.run(["detect", "--json", "--model", "ocellus-detector"] + arguments)
    #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
    let lines = try outcome.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    return (lines, outcome.errors)
  }

  /// A picture of the demo scene, in which there are objects, as a PNG.
  private func scene(_ name: String) throws -> String {
    let saved = folder.file("saved")
    _ = try detect(["demo:seed=7", "--save", saved])
    let file = try #require(try FileManager.default.contentsOfDirectory(atPath: saved).first)
    let path = folder.file(name)
    try ImageFile.save(try ImageFile.load(saved + "/" + file), to: path)
    return path
  }

  @Test func aFolderIsEachOfItsPhotos() throws {
    let photos = folder.file("photos")
    try FileManager.default.createDirectory(atPath: photos, withIntermediateDirectories: true)
    for name in ["b.png", "a.png", "c.jpg"] { try ImageFile.save(greyPicture(64, 48), to: photos + "/" + name) }
    try folder.write("photos/notes.txt", "no photo")
    let seen = try detect([photos, "--save", folder.file("out")])
    #expect(seen.lines.map { $0["image"] as? String } == ["a.png", "b.png", "c.jpg"].map { photos + "/" + $0 })
    #expect(seen.lines.allSatisfy { $0["frame"] == nil && $0["schema"] as? Int == 2 })
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("out")).sorted() == ["a.png", "b.png", "c.jpg"])
    // A bad one among them is said, the others are looked at, and the status tells.
    try folder.write("photos/bb.jpg", [0xFF, 0xD8, 0xFF, 0xE0, 0, 16])
    let rest = try detect([photos], status: 1)
    #expect(rest.lines.count == 3)
    #expect(rest.errors.contains("bb.jpg") && rest.errors.split(separator: "\n").count == 1, "\(rest.errors)")
    // Its copies do not go over the photos themselves.
    let over = try detect([photos, "--save", photos], status: 1)
    #expect(over.errors.contains("not written over"))
  }

  @Test func emptyFoldersAndWhatIsNotThere() throws {
    let empty = folder.file("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    let text = try folder.write("notes.txt", "no photo, no video\n")
    let photo = folder.file("grey.png")
    try ImageFile.save(greyPicture(64, 48), to: photo)
    for (bad, word) in [(empty, "no photos in the folder"), ("/nowhere/x.jpg", "no such file"), (text, "a text file")] {
      let seen = try detect([bad, photo], status: 1)
      #expect(seen.lines.count == 1)
      #expect(seen.errors.contains(word) && seen.errors.split(separator: "\n").count == 1, "\(seen.errors)")
    }
  }

  @Test func theDemoIsOnePictureOrMore() throws {
    #expect(try detect(["demo:seed=7"]).lines.count == 1)
    let seen = try detect(["demo:seed=7", "--frames", "3"])
    #expect(seen.lines.map { $0["frame"] as? Int } == [1, 2, 3])
    #expect(seen.lines.allSatisfy { $0["image"] as? String == "demo:seed=7" })
    #expect(seen.lines.allSatisfy { ($0["detections"] as? [[String: Any]] ?? []).allSatisfy { $0["track"] == nil } })
    #expect(try Program.run(["detect", "demo", "--frames", "0"]).status == 64)
  }

  @Test func aRecordingIsEachOfItsPictures() throws {
    let recordings = folder.file("recordings")
    let made = try Program.run(
      ["record", "--record", recordings, "--source", "demo:seed=7", "--frames", "4", "--model", "ocellus-detector"])
    #expect(made.status == 0, "\(made.errors)")
    let file = try #require(try FileManager.default.contentsOfDirectory(atPath: recordings).first)
    let path = recordings + "/" + file
    let seen = try detect([path, "--save", folder.file("out")])
    #expect(seen.lines.map { $0["frame"] as? Int } == Array(1...4))
    let seconds = seen.lines.compactMap { $0["seconds"] as? Double }
    #expect(seconds.count == 4 && seconds[0] == 0 && zip(seconds, seconds.dropFirst()).allSatisfy { $0 < $1 })
    #expect(seen.lines.allSatisfy { ($0["time"] as? String)?.hasSuffix("Z") == true })
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("out")).count == 4)
    #expect(try detect([path, "--frames", "2"]).lines.count == 2)
  }

  @Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
  func photosInOtherFormatsAreSeenAlike() throws {
    let png = try scene("scene.png")
    let expected = try #require(try detect([png]).lines.first?["detections"] as? [[String: Any]])
    #expect(expected.count > 2)
    let kinds = ["s.bmp", "s.tiff", "s.ppm", "s.webp"].map { folder.file($0) }
    for path in kinds {
      let options = path.hasSuffix("webp") ? ["-c:v", "libwebp", "-lossless", "1"] : []
      try ffmpeg(["-i", png] + options + ["-update", "1", path])
    }
    let seen = try detect(kinds + ["--save", folder.file("out")])
    #expect(seen.lines.map { $0["image"] as? String } == kinds)
    for line in seen.lines {
      let found = line["detections"] as? [[String: Any]] ?? []
      #expect(found.map { $0["label"] as? String } == expected.map { $0["label"] as? String })
      for (one, other) in zip(found, expected) {
        let boxes = [one, other].map { $0["box"] as? [Double] ?? [] }
        #expect(zip(boxes[0], boxes[1]).allSatisfy { abs($0 - $1) < 0.6 }, "\(boxes)")
      }
    }
    // Copies in a format that is written, each with a name of its own.
    let copies = try FileManager.default.contentsOfDirectory(atPath: folder.file("out")).sorted()
    #expect(copies == ["s-2.png", "s-3.png", "s-4.png", "s.png"])
    for copy in copies { #expect(try ImageFile.load(folder.file("out/" + copy)).width > 0) }
  }

  @Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
  func aVideoIsEachOfItsFrames() throws {
    let video = folder.file("clip.mp4")
    try ffmpeg(["-f", "lavfi", "-i", "testsrc=s=160x120:r=5:d=2", "-c:v", "libx264", "-pix_fmt", "yuv420p", video])
    let photo = folder.file("grey.png")
    try ImageFile.save(greyPicture(64, 48), to: photo)
    let seen = try detect([photo, video, "--save", folder.file("out")])
    let frames = seen.lines.filter { $0["image"] as? String == video }
    #expect(frames.map { $0["frame"] as? Int } == Array(1...10))
    for (index, frame) in frames.enumerated() {
      #expect(abs((frame["seconds"] as? Double ?? -1) - Double(index) / 5) < 0.002)
      #expect(frame["width"] as? Int == 160 && frame["time"] == nil)
    }
    let copies = try FileManager.default.contentsOfDirectory(atPath: folder.file("out")).sorted()
    #expect(copies.first == "clip-000001.jpg" && copies.count == 11)
    let text = try Program.run(["detect", video, "--model", "ocellus-detector", "--frames", "1"])
    #expect(text.output.hasPrefix("\(video), frame 1 at 0.000 s: "), "\(text.output)")
    // A damaged one is said.
    let whole = try Data(contentsOf: URL(fileURLWithPath: video))
    let cut = try folder.write("cut.mp4", Array(whole.prefix(100)))
    let damaged = try detect([cut, photo], status: 1)
    #expect(damaged.lines.count == 1 && damaged.errors.contains("cut.mp4"), "\(damaged.errors)")
  }

  /// ffmpeg says the same of every picture of a damaged file; one line tells the user, and the status.
  @Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
  func aDamagedVideoIsOneLine() throws {
    let video = folder.file("long.avi")
    try ffmpeg(["-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=4", "-c:v", "mjpeg", video])
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: video)))
    for at in stride(from: bytes.count / 8, to: bytes.count * 7 / 8, by: 97) { bytes[at] ^= 0x55 }
    let damaged = try folder.write("damaged.avi", bytes)
    let (lines, errors) = try detect([damaged], status: 1)
    #expect(lines.count > 2)
    #expect(errors.split(separator: "\n").count == 1 && errors.contains("the file is damaged"), "\(errors.prefix(600))")
  }

  @Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
  func anAddressIsOnePicture() throws {
    let silent = try detect(["http://user:secret@127.0.0.1:9/clip.mp4"], status: 1)
    #expect(silent.lines.isEmpty && silent.errors.contains("127.0.0.1:9"), "\(silent.errors)")
    #expect(!silent.errors.contains("secret"))
  }
}
