import Ground
import Pipeline

/// The catalogue of networks: its box, and the download that runs behind it.
extension Controller {
  mutating func openCatalogue() {
    guard let catalogue else { return warn("this session cannot download networks; `ocellus models pull` can") }
    do {
      state.view.offers = try catalogue.offers()
    } catch {
      return warn("\(error)")
    }
    guard !state.view.offers.isEmpty else { return warn("the catalogue lists no networks") }
    state.view.modal = .catalogue(selected: 0, asks: false)
  }

  mutating func handleInCatalogue(_ key: Key, selected: Int, asks: Bool) -> Outcome {
    switch state.settings.keys.action(for: key) {
    case .choose: chooseOffer(selected, asks: asks)
    case .program(.repaint): return .repaint
    // One step back: from the question to the list, from the list to the panes.
    case .cancel where asks: state.view.modal = .catalogue(selected: selected, asks: false)
    case .cancel, .overlay(.catalogue), .program(.quit): state.view.modal = nil
    case .move(let movement) where !asks: moveInCatalogue(movement, selected)
    case .panes(.focusNext) where !asks: moveInCatalogue(.down, selected)
    case .panes(.focusPrevious) where !asks: moveInCatalogue(.up, selected)
    // Every other action is for the panes below, which take no keys now.
    default: break
    }
    return .none
  }

  private mutating func moveInCatalogue(_ movement: Movement, _ selected: Int) {
    let last = max(0, state.view.offers.count - 1)
    let line =
      switch movement {
      case .up: selected - 1
      case .down: selected + 1
      case .pageUp: selected - Self.pageLines
      case .pageDown: selected + Self.pageLines
      case .first: 0
      case .last: last
      case .left, .right: selected
      }
    state.view.modal = .catalogue(selected: min(last, max(0, line)), asks: false)
  }

  /// A click selects a network; a second one asks about it. Only Enter begins a download.
  mutating func clickInCatalogue(_ index: Int, selected: Int, asks: Bool) {
    if !asks, index == selected {
      chooseOffer(index, asks: false)
    } else {
      state.view.modal = .catalogue(selected: index, asks: false)
    }
  }

  /// A network that is here is used at once; another is asked about, then downloaded.
  private mutating func chooseOffer(_ index: Int, asks: Bool) {
    guard state.view.offers.indices.contains(index) else { return }
    let offer = state.view.offers[index]
    if offer.isInstalled {
      state.view.modal = nil
      return use(offer)
    }
    guard asks else {
      state.view.modal = .catalogue(selected: index, asks: true)
      return
    }
    state.view.modal = nil
    if let running = state.view.download, running.state == .running {
      return warn("\(running.name) is being downloaded; one at a time")
    }
    catalogue?.download(offer.name)
    _ = followDownload()
    confirm("downloading \(offer.name); Esc stops it")
  }

  /// Has the session run a network that is here.
  private mutating func use(_ offer: NetworkOffer) {
    let runs = state.snapshot.detectors.contains { $0.state == .active }
    guard offer.isUsable else { return confirm("\(offer.name) is here: docs/MODELS.md says how a pipeline uses it") }
    // Beside a network that finds objects, one that names things looks at each of them.
    ask(offer.isFirstStage || !runs ? .selectModel(name: offer.name, stage: nil) : .selectClassifier(name: offer.name))
    confirm("\(offer.name) is loading")
  }

  /// Stops a download that runs; whether there was one.
  mutating func cancelDownload() -> Bool {
    guard state.view.download?.state == .running else { return false }
    catalogue?.cancel()
    return true
  }

  /// Brings the state up to date with the download, and uses a network that has arrived.
  ///
  /// - Returns: whether something changed that shows.
  package mutating func followDownload() -> Bool {
    guard let latest = catalogue?.latest, latest != state.view.download else { return false }
    let before = state.view.download
    state.view.download = latest
    // An end that came before anybody looked counts as well.
    guard latest.state != .running, before?.name != latest.name || before?.state == .running else { return true }
    switch latest.state {
    case .running: break
    case .done:
      let offer = state.view.offers.first { $0.name == latest.name }
      if let offer { use(offer) }
    case .cancelled:
      let key = state.settings.keys.name(of: .overlay(.catalogue))
      warn("\(latest.name) stopped at \(Text.bytes(Double(latest.received))); \(key) resumes it from there")
    case .failed(let reason):
      state.toast("\(latest.name) not downloaded: \(reason)", .failure, .now)
    }
    return true
  }
}
