import Capture
import ROS

/// Finds the moments of a recording that a timeline shows: its events, and where something came into the picture.
struct MarkFinder: Sendable {
  private let reader: any RecordingReader
  private let pictures: PictureTrack
  private let results: ResultTrack
  private static let maximumMarks = 500
  /// A label that was away for so long is new again, in nanoseconds.
  private static let absence: UInt64 = 3_000_000_000

  init(_ reader: any RecordingReader, _ pictures: PictureTrack, _ results: ResultTrack) {
    self.reader = reader
    self.pictures = pictures
    self.results = results
  }

  /// Searches from front to back.
  ///
  /// - Parameter progress: gets the marks so far, in order, every now and then and at the end; false stops the search.
  func find(_ progress: ([PlaybackStatus.Mark]) -> Bool) {
    var marks = events()
    guard progress(marks) else { return }
    var lastSeen: [String: UInt64] = [:]
    for (number, location) in results.labelled.enumerated() {
      if number % 500 == 499, !progress(sorted(marks)) { return }
      guard marks.count < MarkFinder.maximumMarks else { break }
      for label in results.labels(number).sorted() {
        let before = lastSeen[label]
        lastSeen[label] = location.logTime
        guard before.map({ location.logTime > $0 && location.logTime - $0 > MarkFinder.absence }) ?? true else {
          continue
        }
        marks.append(.init(seconds: seconds(location.logTime), title: label))
      }
    }
    _ = progress(sorted(marks))
  }

  private func events() -> [PlaybackStatus.Mark] {
    let channels = MessageChannels<LogMessage>(reader)
    let found = reader.locations(of: channels.channels).prefix(MarkFinder.maximumMarks / 2)
    return found.compactMap { location in
      guard let log = try? channels.message(at: location) else { return nil }
      return .init(seconds: seconds(location.logTime), title: log.text)
    }
  }

  private func seconds(_ time: UInt64) -> Double {
    let first = pictures.locations[0].logTime
    let signed = time >= first ? Double(time - first) : -Double(first - time)
    return max(0, min(pictures.duration, signed / 1e9))
  }

  private func sorted(_ marks: [PlaybackStatus.Mark]) -> [PlaybackStatus.Mark] {
    marks.sorted { $0.seconds < $1.seconds }
  }
}
