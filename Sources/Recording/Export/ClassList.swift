import Foundation
import Perception

/// The classes of an export: names with their numbers, the same for every recording of the same networks.
///
/// Numbers are the network's own, and the list is the whole list of the network, as the recording's metadata says it. Names of
/// further networks follow. Where a recording says no list, the numbers in its results count, and where those say nothing
/// either (other programs' recordings), the names are numbered in the order of the alphabet.
struct ClassList: Sendable {
  /// Names that are kept, at most.
  private static let most = 1 << 16

  /// The names by their numbers.
  private(set) var names: [Int: String] = [:]
  private var numbers: [String: Int] = [:]

  /// What results say about classes.
  struct Sighting: Sendable {
    /// The class numbers of each label; empty where the results hold none.
    var labels: [String: Set<Int>] = [:]
    /// The stages that found objects.
    var stages: Set<String> = []

    mutating func note(_ result: RecordedResult) {
      for detection in result.findings.detections where labels.count < ClassList.most || labels[detection.label] != nil
      {
        stages.insert(detection.stage.name)
        if result.line != nil {
          labels[detection.label, default: []].insert(detection.classID)
        } else if labels[detection.label] == nil {
          labels[detection.label] = []
        }
      }
    }
  }

  /// - Parameter recordings: the metadata of each recording, and what its results say.
  init(_ recordings: [(metadata: [MCAP.Metadata], sighting: Sighting)]) {
    for recording in recordings {
      for list in ClassList.lists(recording.metadata, of: recording.sighting.stages) { add(list) }
    }
    let seen = recordings.map(\.sighting)
    if names.isEmpty { takeNumbers(of: seen) }
    for label in Set(seen.flatMap { $0.labels.keys }).sorted() where numbers[label] == nil { append(label) }
  }

  /// The number of an object's class.
  func number(of detection: Detection) -> Int {
    names[detection.classID] == detection.label ? detection.classID : numbers[detection.label] ?? detection.classID
  }

  /// Name and number of each class, by number.
  var sorted: [(number: Int, name: String)] { names.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

  /// The lists of the networks that found objects, in the order in which they came to serve.
  private static func lists(_ metadata: [MCAP.Metadata], of stages: Set<String>) -> [[String]] {
    var lists: [[String]] = []
    for record in metadata where record.name == "ocellus.models" {
      for stage in stages.sorted() {
        // A list that is none says nothing.
        guard let text = record.values["\(stage).labels"],
          let list = try? JSONDecoder().decode([String].self, from: Data(text.utf8)), list.count <= most,
          !lists.contains(list)
        else { continue }
        lists.append(list)
      }
    }
    return lists
  }

  private mutating func add(_ list: [String]) {
    guard names.isEmpty else {
      for name in list where numbers[name] == nil { append(name) }
      return
    }
    for (number, name) in list.enumerated() { put(name, number) }
  }

  /// Takes the numbers that the results hold, if each label has one and each number one label.
  private mutating func takeNumbers(of seen: [Sighting]) {
    var labels: [String: Set<Int>] = [:]
    for sighting in seen { labels.merge(sighting.labels) { $0.union($1) } }
    let used = labels.values.compactMap { $0.count == 1 ? $0.first : nil }
    guard used.count == labels.count, Set(used).count == used.count,
      used.allSatisfy({ (0..<ClassList.most).contains($0) })
    else { return }
    for (label, numbers) in labels { for number in numbers { put(label, number) } }
  }

  private mutating func append(_ name: String) {
    guard names.count < ClassList.most else { return }
    put(name, (names.keys.max() ?? -1) + 1)
  }

  private mutating func put(_ name: String, _ number: Int) {
    names[number] = name
    numbers[name] = numbers[name] ?? number
  }
}
