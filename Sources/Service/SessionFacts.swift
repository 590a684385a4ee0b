import Capture
import Foundation
import Glibc
import Inference
import Perception
import Pipeline
import Synchronization

/// What recordings say about the session they are of: the host, the program, the networks with their hashes.
final class SessionFacts: Sendable {
  /// What has been said of each network, so that its file is read once.
  private let models = Mutex<[String: [String: String]]>([:])

  /// The machine, the program, the source, and what the session was asked for.
  func session(
    _ source: SourceDescription, _ request: SessionRequest, _ configuration: SessionConfiguration
  ) -> [String: String] {
    var system = utsname()
    uname(&system)
    func text<Field>(_ field: Field) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    var facts = [
      "host": text(system.nodename),
      "system": "\(text(system.sysname)) \(text(system.release)) \(text(system.machine))",
      "cores": String(ProcessInfo.processInfo.activeProcessorCount),
      "program": request.program, "source": source.name, "source.detail": source.detail,
      "source.size": "\(source.width)x\(source.height)", "source.fps": String(source.framesPerSecond),
      "confidence": String(request.confidence), "threads": String(request.network.threads),
      "exact": String(request.network.exact),
    ]
    let primaries = configuration.primaries.enumerated().map { index, spec in
      (spec.id?.name ?? (index == 0 ? "detector" : "detector-\(index + 1)"), spec.model)
    }
    let further = ((configuration.stages ?? []) + configuration.addedStages).map { ($0.title, $0.model) }
    let asked =
      primaries + [("classifier", configuration.classifier), ("sequence", configuration.sequence)] + further
    for case (let stage, let name?) in asked {
      facts[stage] = name
      // The labels stand beside the frames that they are of.
      for (key, value) in model(name) where key != "labels" { facts["\(stage).\(key)"] = value }
    }
    return facts
  }

  /// Bytes of labels that are written: those of the largest public sets take half of it.
  private static let labelBytes = 1 << 20

  /// The file of a network, its SHA-256, and its labels as a JSON list in the order of the class numbers; empty for a source of
  /// results without a file, such as a recording. Any thread; reads the whole file the first time.
  func model(_ name: String) -> [String: String] {
    if let known = models.withLock({ $0[name] }) { return known }
    var facts: [String: String] = [:]
    if let path = try? InstalledModels.store.networkPath(of: name), let hash = try? FileHash.sha256(ofFile: path) {
      facts = ["path": path, "sha256": hash]
      // A network whose labels are not known has numbers as labels, which the results hold.
      if let labels = try? InstalledModels.store.describe(name).labels, !labels.isEmpty,
        let text = try? labels.jsonLine(), text.utf8.count <= SessionFacts.labelBytes
      {
        facts["labels"] = text
      }
    }
    models.withLock { [facts] in $0[name] = facts }
    return facts
  }
}
