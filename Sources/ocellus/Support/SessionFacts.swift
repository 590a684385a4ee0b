import ArgumentParser
import Capture
import Foundation
import Glibc
import Perception
import Pipeline
import Synchronization

/// What recordings say about the session they are of: the host, the program, the networks with their hashes.
final class SessionFacts: Sendable {
  /// What has been said of each network, so that its file is read once.
  private let models = Mutex<[String: [String: String]]>([:])

  /// The machine, the program, the source, and what the session was asked for.
  func session(
    _ source: SourceDescription, _ options: SessionOptions, _ configuration: SessionConfiguration
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
      "program": "ocellus \(Ocellus.configuration.version)", "source": source.name, "source.detail": source.detail,
      "source.size": "\(source.width)x\(source.height)", "source.fps": String(source.framesPerSecond),
      "confidence": String(options.confidence), "threads": String(options.engine.threads),
      "exact": String(options.engine.exact),
    ]
    let asked = [
      ("detector", configuration.detector), ("classifier", configuration.classifier),
      ("sequence", configuration.sequence),
    ]
    for case (let stage, let name?) in asked {
      facts[stage] = name
      for (key, value) in model(name) { facts["\(stage).\(key)"] = value }
    }
    return facts
  }

  /// The file of a network and its SHA-256; empty for what is no file, such as a recording's own results. Any thread;
  /// reads the whole file the first time.
  func model(_ name: String) -> [String: String] {
    if let known = models.withLock({ $0[name] }) { return known }
    var facts: [String: String] = [:]
    if let path = try? InstalledModels.store.networkPath(of: name), let hash = try? FileHash.sha256(ofFile: path) {
      facts = ["path": path, "sha256": hash]
    }
    models.withLock { [facts] in $0[name] = facts }
    return facts
  }
}
