public import Perception

/// Where the session gets its networks from: a folder of models in the program, a script in the tests.
///
/// Called from the loader's thread; loading may take seconds.
public protocol ModelProvider: Sendable {
  /// Every model on offer, cheap to ask: no network is read.
  func offers() -> [ModelOffer]
  /// What a model is: reads its file, runs nothing.
  func describe(_ name: String) throws -> ModelDescription
  /// Loads a network that looks at pictures.
  /// - Throws: an error whose line tells the operator what to do.
  func loadVisionModel(_ name: String) throws -> any VisionModel
  /// Loads a network over sequences of features.
  func loadSequenceModel(_ name: String) throws -> any SequenceModel
  /// Loads the text network of a pair.
  func loadTextModel(_ pairing: TextPairing) throws -> any TextModel
}

extension ModelProvider {
  public func loadTextModel(_ pairing: TextPairing) throws -> any TextModel { try TextEncoder(pairing) }
}

/// A model that could be loaded.
public struct ModelOffer: Sendable {
  public var name: String
  /// What its manifest says it is for; nil when only the file can tell.
  public var task: ModelTask?

  public init(name: String, task: ModelTask?) {
    self.name = name
    self.task = task
  }
}
