import Capture
import Configuration
import Foundation
import Ground
import Perception
public import Pipeline

/// Which stages a session runs: the user's flags first, then a pipeline file, then the configuration file, then what the
/// networks' own manifests want.
struct PipelineChoice {
  private static let fileLimit = 1 << 20

  var configuration: SessionConfiguration
  /// Whether the stages that were asked for are the whole pipeline, so that no usual network is added.
  let isWhole: Bool
  /// Why the configuration file's stages have no effect; nil where they have.
  private(set) var problem: String?

  /// - Parameter usual: the network where the user names none; asked for only then.
  /// - Throws: ``ServiceError`` or `ConfigurationError` for what the user named on the command line.
  init(_ request: SessionRequest, _ user: UserConfiguration, usual: () -> UsualNetwork) throws {
    try StageTasks.check(request)
    var spec: PipelineSpec?
    if let path = request.pipeline {
      spec = try PipelineSpec(file: PipelineChoice.document(path))
    } else if let path = request.chain {
      spec = try PipelineSpec(ConfigReader(PipelineChoice.document(path)))
    } else if let document = user.document {
      do { spec = try PipelineSpec(ConfigReader(document)) } catch {
        problem = "no stages from the configuration: \(error)"
      }
    }
    let stages = spec?.stages ?? []
    // A file with a network on the whole frame describes the whole pipeline; one without adds to the usual one.
    isWhole =
      stages.contains(where: \.looksAtWholeFrame) || request.runsNamedNetworksOnly
    if isWhole {
      configuration = SessionConfiguration(primaries: request.models.map { StageSpec(model: $0) })
      if case .named(let name) = request.classifier { configuration.classifier = name }
    } else {
      configuration = InstalledModels.session(
        models: request.models, classifier: request.classifier, usual: request.models.isEmpty ? usual() : .none)
    }
    if !stages.isEmpty || request.pipeline != nil { configuration.stages = stages }
    configuration.merge = spec?.merge ?? .sameClass
    configuration.addedStages = request.stages
    configuration.embedder = request.embedder
    configuration.labels = request.labels
    configuration.classes = request.classes
    configuration.referencePhotos = request.referencePhotos
    for photo in request.referencePhotos {
      do { _ = try PhotoFile.load(photo.path) } catch {
        throw ServiceError(.unreadable, "reference '\(photo.name)': \(error.what)", place: photo.path)
      }
    }
  }

  private static func document(_ path: String) throws -> ConfigDocument {
    try ConfigDocument(text: SmallFile.text(path, limit: fileLimit), file: path)
  }
}

extension StageSpec {
  /// Whether it is, as far as can be told without its model, a network on the whole frame.
  fileprivate var looksAtWholeFrame: Bool {
    model != nil && (kind == "network" || (kind == nil && !runsOnObjects))
  }
}

extension SessionConfiguration {
  /// The configuration of a session without a source, for pictures each by itself.
  ///
  /// - Parameter ofDemo: whether all of them are the demo scene's, which has networks of its own.
  /// - Returns: what is wrong with the user's configuration file as well; empty where nothing is.
  /// - Throws: ``ServiceError`` where no network of the user's own is there and none is named.
  public static func photos(_ request: SessionRequest, ofDemo: Bool) throws -> (
    SessionConfiguration, problems: [String]
  ) {
    let user = UserConfiguration()
    var misread: String?
    let choice = try PipelineChoice(request, user) { UsualNetwork(for: nil, isDemo: ofDemo, user, problem: &misread) }
    if choice.configuration.advice != nil, request.stages.isEmpty {
      throw ServiceError(.noNetwork, OwnNetworks.advice)
    }
    let problems = [user.problem.map { "\($0.line); the defaults hold" }, choice.problem, misread]
    return (choice.configuration, problems.compactMap(\.self))
  }
}
