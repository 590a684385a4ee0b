public import Perception

/// Where the session gets its networks from: a folder of models in the program, a script in the tests.
///
/// Called from the loader's thread; loading may take seconds.
public protocol ModelProvider: Sendable {
  /// Every model on offer, cheap to ask: nothing is loaded. `description` is nil for files not looked into yet.
  func listings() -> [(name: String, description: ModelDescription?)]
  /// Loads a network that looks at pictures.
  /// - Throws: an error whose line tells the operator what to do.
  func loadVisionModel(_ name: String) throws -> any VisionModel
  /// Loads a network over sequences of features.
  func loadSequenceModel(_ name: String) throws -> any SequenceModel
}
