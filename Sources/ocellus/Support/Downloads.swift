import Configuration
import Dashboard
import Foundation
import Ground
import Perception
import Synchronization

/// The catalogue for the dashboard: downloads networks into the user's folder, one at a time, on a thread of its own.
final class Downloads: NetworkCatalogue {
  private struct State {
    var latest: NetworkDownload?
    var isCancelled = false
  }

  private let folder: String
  private let load: @Sendable () throws -> Catalogue
  private let state = Mutex(State())

  /// - Parameters:
  ///   - folder: where networks go.
  ///   - load: reads the catalogue.
  init(
    folder: String = UserFolders.data("models"), load: @escaping @Sendable () throws -> Catalogue = PullModel.catalogue
  ) {
    self.folder = folder
    self.load = load
  }

  var latest: NetworkDownload? { state.withLock { $0.latest } }

  func offers() throws -> [NetworkOffer] {
    let offers = try load().entries.map { entry in
      NetworkOffer(
        name: entry.name, task: entry.task.rawValue, bytes: entry.bytes, license: entry.license, source: entry.source,
        isInstalled: FileManager.default.fileExists(atPath: "\(folder)/\(entry.name).onnx"),
        isSuggested: entry.isSuggested, isFirstStage: entry.task != .classification,
        isUsable: entry.task != .embedding && entry.task != .sequence)
    }
    // Those to begin with first, and of these the ones that look at the whole picture.
    func rank(_ offer: NetworkOffer) -> Int { offer.isSuggested ? (offer.isFirstStage ? 0 : 1) : 2 }
    return (0...2).flatMap { place in offers.filter { rank($0) == place } }
  }

  func download(_ name: String) {
    let begins = state.withLock { state in
      guard state.latest?.state != .running else { return false }
      state = State(latest: NetworkDownload(name: name, received: 0, total: 0, state: .running))
      return true
    }
    guard begins else { return }
    do { _ = try WorkerThread(name: "download") { [self] in fetch(name) } } catch { end(.failed(reason: "\(error)")) }
  }

  func cancel() { state.withLock { $0.isCancelled = true } }

  private var isCancelled: Bool { state.withLock { $0.isCancelled } }

  private func fetch(_ name: String) {
    do {
      let entry = try load().entry(named: name)
      try ModelDownload(folder: folder).fetch(entry) { progress in
        state.withLock { state in
          state.latest?.received = progress.received
          state.latest?.total = progress.total
        }
      } isCancelled: {
        isCancelled
      }
      end(.done)
    } catch {
      end(isCancelled ? .cancelled : .failed(reason: "\(error)"))
    }
  }

  private func end(_ outcome: NetworkDownload.State) { state.withLock { $0.latest?.state = outcome } }
}
