import CPosix
import Foundation
import Glibc
import Ground
import Perception
import Vision

/// A recording as a video: its pictures through ffmpeg, which must be installed.
struct VideoExport {
  private let export: RecordingExport
  private let pictures: PictureTrack
  private let results: ResultTrack
  /// The pictures that are shown, by number.
  private let chosen: [Int]

  init(_ export: RecordingExport) throws {
    self.export = export
    pictures = try export.pictures()
    results = try export.results(of: pictures)
    chosen = export.options.selection.frames(pictures.locations.map(\.logTime))
    guard !chosen.isEmpty else {
      throw RecordingError(.nothingToDo, "no picture lies between the chosen moments", place: export.reader.name)
    }
  }

  /// A picture as it is shown, with its boxes where they are asked for; nil where it is left out.
  private func picture(_ index: Int) throws -> Image? {
    let selection = export.options.selection
    guard export.options.isAnnotated || !selection.labels.isEmpty else { return try pictures.picture(index).image }
    var findings = try results.result(ofPicture: index)?.findings ?? Findings()
    guard let objects = selection.objects(findings.detections) else { return nil }
    let image = try pictures.picture(index).image
    guard export.options.isAnnotated, var canvas = Canvas(image.rgb24()) else { return image }
    findings.detections = objects
    FindingsPainter.paint(findings, on: &canvas)
    return canvas.image ?? image
  }

  func write(to output: String, _ progress: (Double) -> Bool) throws -> RecordingExport.Report {
    guard !FileManager.default.fileExists(atPath: output) else {
      throw RecordingError(.fileFailed, "exists already", place: output, remedy: "choose another output")
    }
    let ending = (output as NSString).pathExtension
    // ffmpeg goes by the ending.
    let working = WholeFile.workingName(of: output) + "." + (ending.isEmpty ? "mp4" : ending)
    let size = try VideoExport.size(PictureTrack.firstReadable(pictures).image)
    let child = try start(working, size)
    do {
      let report = try feed(child, size, progress)
      guard rename(working, output) == 0 else {
        throw RecordingError(.fileFailed, String(cString: strerror(errno)), place: output, errno: errno)
      }
      return report
    } catch {
      // It might make the file, or finish it, after we have removed it.
      child.program.end()
      unlink(working)
      throw error
    }
  }

  /// The size of the video: that of the first picture, with even sides, which 4:2:0 needs.
  private static func size(_ first: Image) -> (width: Int, height: Int) {
    (max(2, first.width / 2 * 2), max(2, first.height / 2 * 2))
  }

  private struct Child {
    var program: ChildProgram
    var input: FileHandle
    /// What it says on standard error, a file in memory.
    var errors: FileHandle
    /// What it says of its progress, a file in memory.
    var progress: FileHandle

    /// How many pictures it has written, by its own count.
    var writtenPictures: Int? {
      text(progress).split(separator: "\n").last { $0.hasPrefix("frame=") }
        .flatMap { Int($0.dropFirst(6).drop { $0 == " " }) }
    }

    private func text(_ file: FileHandle) -> String {
      try? file.seek(toOffset: 0)
      return String(decoding: file.readDataToEndOfFile().suffix(1 << 16), as: UTF8.self)
    }

    /// Why the video cannot be whole; nil when it is. ffmpeg calls a video done whose end did not fit on the disk.
    func trouble(_ status: Int32) -> String? {
      let lines = text(errors).split(separator: "\n")
      if let line = lines.first(where: { line in VideoExport.unwritten.contains { line.contains($0) } }) {
        return String(line)
      }
      guard status != 0 else { return nil }
      return lines.last.map(String.init) ?? "it ended with status \(status)"
    }
  }

  /// What ffmpeg says of an output that it could not write.
  private static let unwritten = ["Error writing", "Error closing", "av_interleaved_write_frame"]

  /// Ticks a second of the video's time stamps: MPEG-4 has no finer ones, and AVI has an entry for each that passes.
  private static func ticks(_ ending: String) -> Int { ending.lowercased() == "avi" ? 1000 : 60_000 }

  /// Longer gaps between pictures get wrong times in MPEG-4 files, in seconds.
  private static let longestGap = 3600.0

  /// - Throws: ``RecordingError`` for a gap that the file could not hold.
  private func checkGaps(_ output: String) throws {
    guard ["mp4", "m4v", "mov"].contains((output as NSString).pathExtension.lowercased()) else { return }
    for (earlier, later) in zip(chosen, chosen.dropFirst()) {
      let gap = pictures.seconds(later) - pictures.seconds(earlier)
      guard gap > VideoExport.longestGap else { continue }
      throw RecordingError(
        .badArgument, "two pictures lie \(Int(saturating: gap)) s apart, and MPEG-4 files hold one hour at most",
        remedy: "write an .mkv file, or export the parts with --from and --to-time")
    }
  }

  /// Seconds from one picture to the next on average, at most one.
  private var usualStep: Double {
    let duration = pictures.seconds(chosen[chosen.count - 1]) - pictures.seconds(chosen[0])
    return duration > 0 ? min(1, duration / Double(chosen.count - 1)) : 1 / 30
  }

  private func start(_ output: String, _ size: (width: Int, height: Int)) throws -> Child {
    guard let tool = VideoExport.find("ffmpeg") else {
      throw RecordingError(
        .toolMissing, "ffmpeg is not installed", remedy: "install it (apt install ffmpeg), or export frames")
    }
    try checkGaps(output)
    // Made here, so that ffmpeg does not write through a link that lies there.
    try OutputFile(overStale: output, layer: SystemFileLayer()).close()
    let ticks = VideoExport.ticks((output as NSString).pathExtension)
    let arguments = [
      tool, "-nostdin", "-loglevel", "error", "-progress", "pipe:1", "-y", "-f", "matroska", "-i", "pipe:0",
      // Every picture once and at its time. 4:2:0 in the colours of BT.709, which every player can show.
      "-fps_mode", "passthrough", "-enc_time_base", "1/\(ticks)",
      // The last picture ends with nothing after it; without a duration, players leave it out.
      "-bsf:v", "setts=pts=PTS:dts=DTS:duration=\(max(1, Int(saturating: usualStep * Double(ticks))))",
      "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-colorspace", "bt709", "-color_primaries",
      "bt709", "-color_trc", "bt709", "-color_range", "tv", "file:" + output,
    ]
    let errors = try VideoExport.memoryFile()
    let progress = try VideoExport.memoryFile()
    let ends: (reading: Int32, writing: Int32)
    do throws(SystemError) { ends = try ChildProgram.pipe() } catch {
      throw RecordingError(.fileFailed, error.lowercaseWords, errno: error.code)
    }
    let input = FileHandle(fileDescriptor: ends.writing, closeOnDealloc: true)
    // Only ffmpeg keeps this end: should it end, writing to the other fails.
    defer { close(ends.reading) }
    do throws(SystemError) {
      let program = try ChildProgram(
        arguments, input: ends.reading, output: progress.fileDescriptor, errors: errors.fileDescriptor)
      return Child(program: program, input: input, errors: errors, progress: progress)
    } catch {
      throw RecordingError(.toolMissing, "cannot start ffmpeg: \(error.lowercaseWords)", place: tool, errno: error.code)
    }
  }

  private static func memoryFile() throws -> FileHandle {
    let memory = ocp_memory_file("ffmpeg")
    guard memory >= 0 else { throw RecordingError(.fileFailed, String(cString: strerror(errno)), errno: errno) }
    return FileHandle(fileDescriptor: memory, closeOnDealloc: true)
  }

  private static func find(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
      .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  private func feed(
    _ child: Child, _ size: (width: Int, height: Int), _ progress: (Double) -> Bool
  ) throws -> RecordingExport.Report {
    var report = RecordingExport.Report()
    // ffmpeg may end early; writing to it must then fail, not kill this process.
    signal(SIGPIPE, SIG_IGN)
    let stream = TimedPictures(width: size.width, height: size.height)
    let resampler = Resampler()
    let out = child.input
    var time: UInt64?
    var passedOver = 0
    do {
      try out.write(contentsOf: stream.beginning)
      for (done, index) in chosen.enumerated() {
        if done % 8 == 0 { try export.check(progress, done, of: chosen.count) }
        let image: Image
        do {
          guard let shown = try picture(index) else {
            passedOver += 1
            continue
          }
          image = try VideoExport.fitted(shown, size, resampler)
        } catch  where RecordingExport.isDamage(error) {
          report.note(damage: RecordedResult.reason(error))
          continue
        }
        // Videos have no two pictures at one moment: the second one is shown a millisecond later.
        let moment = max(
          UInt64(saturating: (pictures.seconds(index) - pictures.seconds(chosen[0])) * 1e6), time.map { $0 + 1000 } ?? 0
        )
        time = moment
        try out.write(contentsOf: stream.heading(microseconds: moment))
        try out.write(contentsOf: Data(image.storage.bytes[..<(size.width * size.height * 3)]))
        report.frames += 1
      }
    } catch let error as RecordingError { throw error } catch {
      // ffmpeg has ended, and says why below.
      report.firstTrouble = report.firstTrouble ?? "\(error.localizedDescription)"
    }
    try? out.close()
    var status = child.program.wait(milliseconds: 100)
    while status == nil {
      try export.check(progress, 1, of: 1)
      status = child.program.wait(milliseconds: 100)
    }
    try export.check(progress, 1, of: 1)
    try report.checkNotEmpty(export.reader.name)
    if let trouble = child.trouble(status ?? 0) {
      throw RecordingError(
        .fileFailed, "ffmpeg could not make the video: \(trouble)",
        remedy: "free some space, or try another ending, such as .mp4 or .mkv")
    }
    guard child.writtenPictures == report.frames, report.frames + report.damaged + passedOver == chosen.count else {
      throw RecordingError(
        .fileFailed,
        "ffmpeg wrote \(child.writtenPictures ?? 0) of \(chosen.count - passedOver - report.damaged) pictures",
        remedy: "try another ending, such as .mp4 or .mkv")
    }
    return report
  }

  /// A picture in packed RGB at the video's size: whole, with black borders where its shape is another.
  private static func fitted(
    _ image: Image, _ size: (width: Int, height: Int), _ resampler: Resampler
  ) throws -> Image {
    let isNearlyThere = (image.width & ~1, image.height & ~1) == (size.width, size.height)
    let region = Box(x: 0, y: 0, width: Float(size.width), height: Float(size.height))
    guard
      let fitted = resampler.scaled(
        image, region: isNearlyThere ? region : nil, width: size.width, height: size.height,
        rule: isNearlyThere ? .stretch : .letterbox(centered: true), pad: 0)
    else { throw CodecError(.unsupported, "a picture of \(image.width)x\(image.height)") }
    return fitted
  }
}
