public import Inference
public import Perception
public import Pipeline

/// The models of this installation, as a session wants them.
public struct InstalledModels: ModelProvider {
  /// The networks that ship with the program and know its demo scene.
  static let detector = "ocellus-detector"
  static let classifier = "ocellus-classifier"
  static let sequence = "ocellus-sequence"

  public static var store: ModelStore { ModelStore(folders: Installation.folders(of: "models")) }

  private let store: ModelStore
  private let options: NetworkOptions
  private let offersDemo: Bool

  /// - Parameters:
  ///   - wishes: what wins over the thresholds of manifests.
  ///   - offersDemo: whether the list has the networks that know the demo scene alone; by name they always work.
  public init(options: NetworkOptions, wishes: Manifest.Thresholds, offersDemo: Bool = true) {
    self.offersDemo = offersDemo
    store = ModelStore(folders: Installation.folders(of: "models"), wishes: wishes)
    self.options = options
  }

  /// All of them by name.
  static let ofDemo: Set<String> = [detector, classifier, sequence]

  /// A session's networks: those that the user named, else the usual one. The shipped second and third stage know only the
  /// demo scene's objects, so they come with the shipped detector alone.
  static func session(
    models: [String], classifier: ClassifierChoice, usual: UsualNetwork
  ) -> SessionConfiguration {
    let names =
      switch usual {
      case _ where !models.isEmpty: models
      case .demo: [InstalledModels.detector]
      case .own(let name): [name]
      case .none: [String]()
      }
    let isShipped = names == [InstalledModels.detector]
    var configuration = SessionConfiguration(primaries: names.map { StageSpec(model: $0) })
    switch classifier {
    case .none: configuration.classifier = nil
    case .named(let name): configuration.classifier = name
    case .usual: configuration.classifier = isShipped ? InstalledModels.classifier : nil
    }
    configuration.sequence = isShipped ? InstalledModels.sequence : nil
    if names.isEmpty { configuration.advice = OwnNetworks.advice }
    return configuration
  }

  public func offers() -> [ModelOffer] {
    store.list().filter { offersDemo || !InstalledModels.ofDemo.contains($0.name) }
      .map { ModelOffer(name: $0.name, task: $0.task) }
  }

  public func describe(_ name: String) throws -> ModelDescription { try store.describe(name) }

  public func loadVisionModel(_ name: String) throws -> any VisionModel { try store.loadVision(name, options: options) }

  public func loadSequenceModel(_ name: String) throws -> any SequenceModel {
    try store.loadSequence(name, options: options)
  }

  public func loadTextModel(_ pairing: TextPairing) throws -> any TextModel {
    try TextEncoder(pairing, options: options)
  }
}
