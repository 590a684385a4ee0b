import Capture
import Recording

/// Opens what `--source` names: Capture's own kinds, and the recordings that a higher room adds.
enum SourceOpening {
  private static let recording = SourceOpener(
    name: "recording", claims: { $0.text.hasSuffix(".mcap") },
    open: { name, _ in try RecordingSource(path: name.text) })

  private static let registry = SourceRegistry(adding: [recording])

  /// The source, and why it was chosen when the user chose none.
  static func open(_ name: String?, _ request: SourceRequest) throws -> SourceRegistry.Opened {
    try registry.open(name, request: request)
  }
}
