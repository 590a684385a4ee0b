import Glibc
import Ground

/// The command lines of ffmpeg and ffprobe, and what ffprobe answers.
package enum FFmpegCommand {
  /// Decodes `input` to Y4M on standard output: each picture once, with square pixels, 4:2:0 of the limited range.
  ///
  /// - Parameter start: seconds into a file. The pictures' own times are on standard error (``PictureNotes``).
  static func decode(_ input: Input, start: Double, request: SourceRequest) -> [String] {
    var arguments = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "repeat+level+info", "-nostats"]
    var filters: [String] = []
    switch input {
    case .file(let path, let format):
      // Times are counted from the file's start, wherever reading begins.
      arguments += ["-copyts", "-start_at_zero"]
      if start > 0 { arguments += ["-ss", "\(Int(saturating: min(start, 1e9) * 1e6))us"] }
      if let format { arguments += ["-f", format] }
      // The prefix keeps a file's name from being taken for a protocol or an option.
      arguments += ["-i", "file:\(path)"]
      // A file that is shorter than a period gives its first picture.
      if let rate = request.framesPerSecond { filters.append("fps=\(rate):eof_action=pass") }
    case .stream(let address):
      if address.lowercased().hasPrefix("rtsp") { arguments += ["-rtsp_transport", "tcp"] }
      // Frames are wanted as they come: no buffering.
      arguments += ["-fflags", "nobuffer", "-flags", "low_delay", "-i", address]
    }
    filters += [PictureNotes.filter, "scale=\(size(request)):out_range=tv", "format=yuv420p", "setsar=1"]
    // No frames are made up, or left out, for a constant rate.
    arguments += [
      "-map", "0:v:0", "-an", "-sn", "-dn", "-fps_mode", "passthrough", "-vf", filters.joined(separator: ","),
    ]
    return arguments + ["-f", "yuv4mpegpipe", "pipe:1"]
  }

  /// The size that was asked for; else the picture's own, its shorter side stretched where pixels are not square. Shapes of
  /// pixels that nobody makes are not believed.
  private static func size(_ request: SourceRequest) -> String {
    if let width = request.width, let height = request.height { return "\(width):\(height)" }
    let isReal = "between(sar,0.1,10)*lte(iw*sar,16384)*lte(ih/sar,16384)"
    return "'if(\(isReal)*gt(sar,1),2*round(iw*sar/2),iw)':'if(\(isReal)*lt(sar,1),2*round(ih/sar/2),ih)'"
  }

  /// What ffmpeg says, without the places in its memory (`[tcp @ 0x55e8b3dd0a00]`): they are others in every process, and
  /// the same trouble should read the same each time.
  package static func withoutPointers(_ line: String) -> String {
    let pieces = line.split(separator: " @ 0x", omittingEmptySubsequences: false)
    return pieces.dropFirst().reduce(String(pieces.first ?? "")) { $0 + $1.drop(while: \.isHexDigit) }
  }

  enum Input {
    /// - Parameter format: ffmpeg's name of the format, where the file's name and content do not tell.
    case file(String, format: String?)
    case stream(String)
  }

  /// What is known of a file before it is played.
  struct Probe {
    var duration: Double?
    var codec: String?
  }

  /// Asks ffprobe; an answer with nothing in it when it is missing, slow or puzzled.
  static func probe(_ path: String, format: String?) -> Probe {
    var probe = Probe()
    let question =
      ["ffprobe", "-v", "error"] + (format.map { ["-f", $0] } ?? []) + [
        "-select_streams", "v:0", "-show_entries", "format=duration:stream=codec_name", "-of",
        "default=noprint_wrappers=1", "file:\(path)",
      ]
    guard let child = try? ChildProcess(question) else { return probe }
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    let deadline = MonotonicTime.now.nanoseconds + 5_000_000_000
    while answer.count < 1 << 16, MonotonicTime.now.nanoseconds < deadline {
      var request = pollfd(fd: child.output, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, 100) > 0 else { continue }
      let count = read(child.output, &chunk, chunk.count)
      guard count > 0 else { break }
      answer += chunk[0..<count]
    }
    child.close()
    for line in String(decoding: answer, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1).map { String($0) }
      guard parts.count == 2 else { continue }
      if parts[0] == "duration", let seconds = Double(parts[1]), seconds.isFinite, seconds > 0 {
        probe.duration = seconds
      }
      if parts[0] == "codec_name" { probe.codec = parts[1] }
    }
    return probe
  }
}
