public import Ground

/// What goes wrong with recordings: reading them, writing them, taking them apart.
public typealias RecordingError = Explained<RecordingErrorKind>

extension RecordingError {
  /// Bytes of a recording that end too early are damage.
  init(_ error: ByteError) { self.init(.corrupt, error.what) }
}

/// The causes of a ``RecordingError``, for programs to tell apart.
public enum RecordingErrorKind: String, Sendable {
  case notARecording
  case corrupt
  case unsupported
  case tooLarge
  case fileFailed
  case diskFull
  /// The disk has less free space than the user wants to be left.
  case floorReached
  case badArgument
  case nothingToDo
  case toolMissing
  case cancelled
}
