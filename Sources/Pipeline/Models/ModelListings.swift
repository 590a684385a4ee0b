import Perception

/// The models on offer, by what they can serve as, with their states.
struct ModelListings: Sendable {
  var detectors: [ModelListing] = []
  var classifiers: [ModelListing] = []
  /// Names of networks for feature vectors.
  var embedders: [String] = []
  /// Models whose files nobody has looked into yet.
  var undescribed: [String] = []

  typealias List = WritableKeyPath<ModelListings, [ModelListing]>

  /// Begins with what the provider has.
  mutating func fill(_ offers: [ModelOffer]) {
    for offer in offers {
      let listing = ModelListing(name: offer.name, description: nil, state: .available)
      // A file that only its own text can tell about is offered as a detector until it has been looked into.
      if offer.task?.isFirstStage ?? true { detectors.append(listing) }
      if offer.task == .classification { classifiers.append(listing) }
      if offer.task == .embedding { embedders.append(offer.name) }
    }
    undescribed = offers.map(\.name)
  }

  /// Notes what a look into a file has told.
  mutating func describe(_ name: String, as description: ModelDescription) {
    for list in [\ModelListings.detectors, \ModelListings.classifiers] {
      guard let index = self[keyPath: list].firstIndex(where: { $0.name == name }) else { continue }
      self[keyPath: list][index].description = self[keyPath: list][index].description ?? description
    }
    if !description.task.isFirstStage { detectors.removeAll { $0.name == name && $0.state == .available } }
    if description.task == .classification, !classifiers.contains(where: { $0.name == name }) {
      classifiers.append(ModelListing(name: name, description: description, state: .available))
    }
    if description.task == .embedding, !embedders.contains(name) { embedders.append(name) }
  }

  /// Sets a model's state; lists it if it was not.
  mutating func mark(_ list: List, _ name: String, _ state: ModelListing.State) {
    if let index = self[keyPath: list].firstIndex(where: { $0.name == name }) {
      self[keyPath: list][index].state = state
    } else {
      self[keyPath: list].append(ModelListing(name: name, description: nil, state: state))
    }
  }

  /// Notes that a file could not be looked into: what is wrong with it shows in the list.
  mutating func fail(_ name: String, because reason: String) {
    for list in [\ModelListings.detectors, \ModelListings.classifiers] {
      guard let index = self[keyPath: list].firstIndex(where: { $0.name == name && $0.state == .available })
      else { continue }
      self[keyPath: list][index].state = .failed(reason: reason)
    }
  }

  /// Makes one model of a list active.
  ///
  /// - Parameters:
  ///   - name: what it was asked for by, and will be asked for again.
  ///   - replaced: the model that served in its place before; nil where none did.
  mutating func activate(
    _ list: List, _ name: String, _ description: ModelDescription, insteadOf replaced: String?
  ) {
    if let replaced { release(list, replaced) }
    // The same file may be on offer by name and be asked for by its path.
    self[keyPath: list].removeAll {
      $0.name != name && $0.name == description.name && !description.path.isEmpty
        && $0.description?.path == description.path
    }
    let listing = ModelListing(name: name, description: description, state: .active)
    if let index = self[keyPath: list].firstIndex(where: { $0.name == name }) {
      self[keyPath: list][index] = listing
    } else {
      self[keyPath: list].append(listing)
    }
  }

  /// Leaves a model of a list neither active nor loading.
  mutating func release(_ list: List, _ name: String) {
    for index in self[keyPath: list].indices where self[keyPath: list][index].name == name {
      switch self[keyPath: list][index].state {
      case .active, .loading: self[keyPath: list][index].state = .available
      case .available, .failed: break
      }
    }
  }
}
