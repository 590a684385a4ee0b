import Foundation
import Glibc
import Ground
import Perception
import ROS
import Vision

/// A folder that appears under its name only when everything is in it.
struct OutputFolder {
  let path: String
  /// Of this process alone: what else lies there is somebody's.
  var working: String { WholeFile.workingName(of: path) }

  init(_ path: String) throws {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    let manager = FileManager.default
    // An empty folder of that name is taken over.
    if let contents = try? manager.contentsOfDirectory(atPath: self.path), contents.isEmpty {
      try? manager.removeItem(atPath: self.path)
    }
    guard !manager.fileExists(atPath: self.path) else {
      throw RecordingError(.fileFailed, "exists already", place: self.path, remedy: "choose another output")
    }
    do throws(SystemError) {
      let layer = SystemFileLayer()
      try layer.makeDirectory(folder(of: self.path))
      // What a process of this number left, or a link that somebody put there: the folder is to be our own.
      try? manager.removeItem(atPath: working)
      guard mkdir(working, 0o755) == 0 else { throw SystemError(errno) }
    } catch { throw OutputFile.explain(error, "make the folder", self.path) }
  }

  func finish() throws {
    do { try FileManager.default.moveItem(atPath: working, toPath: path) } catch {
      throw RecordingError(.fileFailed, "cannot rename: \(error.localizedDescription)", place: path)
    }
  }

  func discard() { try? FileManager.default.removeItem(atPath: working) }
}

/// The pictures of a recording as files: JPEG and PNG as they were recorded, others encoded.
struct FramesExport {
  let export: RecordingExport
  let pictures: PictureTrack
  private let encoder = JPEGEncoder()

  init(_ export: RecordingExport) throws {
    self.export = export
    pictures = try export.pictures()
  }

  private static func name(_ index: Int, _ ending: String) -> String {
    let number = String(index + 1)
    return "frame_" + String(repeating: "0", count: max(0, 6 - number.count)) + number + "." + ending
  }

  func write(to output: String, _ progress: (Double) -> Bool) throws -> RecordingExport.Report {
    let folder = try OutputFolder(output)
    do {
      var report = RecordingExport.Report()
      let results = try export.results(of: pictures)
      let selection = export.options.selection
      let chosen = selection.frames(pictures.locations.map(\.logTime))
      for (done, index) in chosen.enumerated() {
        if done % 8 == 0 { try export.check(progress, done, of: chosen.count) }
        do {
          if !selection.labels.isEmpty {
            let found = try results.result(ofPicture: index)?.findings.detections ?? []
            guard selection.objects(found) != nil else { continue }
          }
          _ = try write(index, into: folder.working)
          report.frames += 1
          try writeMaps(of: index, results, into: folder.working)
        } catch  where RecordingExport.isDamage(error) { report.note(damage: RecordedResult.reason(error)) }
      }
      try report.checkNotEmpty(export.reader.name)
      try folder.finish()
      return report
    } catch {
      folder.discard()
      throw error
    }
  }

  /// Writes the maps that were recorded with a picture, grey PNGs beside it: `frame_000001.STAGE.classes.png`, whose grey is
  /// the class, and `frame_000001.STAGE.depth.png`, 255 the nearest.
  private func writeMaps(of index: Int, _ results: ResultTrack, into folder: String) throws {
    guard let findings = try results.result(ofPicture: index)?.findings else { return }
    for (stage, map) in findings.layers.all(SegmentationMap.self) {
      let levels = map.classes.map { UInt8(clamping: $0) }
      try writeGrey(levels, map.columns, map.rows, FramesExport.name(index, "\(stage.fileName).classes.png"), folder)
    }
    for (stage, map) in findings.layers.all(DepthMap.self) {
      let levels = map.nearness.map { UInt8(saturating: min(max($0, 0), 1) * 255 + 0.5) }
      try writeGrey(levels, map.columns, map.rows, FramesExport.name(index, "\(stage.fileName).depth.png"), folder)
    }
  }

  private func writeGrey(_ levels: [UInt8], _ width: Int, _ height: Int, _ name: String, _ folder: String) throws {
    let storage = PixelStorage(count: levels.count)
    storage.bytes.copyBytes(from: levels)
    guard let image = Image(packed: width, height, .gray8, storage: storage) else { return }
    try OutputFile.write(try PNGCodec.encode(image), to: folder + "/" + name)
  }

  /// Writes a picture's file; its name.
  func write(_ index: Int, into folder: String, prefix: String = "") throws -> String {
    let (plain, bytes) = try encoded(index)
    let name = prefix + plain
    try OutputFile.write(bytes, to: folder + "/" + name)
    return name
  }

  /// A picture's file name and bytes.
  private func encoded(_ index: Int) throws -> (name: String, bytes: ArraySlice<UInt8>) {
    if let (bytes, ending) = try pictures.encodedPicture(index) { return (FramesExport.name(index, ending), bytes) }
    let image = try pictures.picture(index).image
    return (FramesExport.name(index, "jpg"), try encoder.encode(image, quality: 95).array[...])
  }
}

extension RecordingExport {
  /// Whether an error is of one frame alone: the others can still be exported.
  static func isDamage(_ error: any Error) -> Bool {
    if let error = error as? RecordingError { return [.corrupt, .unsupported, .tooLarge].contains(error.kind) }
    return error is ROSError || error is CodecError || error is DecodingError
  }
}

extension OutputFile {
  /// Writes a whole small file.
  static func write(_ bytes: some Collection<UInt8>, to path: String) throws {
    let file = try OutputFile(path, layer: SystemFileLayer())
    defer { file.close() }
    try Array(bytes).withUnsafeBytes { try file.write($0) }
  }
}

extension StageID {
  /// The id as part of a file's name: ids may hold anything.
  fileprivate var fileName: String {
    String(name.map { $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : "_" })
  }
}
