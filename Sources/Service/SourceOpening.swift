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
  static func open(_ choice: SourceChoice) throws -> SourceRegistry.Opened {
    try SourceRegistry(adding: [recording(choice.replay)]).open(choice.name, request: choice.request)
  }
}
