import Foundation
import Glibc
import TestSupport
import Testing
import Vision

/// What is said at the start because it could never work, and what is counted from the first frame.
@Suite struct StartWarningTests {
  @Test func aTriggerThatTheClassesLeaveOutIsRefused() throws {
    let scratch = try TemporaryFolder()
    let arguments = [
      "record", "--source", "demo:seed=7", "--pace", "fast", "--frames", "3", "--record", scratch.file("r"),
      "--classes", "box,pallet",
    ]
    let outcome = try Program.run(arguments + ["--on", "person:0.5"])
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    for word in ["--on", "'person' is left out", "box, pallet", "add it to --classes"] {
      #expect(outcome.errors.contains(word), "\(outcome.errors)")
    }
    for label in ["box", "*"] { #expect(try Program.run(arguments + ["--on", "\(label):0.5"]).status == 0) }
  }

  @Test func namesOfAnotherNetworkAreSaid() throws {
    let scratch = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Program.root + "/models/ocellus-classifier.onnx", toPath: scratch.file("mine.onnx"))
    let manifest = "task = \"classification\"\nfile = \"mine.onnx\"\n"
    let photo = scratch.file("grey.png")
    try ImageFile.save(greyPicture(64, 48), to: photo)
    let path = try scratch.write("mine.toml", manifest + "labels = \"imagenet\"\n")
    let outcome = try Program.run(["detect", photo, "--model", path])
    #expect(outcome.status == 0 && outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("1000 class names, but the network has 19 classes"), "\(outcome.errors)")
    let names = (0..<19).map { "\"n\($0)\"" }.joined(separator: ", ")
    try scratch.write("mine.toml", manifest + "labels = [\(names)]\n")
    #expect(try Program.run(["detect", photo, "--model", path]).errors.isEmpty)
  }

  /// Frames that wait for the networks when the last one is processed are counted, too.
  @Test func theCountsAddUp() throws {
    for arguments in [["--frames", "2"], ["--frames", "7", "--pace", "fast"], ["--frames", "1"]] {
      let outcome = try Program.run(
        ["run", "--headless", "--source", "demo:seed=7", "--model", "ocellus-detector"] + arguments)
      let line = try #require(outcome.output.split(separator: "\n").first { $0.contains("processed of") })
      let numbers = line.split(separator: ",").prefix(3).flatMap { part in
        part.split(separator: " ").compactMap { Int($0) }
      }
      // Processed, captured, skipped, and left at the end or dropped by the driver.
      let left = line.contains("left at the end") ? numbers[3] : 0
      #expect(numbers[0] + numbers[2] + left == numbers[1], "\(line)")
    }
  }

  /// The first frame comes 2.5 s after the source is open: `--duration` begins with it.
  @Test func theDurationBeginsWithTheFirstFrame() throws {
    let scratch = try TemporaryFolder()
    let pipe = scratch.file("frames.y4m")
    #expect(mkfifo(pipe, 0o600) == 0)
    let writer = Thread {
      signal(SIGPIPE, SIG_IGN)
      guard let file = FileHandle(forWritingAtPath: pipe) else { return }
      do {
        try file.write(contentsOf: Data("YUV4MPEG2 W64 H48 F10:1 C420jpeg\n".utf8))
        Thread.sleep(forTimeInterval: 2.5)
        let frame = Data("FRAME\n".utf8) + Data(repeating: 100, count: 64 * 48 * 3 / 2)
        for _ in 0..<40 {
          try file.write(contentsOf: frame)
          Thread.sleep(forTimeInterval: 0.1)
        }
      } catch {
        // The program has ended, and the pipe with it.
        return
      }
    }
    writer.start()
    let outcome = try Program.run([
      "record", "--source", pipe, "--model", "ocellus-detector", "--duration", "1s", "--record", scratch.file("r"),
    ])
    let recorded = try #require(outcome.output.firstMatch(of: /recorded ([0-9]+) frames/), "\(outcome.output)").output.1
    let frames = try #require(Int(recorded))
    #expect((5...25).contains(frames), "\(outcome.output)")
  }

  /// Unrelated photos stay unrelated when their recording is played with a network: no object goes on from one to the next.
  @Test func recordedPhotosAreLookedAtEachForItself() throws {
    let scratch = try TemporaryFolder()
    let photos = scratch.file("photos")
    let saved = scratch.file("saved")
    try FileManager.default.createDirectory(atPath: photos, withIntermediateDirectories: true)
    let made = try Program.run(["detect", "demo:seed=7", "--frames", "4", "--save", saved])
    #expect(made.status == 0, "\(made.errors)")
    // Four pictures of one scene under names that have nothing to do with each other.
    let files = try FileManager.default.contentsOfDirectory(atPath: saved).sorted()
    for (file, name) in zip(files, ["ant.jpg", "bee.jpg", "cow.jpg", "dog.jpg"]) {
      try FileManager.default.copyItem(atPath: saved + "/" + file, toPath: photos + "/" + name)
    }
    let recordings = scratch.file("r")
    let recorded = try Program.run([
      "record", "--source", photos, "--pace", "fast", "--model", "ocellus-detector", "--record", recordings,
    ])
    #expect(recorded.status == 0, "\(recorded.errors)")
    let file = try #require(try FileManager.default.contentsOfDirectory(atPath: recordings).first)
    for source in [photos, recordings + "/" + file] {
      let outcome = try Program.run([
        "run", "--headless", "--json", "--pace", "fast", "--source", source, "--model", "ocellus-detector",
      ])
      let tracks = try outcome.output.split(separator: "\n").map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let detections = object?["detections"] as? [[String: Any]] ?? []
        #expect(detections.count > 1)
        return Set(detections.compactMap { $0["track"] as? Int })
      }
      #expect(tracks.count == 4, "\(source)")
      for (one, next) in zip(tracks, tracks.dropFirst()) { #expect(one.isDisjoint(with: next), "\(source): \(tracks)") }
    }
  }
}
