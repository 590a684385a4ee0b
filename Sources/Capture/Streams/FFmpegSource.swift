public import Ground

/// A network stream, decoded by the `ffmpeg` program as a child process.
///
/// Streams are live and reconnect forever. ffmpeg's messages go to the log.
public final class FFmpegSource: FrameSource {
  private let worker: FFmpegWorker

  /// A stream: rtsp, http and whatever else ffmpeg knows.
  ///
  /// - Throws: ``CaptureError`` when ffmpeg is not installed, or the stream does not answer and `request.waits` is off.
  public convenience init(stream address: String, request: SourceRequest = SourceRequest()) throws(CaptureError) {
    try self.init(stream: address, request: request, timing: FFmpegTiming())
  }

  package init(stream address: String, request: SourceRequest, timing: FFmpegTiming) throws(CaptureError) {
    // What is shown of it has no password; only ffmpeg gets the whole.
    worker = try FFmpegWorker(
      .stream(address), name: SourceSecrets.redacted(address), request: request, timing: timing)
  }

  public var description: SourceDescription { worker.description.value }
  public func next(timeout: Int) throws -> SourceEvent { try worker.next(timeout: timeout) }
  public func close() { worker.close() }
}

/// Patience with a stream, in milliseconds.
package struct FFmpegTiming: Sendable {
  /// To its first header.
  package var start = 15_000
  /// Silence that is reported.
  package var quiet = 1500.0
  /// Silence after which ffmpeg is restarted.
  package var restart = 8000.0
  /// Pauses before attempts; the last one repeats.
  package var pauses = [500.0, 1000, 2000, 5000]

  package init() {}
}
