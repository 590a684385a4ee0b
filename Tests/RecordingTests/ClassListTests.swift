import Foundation
import Ground
import Perception
import Pipeline
import Recording
import TestSupport
import Testing

/// Class numbers of exports: the network's own, whatever came into the picture first.
@Suite struct ClassListTests {
  private struct Category: Decodable, Equatable {
    var id: Int
    var name: String
  }
  private struct Document: Decodable {
    struct Annotation: Decodable {
      var image_id: Int
      var category_id: Int
    }
    var annotations: [Annotation]
    var categories: [Category]
  }

  /// A recording of one object a frame.
  ///
  /// - Parameter lists: the networks' own lists, which the recording is to hold.
  private func recording(_ objects: [(String, Int)], lists: [String: [String]] = [:]) throws -> MCAPReader {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.describeModel = { name in
      lists[name].flatMap { try? $0.jsonLine() }.map { ["labels": $0] } ?? [:]
    }
    let disk = ScriptedDisk()
    let recorder = Recorder(configuration, layer: disk)
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for (number, object) in objects.enumerated() {
      var result = Scene.result(number, start: start, jpeg: Scene.jpeg(number))
      result.findings.detections[0].label = object.0
      result.findings.detections[0].classID = object.1
      result.findings.detections[0].stage = "detector"
      recorder.receive(result)
    }
    recorder.close()
    let name = try #require(disk.names.first)
    return try MCAPReader(MemoryBytes(try #require(disk.contents(name)), name: name))
  }

  private func coco(_ reader: MCAPReader) throws -> Document {
    let folder = try TemporaryFolder()
    _ = try RecordingExport(reader).write(.coco, to: folder.file("c"))
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.file("c/annotations.json")))
    return try JSONDecoder().decode(Document.self, from: data)
  }

  private func csvIDs(_ reader: MCAPReader) throws -> [String] {
    let folder = try TemporaryFolder()
    _ = try RecordingExport(reader).write(.csv, to: folder.file("c"))
    return try String(contentsOfFile: folder.file("c"), encoding: .utf8).split(separator: "\n").dropFirst()
      .map { String($0.split(separator: ",", omittingEmptySubsequences: false)[5]) }
  }

  @Test func numbersAndListAreTheNetworks() throws {
    let labels = ["person", "forklift", "pallet", "cone"]
    for objects in [[("cone", 3), ("person", 0)], [("person", 0), ("pallet", 2), ("cone", 3)]] {
      let reader = try recording(objects, lists: ["finder": labels])
      let document = try coco(reader)
      #expect(document.categories == labels.enumerated().map { Category(id: $0, name: $1) })
      #expect(document.annotations.map(\.category_id) == objects.map(\.1))
      #expect(try csvIDs(reader) == objects.map { String($0.1) })
    }
  }

  /// Networks may call two classes the same.
  @Test func namesThatComeTwiceKeepTheirNumbers() throws {
    let reader = try recording([("n/a", 2), ("a", 1), ("n/a", 0)], lists: ["finder": ["n/a", "a", "n/a"]])
    let document = try coco(reader)
    #expect(document.categories.map(\.name) == ["n/a", "a", "n/a"])
    #expect(document.annotations.map(\.category_id) == [2, 1, 0])
  }

  @Test func labelsOutsideTheListFollowIt() throws {
    let reader = try recording([("zebra", 7), ("cat", 9), ("b", 1)], lists: ["finder": ["a", "b"]])
    let document = try coco(reader)
    #expect(document.categories.map(\.name) == ["a", "b", "cat", "zebra"])
    #expect(document.annotations.map(\.category_id) == [3, 2, 1])
  }

  /// Recordings of earlier programs hold numbers, and no list.
  @Test func withoutAListTheRecordedNumbersCount() throws {
    for objects in [[("cone", 41), ("person", 0)], [("person", 0), ("cone", 41)]] {
      let document = try coco(try recording(objects))
      #expect(document.categories == [Category(id: 0, name: "person"), Category(id: 41, name: "cone")])
      #expect(document.annotations.map(\.category_id) == objects.map(\.1))
    }
  }

  /// Where the numbers contradict each other, as two networks' do, the order is that of the names.
  @Test func contradictingNumbersGiveTheOrderOfTheNames() throws {
    for objects in [[("b", 0), ("a", 0), ("c", 1)], [("c", 1), ("a", 0), ("b", 0)]] {
      let document = try coco(try recording(objects))
      #expect(document.categories.map(\.name) == ["a", "b", "c"])
      #expect(document.annotations.map(\.category_id) == objects.map { ["a": 0, "b": 1, "c": 2][$0.0] })
    }
  }

  @Test func otherProgramsLabelsAreNumberedByTheirNames() throws {
    for labels in [["truck", "bus"], ["bus", "truck"]] {
      let bag = try Bag()
      for (number, label) in labels.enumerated() {
        let time = UInt64(1_700_000_000_000_000_000 + number * 100_000_000)
        try bag.picture("/cam", level: 50, stamp: time, at: time)
        try bag.found("/found", [label], stamp: time, at: time)
      }
      let reader = try bag.reader()
      #expect(try coco(reader).categories == [Category(id: 0, name: "bus"), Category(id: 1, name: "truck")])
      #expect(try csvIDs(reader) == labels.map { $0 == "bus" ? "0" : "1" })
    }
  }
}
