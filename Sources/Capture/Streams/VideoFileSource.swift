public import Ground

/// A video file, decoded by the `ffmpeg` program as a child process.
///
/// It ends or loops, can be moved about in, and plays at its own rate, at another speed, or as fast as it is read. Every
/// call is thread-safe except ``next(timeout:)`` and ``close()``, which are the capture thread's.
public final class VideoFileSource: SeekableSource {
  private let worker: FFmpegWorker
  private let playback: Playback

  /// Opens the file at `path`.
  ///
  /// - Parameter format: ffmpeg's name of its format, where neither its name nor its first bytes tell.
  /// - Throws: ``CaptureError`` when ffmpeg is not installed or finds no video in the file.
  public init(
    path: String, format: String? = nil, request: SourceRequest = SourceRequest()
  ) throws(CaptureError) {
    let probe = FFmpegCommand.probe(path, format: format)
    playback = Playback(duration: probe.duration)
    worker = try FFmpegWorker(
      .file(path, format: format), name: path, detail: probe.codec.map { "video, \($0)" } ?? "video", request: request,
      timing: FFmpegTiming(), playback: playback)
  }

  public var description: SourceDescription { worker.description.value }
  public var status: PlaybackStatus { playback.status }
  public var refusals: Int { worker.refusals }

  public func next(timeout: Int) throws -> SourceEvent { try worker.next(timeout: timeout) }
  public func close() { worker.close() }

  public func seek(to seconds: Double) { playback.seek(to: seconds) }
  public func step(by frames: Int) { playback.step(by: frames) }
  public func setPlaying(_ playing: Bool) { playback.setPlaying(playing) }
  public func setSpeed(_ speed: Double) { playback.setSpeed(speed) }
}
