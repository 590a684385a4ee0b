import Foundation
import Perception
import ROS
import Synchronization

/// The results of a recording, found by the picture they belong to. Thread-safe.
final class ResultTrack: Sendable {
  private let reader: MCAPReader
  private let lines: [UInt64: MCAPReader.Location]
  /// Detections of any program, in the order of time.
  let detections: [MCAPReader.Location]
  private let classifications: [UInt64: MCAPReader.Location]
  /// The number of each label, in the order of appearance.
  private let labels = Mutex<[String: Int]>([:])

  init(_ reader: MCAPReader) {
    self.reader = reader
    func byTime(_ channels: [MCAP.Channel]) -> [UInt64: MCAPReader.Location] {
      let found = reader.locations(of: Set(channels.map(\.id)))
      return Dictionary(found.map { ($0.logTime, $0) }) { first, _ in first }
    }
    lines = byTime(reader.channels(ofType: StringMessage.typeName).filter { $0.topic == Topic.results.name })
    classifications = byTime(reader.channels(ofType: ClassificationMessage.typeName))
    let arrays = reader.channels(ofType: Detection2DArray.typeName)
    let own = arrays.filter { $0.topic == Topic.detections.name }
    detections = reader.locations(of: Set((own.isEmpty ? arrays : own).map(\.id)))
  }

  var isEmpty: Bool { lines.isEmpty && detections.isEmpty }

  /// The log times of all results, in order.
  var times: [UInt64] { lines.isEmpty ? detections.map(\.logTime) : lines.keys.sorted() }

  /// The result of the picture logged at `logTime` (nanoseconds), whose header says `stamp`; nil when there is none.
  func result(logTime: UInt64, stamp: UInt64?) -> RecordedResult? {
    if let location = lines[logTime], let message = try? reader.message(at: location),
      let text = try? StringMessage(cdr: message.data), let result = RecordedResult(jsonLine: text.data)
    {
      return result
    }
    guard let array = detectionArray(logTime: logTime, stamp: stamp) else { return nil }
    var result = RecordedResult()
    result.findings = labels.withLock { array.findings(&$0) }
    if let location = classifications[logTime], let message = try? reader.message(at: location),
      let classification = try? ClassificationMessage(cdr: message.data)
    {
      result.findings.classes = classification.results.enumerated().map {
        Classification(label: $0.element.classID, classID: $0.offset, confidence: Float($0.element.score))
      }
    }
    return result
  }

  /// The detections with the picture's stamp in their header, looked for within two seconds after the picture: another
  /// program's detector logs them later than the picture.
  private func detectionArray(logTime: UInt64, stamp: UInt64?) -> Detection2DArray? {
    var low = 0
    var high = detections.count
    while low < high {
      let middle = (low + high) / 2
      if detections[middle].logTime < logTime { low = middle + 1 } else { high = middle }
    }
    for location in detections[low...].prefix(200) {
      guard location.logTime - logTime <= 2_000_000_000 else { return nil }
      guard let message = try? reader.message(at: location), let array = try? Detection2DArray(cdr: message.data)
      else { continue }
      if location.logTime == logTime || array.header.stamp.total == stamp { return array }
    }
    return nil
  }
}
