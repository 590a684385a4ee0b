public import Ground

/// What goes wrong between a network's file and its findings: manifests, recognition, decoders.
public typealias PerceptionError = Explained<PerceptionErrorKind>

/// The causes of a ``PerceptionError``, for programs to tell apart.
public enum PerceptionErrorKind: String, Sendable {
  case notFound
  case badManifest
  case notUnderstood
  case badOutput
  case badInput
}
