import Capture
import Recording

/// Opens what `--source` names: Capture's own kinds, and the recordings that a higher room adds.
enum SourceOpening {
  private static func recording(_ options: RecordingSource.Options) -> SourceOpener {
    SourceOpener(
      name: "recording",
      claims: { name in
        switch name.file {
        case .folder:
          // A folder of photos may hold recordings beside them: it stays one of photos.
          Recordings.isBag(folder: name.text) || (Recordings.areRecordings(in: name.text) && !holdsPhotos(name.text))
        case .missing, .device, .regular, .other, .unreadable: Recordings.isRecording(file: name.text)
        }
      },
      open: { name, _ in try RecordingSource(path: name.text, options: options) })
  }

  private static func holdsPhotos(_ folder: String) -> Bool {
    SystemFileLayer().files(in: folder).contains { file in
      PhotoFormat.endings.contains { file.name.lowercased().hasSuffix($0) }
    }
  }

  /// The paths of the photos that the name stands for; nil where it names another source. A name that nothing claims is that
  /// of a photo that is not there.
  static func photos(_ name: SourceName) throws -> [String]? {
    if recording(RecordingSource.Options()).claims(name) { return nil }
    if case .missing = name.file, !SourceOpener.standard.contains(where: { $0.claims(name) }) { return [name.text] }
    return try PhotoFile.paths(of: name)
  }

  /// The source, and why it was chosen when the user chose none.
  static func open(_ choice: SourceChoice) throws -> SourceRegistry.Opened {
    try SourceRegistry(adding: [recording(choice.replay)]).open(choice.name, request: choice.request)
  }
}
