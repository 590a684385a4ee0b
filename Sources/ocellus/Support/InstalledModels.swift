import Inference
import Perception
import Pipeline

/// The models of this installation, as a session wants them.
struct InstalledModels: ModelProvider {
  /// The networks that ship with the program and know its demo scene.
  static let detector = "ocellus-detector"
  static let classifier = "ocellus-classifier"
  static let sequence = "ocellus-sequence"

  static var store: ModelStore { ModelStore(folders: Installation.folders(of: "models")) }

  private let store: ModelStore
  private let options: NetworkOptions

  /// - Parameter wishes: what the operator wants of suppression.
  init(options: NetworkOptions, wishes: Manifest.Thresholds) {
    store = ModelStore(folders: Installation.folders(of: "models"), wishes: wishes)
    self.options = options
  }

  /// A session's networks: the shipped three, or what the user named. The shipped second and third stage know only the
  /// demo scene's objects, so they come with the shipped detector alone.
  static func session(detector: String?, classifier: String?) -> SessionConfiguration {
    let isShipped = detector == nil || detector == InstalledModels.detector
    var configuration = SessionConfiguration(detector: detector ?? InstalledModels.detector)
    switch classifier {
    case "none": configuration.classifier = nil
    case let name?: configuration.classifier = name
    case nil: configuration.classifier = isShipped ? InstalledModels.classifier : nil
    }
    configuration.sequence = isShipped ? InstalledModels.sequence : nil
    return configuration
  }

  func offers() -> [ModelOffer] { store.list().map { ModelOffer(name: $0.name, task: $0.task) } }

  func describe(_ name: String) throws -> ModelDescription { try store.describe(name) }

  func loadVisionModel(_ name: String) throws -> any VisionModel { try store.loadVision(name, options: options) }

  func loadSequenceModel(_ name: String) throws -> any SequenceModel {
    try store.loadSequence(name, options: options)
  }

  func loadTextModel(_ pairing: TextPairing) throws -> any TextModel {
    try TextEncoder(pairing, options: options)
  }
}
