import Foundation
import Glibc

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
    let working = (output as NSString).deletingPathExtension + ".part." + (ending.isEmpty ? "mp4" : ending)
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
      if child.process.isRunning { child.process.terminate() }
      unlink(working)
      throw error
    }
  }

  private struct Child {
    var process: Process
    var input: Pipe
  }

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
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch {
      throw RecordingError(.toolMissing, "cannot start ffmpeg: \(error.localizedDescription)", place: tool)
    }
    return Child(process: process, input: input)
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
    guard child.process.terminationStatus == 0 else {
      throw RecordingError(
        .fileFailed, "ffmpeg could not make the video (status \(child.process.terminationStatus))",
        remedy: "try another ending, such as .mp4 or .mkv")
    }
    return report
  }
}
