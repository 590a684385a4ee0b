import Capture
import Ground
import Perception
import Vision

/// One recording of a data set: its pictures, what was found on them, and which of them are taken.
struct DataSetSource {
  let export: RecordingExport
  let frames: FramesExport
  let results: ResultTrack
  /// The chosen pictures, by number.
  let chosen: [Int]
  /// What the names of its pictures begin with: with several recordings, each has its own.
  let prefix: String

  /// A chosen picture that lies in the data set.
  struct Item {
    var picture: Image
    /// The name of its file.
    var name: String
    var objects: [Detection]
    /// Nanoseconds since 1970.
    var logTime: UInt64
  }

  init(_ export: RecordingExport, number: Int?) throws {
    self.export = export
    frames = try FramesExport(export)
    results = try export.results(of: frames.pictures)
    chosen = export.options.selection.frames(frames.pictures.locations.map(\.logTime))
    prefix = number.map { "recording_\($0)_" } ?? ""
  }

  /// Moves along the chosen pictures: writes each into the folder that `place` names, and hands it on.
  ///
  /// - Parameters:
  ///   - place: the folder of a picture, by its log time.
  ///   - progress: the share done of this recording.
  func forEach(
    _ report: inout RecordingExport.Report, into place: (UInt64) -> String, _ progress: (Double) -> Bool,
    _ take: (Item) throws -> Void
  ) throws {
    let pictures = frames.pictures
    for (done, index) in chosen.enumerated() {
      if done % 8 == 0 { try export.check(progress, done, of: chosen.count) }
      let time = pictures.locations[index].logTime
      let item: Item
      do {
        let found = try results.result(ofPicture: index)?.findings.detections ?? []
        guard let objects = export.options.selection.objects(found) else { continue }
        let picture = try pictures.picture(index)
        let name = try frames.write(index, into: place(time), prefix: prefix)
        item = Item(picture: picture.image, name: name, objects: objects, logTime: time)
      } catch  where RecordingExport.isDamage(error) {
        report.note(damage: RecordedResult.reason(error))
        continue
      }
      try take(item)
      report.frames += 1
      report.detections += item.objects.count
    }
  }

  /// The classes of all recordings of a data set.
  static func classes(of sources: [DataSetSource]) -> ClassList {
    ClassList(sources.map { ($0.export.reader.metadata, $0.export.sighting(in: $0.results)) })
  }
}
