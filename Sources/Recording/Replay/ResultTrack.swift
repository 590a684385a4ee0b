import Ground
import Perception
import ROS
import Synchronization

/// The results of a recording: those of the pictures that are played, where there are pictures. Thread-safe.
final class ResultTrack: Sendable {
  private let reader: any RecordingReader
  private let pictures: PictureTrack?
  /// This program's own results, of its own pictures.
  private let lines: [MessageLocation]
  private let lineChannels: MessageChannels<StringMessage>
  private let detections: ResultStream<Detection2DArray>?
  private let classifications: ResultStream<ClassificationMessage>?
  /// What of the recording's results is left out, and why: a sentence each.
  let notes: [String]
  private let labels = Mutex(LabelNumbers())

  /// - Parameters:
  ///   - pictures: the pictures whose results are asked for; nil where there are none.
  ///   - topic: the topic of the results; nil finds it out.
  /// - Throws: ``RecordingError`` when the wanted topic holds no results.
  init(_ reader: any RecordingReader, pictures: PictureTrack?, topic: String? = nil) throws {
    self.reader = reader
    self.pictures = pictures
    var notes: [String] = []
    lineChannels = MessageChannels<StringMessage>(reader)
    let isOwn = pictures.map { $0.topic == Topic.picture.name } ?? true
    let named = lineChannels.topics.filter { $0.value == Topic.results.name }
    lines = isOwn && (topic ?? Topic.results.name) == Topic.results.name ? reader.locations(of: Set(named.keys)) : []
    detections = ResultStream(reader, pictures, own: .detections, wanted: topic, notes: &notes)
    classifications =
      topic == nil || detections == nil
      ? ResultStream(reader, pictures, own: .classification, wanted: topic, notes: &notes) : nil
    // Own results say everything that the messages beside them say.
    self.notes = lines.isEmpty ? notes : []
    if let topic, lines.isEmpty, detections == nil, classifications == nil {
      throw RecordingError(
        .nothingToDo, "no results that can be read on topic \(topic)", place: reader.name,
        remedy: notes.first ?? "'ocellus info' lists the topics")
    }
  }

  var isEmpty: Bool { count == 0 }

  /// How many results there are, with pictures or without.
  var count: Int { locations.count }

  /// The results in the order of time: the lines, else the detections, else the classifications.
  var locations: [MessageLocation] {
    lines.isEmpty ? detections?.locations ?? classifications?.locations ?? [] : lines
  }

  /// Result `number` of ``locations``.
  ///
  /// - Throws: ``RecordingError``, `ROSError` or `DecodingError` where it cannot be read.
  func result(_ number: Int) throws -> RecordedResult {
    if !lines.isEmpty { return try line(lines[number]) }
    if let detections { return try found(try detections.message(number), classes: nil) }
    return try found(nil, classes: try classifications?.message(number))
  }

  /// The result that belongs to a picture; nil when there is none.
  ///
  /// - Throws: as ``result(_:)``.
  func result(ofPicture picture: Int) throws -> RecordedResult? {
    guard let pictures, pictures.locations.indices.contains(picture) else { return nil }
    if !lines.isEmpty { return try lineNumber(of: picture, pictures).map { try line(lines[$0]) } }
    let boxes = try detections.flatMap { stream in
      try stream.number(of: picture, in: pictures).map { try stream.message($0) }
    }
    let classes = try classifications.flatMap { stream in
      try stream.number(of: picture, in: pictures).map { try stream.message($0) }
    }
    return boxes == nil && classes == nil ? nil : try found(boxes, classes: classes)
  }

  /// The line of a picture. A frame's messages are logged with one time; the second line of a time is the second picture's.
  private func lineNumber(of picture: Int, _ pictures: PictureTrack) -> Int? {
    let time = pictures.locations[picture].logTime
    var low = 0
    var high = lines.count
    while low < high {
      let middle = (low + high) / 2
      if lines[middle].logTime < time { low = middle + 1 } else { high = middle }
    }
    let number = low + picture - pictures.stamps.firstIndex(from: time)
    return lines.indices.contains(number) && lines[number].logTime == time ? number : nil
  }

  private func line(_ location: MessageLocation) throws -> RecordedResult {
    try RecordedResult(jsonLine: try lineChannels.message(at: location).data)
  }

  private func found(_ boxes: Detection2DArray?, classes: ClassificationMessage?) throws -> RecordedResult {
    var result = RecordedResult()
    let isOwn = detections?.topic == Topic.detections.name
    if let boxes { result.findings = labels.withLock { boxes.findings(&$0, bestFirst: !isOwn) } }
    if let classes {
      result.findings.classes = classes.results.enumerated().compactMap { number, hypothesis in
        Float(hypothesis.score).isFinite
          ? Classification(label: hypothesis.classID, classID: number, confidence: Float(hypothesis.score)) : nil
      }
    }
    return result
  }

  /// The results that say the labels at the least cost: the detections, where there are any.
  var labelled: [MessageLocation] { detections?.locations ?? lines }

  /// The labels of result `number` of ``labelled``, for a search over all; empty where it cannot be read.
  func labels(_ number: Int) -> Set<String> {
    guard let detections else { return Set((try? line(lines[number]))?.findings.detections.map(\.label) ?? []) }
    let objects = (try? detections.message(number))?.detections ?? []
    return Set(objects.compactMap { ($0.results.first)?.classID })
  }
}

/// Numbers for labels in the order of their appearance.
struct LabelNumbers: Sendable {
  private var numbers: [String: Int] = [:]
  /// All further labels share the next number.
  private static let most = 1 << 16

  /// The number of a label.
  mutating func number(of label: String) -> Int {
    if let known = numbers[label] { return known }
    let number = numbers.count
    if number < LabelNumbers.most { numbers[label] = number }
    return number
  }
}
