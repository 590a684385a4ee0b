import ROS

/// The results of one topic, each found by the picture it belongs to. Thread-safe.
struct ResultStream<Message: ReadableMessage & Sendable>: Sendable {
  let topic: String
  let index: StampIndex
  private let channels: MessageChannels<Message>

  var locations: [MessageLocation] { index.locations }

  /// - Parameters:
  ///   - wanted: the topic; nil takes `own` where its pictures are played, else the topic that belongs to the pictures.
  ///   - notes: gets a sentence for each topic that is left out.
  /// - Returns: nil when the recording holds none that can be read.
  init?(
    _ reader: any RecordingReader, _ pictures: PictureTrack?, own: Topic, wanted: String? = nil, notes: inout [String]
  ) {
    let channels = MessageChannels<Message>(reader)
    notes += channels.refused.values.sorted().map { "results are left out: \($0)" }
    let indexes = channels.locationsByTopic().mapValues { locations in
      StampIndex(locations, fileBytes: reader.byteCount) { try channels.header(at: $0) }
    }
    let topic: String?
    if let wanted {
      topic = indexes[wanted] == nil ? nil : wanted
    } else if indexes[own.name] != nil, pictures.map({ $0.topic == Topic.picture.name }) ?? true {
      topic = own.name
    } else if let pictures {
      topic = ResultTopics(pictures).choose(indexes)
    } else {
      topic = indexes.max { ($0.value.locations.count, $1.key) < ($1.value.locations.count, $0.key) }?.key
    }
    let rest = indexes.keys.filter { $0 != topic }.sorted()
    if !rest.isEmpty, topic != own.name {
      notes.append(
        "results of other topics are not shown: \(rest.prefix(10).joined(separator: ", ")); --results chooses one")
    }
    guard let topic, let index = indexes[topic] else { return nil }
    self.topic = topic
    self.index = index
    self.channels = channels
    if let pictures, topic != own.name, !joins(pictures) {
      notes.append("none of the results of \(topic) has the stamp of a picture of \(pictures.topic)")
    }
  }

  /// Results that are looked at for whether they join pictures.
  private static var samples: Int { 64 }

  /// Whether any of some results belongs to a picture.
  private func joins(_ pictures: PictureTrack) -> Bool {
    let step = max(1, locations.count / ResultStream.samples)
    return stride(from: 0, to: locations.count, by: step).contains { number in
      guard let header = index.header(number) else { return false }
      let time = locations[number].logTime
      if header.stamp != 0 { return !pictures.stamps.messages(stamped: header.stamp, near: time).isEmpty }
      let first = pictures.stamps.firstIndex(from: time)
      return first < pictures.count && pictures.locations[first].logTime == time
    }
  }

  /// Reads a result.
  func message(_ number: Int) throws -> Message { try channels.message(at: locations[number]) }

  /// The number of the result that belongs to a picture; nil when there is none.
  ///
  /// The stamp in the header decides, and the name of the frame where the topic has results of several cameras. Log times
  /// only tell apart results of equal stamps, and join those without a stamp: they must be the same then.
  func number(of picture: Int, in pictures: PictureTrack) -> Int? {
    let time = pictures.locations[picture].logTime
    let header = pictures.stamps.header(picture)
    if let header, header.stamp != 0 {
      var same = index.messages(stamped: header.stamp, near: time)
      if index.knows(frame: header.frame) { same.removeAll { index.header($0)?.frame != header.frame } }
      if same.count == 1 || (same.count > 1 && isAlone(picture, header, pictures)) { return same[0] }
      if !same.isEmpty { return logged(with: picture, time, pictures, among: same) }
    }
    let first = index.firstIndex(from: time)
    let unstamped = (first..<locations.count).prefix { locations[$0].logTime == time }.filter {
      index.header($0).map { $0.stamp == 0 } ?? false
    }
    return logged(with: picture, time, pictures, among: unstamped)
  }

  /// Whether no picture beside this one has its stamp.
  private func isAlone(_ picture: Int, _ header: StampIndex.Header, _ pictures: PictureTrack) -> Bool {
    [picture - 1, picture + 1].allSatisfy {
      !pictures.locations.indices.contains($0) || pictures.stamps.header($0) != header
    }
  }

  /// Of several results, the one that was logged at the picture's time; the second for the second picture of that time.
  private func logged(with picture: Int, _ time: UInt64, _ pictures: PictureTrack, among results: [Int]) -> Int? {
    let sameTime = results.filter { locations[$0].logTime == time }
    let rank = picture - pictures.stamps.firstIndex(from: time)
    return sameTime.indices.contains(rank) ? sameTime[rank] : nil
  }
}
