import Ground
import Perception

/// Whether the networks that the user named can do what they are named for. A file that cannot be read is not judged here:
/// loading it says why.
enum StageTasks {
  /// - Throws: ``ServiceError`` of kind `.wrongTask` that says what to name instead.
  static func check(_ request: SessionRequest, _ store: ModelStore = InstalledModels.store) throws {
    guard case .named(let classifier) = request.classifier else { return }
    func task(_ name: String) -> ModelTask? {
      do { return try store.describe(name).task } catch { return nil }
    }
    if let found = task(classifier), !looksAtObjects(found) {
      throw ServiceError(
        .wrongTask, "--classifier takes a network that looks at one object, not one for \(found.words)",
        place: classifier, remedy: found == .sequence ? "name a classifier" : "name it with --model")
    }
    let tasks = request.models.map(task)
    // Stages and pipelines may bring detectors of their own.
    guard !tasks.isEmpty, request.pipeline == nil, request.chain == nil, request.stages.isEmpty,
      tasks.allSatisfy({ $0.map { !$0.detects } ?? false }), let found = tasks[0]
    else { return }
    throw ServiceError(
      .wrongTask, "finds no objects that --classifier \(classifier) could look at: it is for \(found.words)",
      place: request.models[0], remedy: "name a detector with --model, or leave out --classifier")
  }

  private static func looksAtObjects(_ task: ModelTask) -> Bool {
    switch task {
    case .classification, .embedding, .pose: true
    case .detection, .instanceSegmentation, .orientedDetection, .semanticSegmentation, .depth, .sequence: false
    }
  }
}

extension ModelTask {
  /// What a network does, after "for".
  fileprivate var words: String {
    switch self {
    case .detection, .orientedDetection: "finding objects"
    case .instanceSegmentation: "finding objects with their outlines"
    case .pose: "poses"
    case .classification: "naming whole pictures"
    case .semanticSegmentation: "maps of classes"
    case .depth: "depth"
    case .embedding: "feature vectors"
    case .sequence: "sequences of features"
    }
  }
}
