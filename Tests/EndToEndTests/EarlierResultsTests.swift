import Foundation
import TestSupport
import Testing

/// Results as an earlier build wrote them (`Fixtures/schema1.mcap`, six frames of the demo scene; its JSON lines, and those of
/// its replay with the shipped networks): every field that was there then is there now, and equal.
@Suite struct EarlierResultsTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/"
  /// What differs from run to run: clocks, and names of what played.
  private static let passing: Set = ["timestamp_ns", "latency_ms", "source", "skipped"]

  private func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  private func stored(_ name: String) throws -> [[String: Any]] {
    try lines(String(contentsOfFile: Self.folder + name, encoding: .utf8))
  }

  private func replay(_ arguments: [String]) throws -> [[String: Any]] {
    let outcome = try Program.run(
      ["replay", Self.folder + "schema1.mcap", "--headless", "--json", "--speed", "0"] + arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try lines(outcome.output)
  }

  /// Where `new` lacks something of `old` or differs from it by more than `tolerance`; empty where it does not.
  private func differences(_ old: Any, _ new: Any?, _ place: String, tolerance: Double) -> [String] {
    switch (old, new) {
    case (let old as [String: Any], let new as [String: Any]):
      return old.keys.sorted().filter { !Self.passing.contains($0) }.flatMap { key in
        differences(old[key] as Any, new[key], "\(place).\(key)", tolerance: tolerance)
      }
    case (let old as [Any], let new as [Any]):
      guard old.count == new.count else { return ["\(place): \(old.count) elements, now \(new.count)"] }
      return old.indices.flatMap { differences(old[$0], new[$0], "\(place)[\($0)]", tolerance: tolerance) }
    case (let old as String, let new as String): return old == new ? [] : ["\(place): \(old), now \(new)"]
    case (let old as Double, let new as Double):
      return abs(old - new) <= tolerance ? [] : ["\(place): \(old), now \(new)"]
    default: return ["\(place): \(old), now \(new ?? "missing")"]
    }
  }

  private func compare(_ old: [[String: Any]], _ new: [[String: Any]], tolerance: Double) {
    #expect(old.count == 6 && new.count == 6)
    for (index, (old, new)) in zip(old, new).enumerated() {
      let found = differences(old, new, "line \(index + 1)", tolerance: tolerance)
      #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
      // Times differ from run to run, but each is there.
      let times = old["latency_ms"] as? [String: Any]
      #expect(Set((times ?? [:]).keys).isSubset(of: Set((new["latency_ms"] as? [String: Any] ?? [:]).keys)))
      #expect(new["timestamp_ns"] is Int && new["schema"] as? Int == 2 && new["stages"] != nil)
    }
  }

  /// Other processors round the networks' arithmetic differently: a hundredth of a pixel.
  @Test func theShippedNetworksSayTheSame() throws {
    compare(try stored("detector.jsonl"), try replay(["--model", "ocellus-detector"]), tolerance: 0.03)
  }

  @Test func recordedResultsReplayAsTheyWereRecorded() throws {
    let old = try stored("recorded.jsonl").map { line in
      var line = line
      // The replay's model is the recording.
      line["model"] = "recorded"
      line.removeValue(forKey: "classifier")
      // The driver's numbers are the places in the recording.
      line.removeValue(forKey: "sequence")
      // The picture that is looked at is the compressed one.
      line.removeValue(forKey: "health")
      return line
    }
    compare(old, try replay([]), tolerance: 0)
  }

  @Test func theLinesComeOutAsTheyWentIn() throws {
    let scratch = try TemporaryFolder()
    let outcome = try Program.run(
      ["export", Self.folder + "schema1.mcap", "--to", "jsonl", "--output", scratch.file("out.jsonl")])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let out = try String(contentsOfFile: scratch.file("out.jsonl"), encoding: .utf8)
    // Each line got its time in UTC; nothing else has changed.
    let dated = /\{"time":"2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ",/
    #expect(out.matches(of: dated).count == 6)
    #expect(
      try out.replacing(dated, with: "{") == String(contentsOfFile: Self.folder + "recorded.jsonl", encoding: .utf8))
  }
}
