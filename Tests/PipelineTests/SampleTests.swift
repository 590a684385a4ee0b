import Capture
import Foundation
import Ground
import Perception
import Pipeline
import TestSupport
import Testing
import Vision

/// Samples for training: clean pictures with their labels, saved while watching.
@Suite struct SampleTests {
  private func session(_ folder: String) -> Session {
    var extras = SessionExtras()
    extras.photoFolder = folder
    return Session(
      source: ScriptedSource.endless(), provider: FakeProvider(),
      configuration: SessionConfiguration(detector: "first"), extras: extras)
  }

  private func names(_ folder: String, _ ending: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(ending) }.sorted()
  }

  private func lines(_ path: String) throws -> [String] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test func aSampleIsTheCleanPictureWithItsLabels() throws {
    let scratch = try TemporaryFolder()
    let folder = scratch.file("set")
    let session = session(folder)
    session.start()
    #expect(eventually { session.snapshot().latest.map { !$0.findings.detections.isEmpty } ?? false })
    session.perform(.saveSample(only: []))
    #expect(eventually { (try? lines(folder + "/train.txt").count) == 1 })
    session.perform(.saveSample(only: ["no such label"]))
    #expect(eventually { (try? lines(folder + "/train.txt").count) == 2 })
    session.stop()
    session.wait()
    let samples = try lines(folder + "/train.txt")
    #expect(Set(samples).count == 2 && samples.allSatisfy { $0.hasPrefix("./ocellus-") && $0.hasSuffix("-clean.png") })
    let stem = folder + "/" + samples[0].dropFirst(2).dropLast(4)
    // The picture has no box: it is the source's, pixel for pixel.
    let picture = try ImageFile.load(stem + ".png")
    #expect(picture.width == 64 && picture.height == 48)
    let canvas = try #require(Canvas(picture))
    #expect(canvas[29, 29] != ClassPalette.color(ofClass: 0), "no box is drawn")
    // YOLO's line gives the box back that the JSON has.
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: stem + ".json"))) as? [String: Any])
    #expect(json["image"] as? String == String(samples[0].dropFirst(2)) && json["width"] as? Int == 64)
    let objects = try #require(json["detections"] as? [[String: Any]])
    let labels = try lines(stem + ".txt")
    #expect(objects.count == labels.count && !labels.isEmpty)
    let classes = try lines(folder + "/classes.txt")
    for (line, object) in zip(labels, objects) {
      let numbers = line.split(separator: " ").compactMap { Double($0) }
      #expect(classes[Int(saturating: numbers[0])] == object["label"] as? String)
      let box = object["box"] as? [Double] ?? []
      let back = [
        (numbers[1] - numbers[3] / 2) * 64, (numbers[2] - numbers[4] / 2) * 48, numbers[3] * 64, numbers[4] * 48,
      ]
      #expect(zip(box, back).allSatisfy { abs($0 - $1) < 0.02 }, "\(box) \(back)")
    }
    // What the view does not show is no label.
    let second = folder + "/" + samples[1].dropFirst(2).dropLast(4)
    #expect(try lines(second + ".txt").isEmpty)
    let yaml = try String(contentsOfFile: folder + "/data.yaml", encoding: .utf8)
    #expect(yaml.hasPrefix("path: .\ntrain: train.txt\nval: train.txt\nnames:\n  0: \"\(classes[0])\"\n"))
    // Nothing is left of the locks and of files being written.
    #expect(names(folder, ".lock").isEmpty && names(folder, ".part").isEmpty)
  }

  /// Numbers that a folder has given stay, whatever networks come later.
  @Test func theListOfClassesOnlyGrows() throws {
    let scratch = try TemporaryFolder()
    let folder = scratch.file("set")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try scratch.write("set/classes.txt", "zebra\nforklift\n")
    let session = session(folder)
    session.start()
    #expect(eventually { session.snapshot().latest.map { !$0.findings.detections.isEmpty } ?? false })
    session.perform(.saveSample(only: []))
    #expect(eventually { !names(folder, "train.txt").isEmpty })
    session.stop()
    session.wait()
    let classes = try lines(folder + "/classes.txt")
    #expect(classes.prefix(2) == ["zebra", "forklift"] && classes.count > 2)
    let label = try #require(names(folder, "-clean.txt").first)
    for line in try lines(folder + "/" + label) { #expect((Int(line.split(separator: " ")[0]) ?? 0) >= 2) }
  }

  /// Many sessions that save into one folder at once lose nothing.
  @Test func severalSessionsShareAFolder() throws {
    let scratch = try TemporaryFolder()
    let folder = scratch.file("set")
    let sessions = (0..<4).map { _ in session(folder) }
    for session in sessions { session.start() }
    for session in sessions { #expect(eventually { session.snapshot().latest != nil }) }
    for _ in 0..<5 { for session in sessions { session.perform(.saveSample(only: [])) } }
    #expect(eventually(within: 30) { (try? lines(folder + "/train.txt").count) == 20 })
    for session in sessions {
      session.stop()
      session.wait()
    }
    let samples = try lines(folder + "/train.txt")
    #expect(Set(samples).count == 20)
    for sample in samples {
      let stem = folder + "/" + sample.dropFirst(2).dropLast(4)
      for ending in [".png", ".txt", ".json"] { #expect(FileManager.default.fileExists(atPath: stem + ending)) }
    }
    let classes = try lines(folder + "/classes.txt")
    #expect(Set(classes).count == classes.count)
  }

  @Test func aFolderThatCannotBeWrittenIsSaid() throws {
    let scratch = try TemporaryFolder()
    let blocked = try scratch.write("file", "not a folder")
    let session = session(blocked + "/set")
    session.start()
    #expect(eventually { session.snapshot().latest != nil })
    session.perform(.saveSample(only: []))
    #expect(eventually { session.snapshot().events.contains { $0.message.hasPrefix("sample not saved: ") } })
    session.stop()
    session.wait()
  }
}
