import Capture

/// Opens what `--source` names: Capture's own kinds, and what higher rooms add.
enum SourceOpening {
  static let registry = SourceRegistry()

  /// The source, and why it was chosen when the user chose none.
  static func open(_ name: String?, _ request: SourceRequest) throws -> SourceRegistry.Opened {
    try registry.open(name, request: request)
  }
}
