import Capture
import Recording

/// Opens what `--source` names: Capture's own kinds, and the recordings that a higher room adds.
enum SourceOpening {
  private static func recording(_ options: RecordingSource.Options) -> SourceOpener {
    SourceOpener(
      name: "recording",
      claims: { $0.text.hasSuffix(".mcap") || $0.text.hasSuffix(".mcap" + MCAPWriter.workingSuffix) },
      open: { name, _ in try RecordingSource(path: name.text, options: options) })
  }

  /// The source, and why it was chosen when the user chose none.
  ///
  /// - Parameter replay: how to play, should it be a recording.
  static func open(
    _ name: String?, _ request: SourceRequest, replay: RecordingSource.Options = .init()
  ) throws -> SourceRegistry.Opened {
    try SourceRegistry(adding: [recording(replay)]).open(name, request: request)
  }
}
