import CPosix
import Foundation
import Glibc
import Ground

/// A recording as a video: its pictures through ffmpeg, which must be installed.
struct VideoExport {
  private let export: RecordingExport
  private let frames: FramesExport

  init(_ export: RecordingExport) throws {
    self.export = export
    frames = try FramesExport(export)
  }

  func write(to output: String, _ progress: (Double) -> Bool) throws -> RecordingExport.Report {
    guard !FileManager.default.fileExists(atPath: output) else {
      throw RecordingError(.fileFailed, "exists already", place: output, remedy: "choose another output")
    }
    let ending = (output as NSString).pathExtension
    // ffmpeg goes by the ending.
    let working = WholeFile.workingName(of: output) + "." + (ending.isEmpty ? "mp4" : ending)
    let duration = frames.pictures.duration
    let rate = duration > 0 ? Double(frames.pictures.count - 1) / duration : 30
    // Named, because ffmpeg's guess wants more data than small pictures have.
    let codec = try frames.encoded(0)?.name.hasSuffix(".png") ?? false ? "png" : "mjpeg"
    let child = try start(working, rate: max(0.1, min(1000, rate)), codec: codec)
    do {
      let report = try feed(child, progress)
      guard rename(working, output) == 0 else {
        throw RecordingError(.fileFailed, String(cString: strerror(errno)), place: output, errno: errno)
      }
      return report
    } catch {
      child.process.terminate()
      // It might make the file, or finish it, after we have removed it.
      child.process.waitUntilExit()
      unlink(working)
      throw error
    }
  }

  private struct Child {
    var process: Process
    var input: Pipe
    /// What it says on standard error, a file in memory.
    var errors: FileHandle

    /// Why the video cannot be whole; nil when it is. ffmpeg calls a video done whose end did not fit on the disk.
    var trouble: String? {
      try? errors.seek(toOffset: 0)
      let lines = String(decoding: errors.readDataToEndOfFile().suffix(1 << 16), as: UTF8.self).split(separator: "\n")
      if let line = lines.first(where: { line in VideoExport.unwritten.contains { line.contains($0) } }) {
        return String(line)
      }
      guard process.terminationStatus != 0 else { return nil }
      return lines.last.map(String.init) ?? "it ended with status \(process.terminationStatus)"
    }
  }

  /// What ffmpeg says of an output that it could not write.
  private static let unwritten = ["Error writing", "Error closing", "av_interleaved_write_frame"]

  private func start(_ output: String, rate: Double, codec: String) throws -> Child {
    guard let tool = VideoExport.find("ffmpeg") else {
      throw RecordingError(
        .toolMissing, "ffmpeg is not installed", remedy: "install it (apt install ffmpeg), or export frames")
    }
    let process = Process()
    let input = Pipe()
    process.executableURL = URL(fileURLWithPath: tool)
    process.arguments = [
      "-nostdin", "-loglevel", "error", "-y", "-f", "image2pipe", "-c:v", codec, "-framerate", String(rate), "-i",
      "pipe:0",
      // Even sides and 4:2:0, which every player can show.
      "-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-pix_fmt", "yuv420p", "file:" + output,
    ]
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    let memory = ocp_memory_file("ffmpeg")
    guard memory >= 0 else { throw RecordingError(.fileFailed, String(cString: strerror(errno)), errno: errno) }
    let errors = FileHandle(fileDescriptor: memory, closeOnDealloc: true)
    process.standardError = errors
    do { try process.run() } catch {
      throw RecordingError(.toolMissing, "cannot start ffmpeg: \(error.localizedDescription)", place: tool)
    }
    return Child(process: process, input: input, errors: errors)
  }

  private static func find(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
      .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  private func feed(_ child: Child, _ progress: (Double) -> Bool) throws -> RecordingExport.Report {
    var report = RecordingExport.Report()
    // ffmpeg may end early; writing to it must then fail, not kill this process.
    signal(SIGPIPE, SIG_IGN)
    for index in 0..<frames.pictures.count {
      if index % 8 == 0 { try export.check(progress, index, of: frames.pictures.count) }
      guard let (_, bytes) = try frames.encoded(index) else {
        report.damaged += 1
        continue
      }
      do { try child.input.fileHandleForWriting.write(contentsOf: Data(bytes)) } catch { break }
      report.frames += 1
    }
    try? child.input.fileHandleForWriting.close()
    child.process.waitUntilExit()
    // Ctrl-C in a terminal ends ffmpeg as well: that is no failure of its own.
    try export.check(progress, 1, of: 1)
    if let trouble = child.trouble {
      throw RecordingError(
        .fileFailed, "ffmpeg could not make the video: \(trouble)",
        remedy: "free some space, or try another ending, such as .mp4 or .mkv")
    }
    return report
  }
}
