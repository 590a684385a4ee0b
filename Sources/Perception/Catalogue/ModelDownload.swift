import Foundation
import Glibc
import Ground

/// Brings a network of the catalogue into a folder: through the `curl` program, which knows proxies and certificates.
///
/// What has arrived is kept as `NAME.onnx.part`, so an interrupted download goes on where it stopped. The file gets its
/// name only when its size and SHA-256 are those of the catalogue.
public struct ModelDownload: Sendable {
  /// How far it is.
  public struct Progress: Sendable, Equatable {
    public var received: Int
    public var total: Int
    /// The address in use.
    public var url: String
  }

  /// Where networks go. Made if it is missing.
  public var folder: String
  /// Forbids the network: everything that is not there already is an error.
  public var offline: Bool
  /// The program to run.
  public var curl: String

  public init(folder: String, offline: Bool = false, curl: String = "curl") {
    self.folder = folder
    self.offline = offline
    self.curl = curl
  }

  /// Downloads a network, its manifest beside it, and returns the network's path. Does nothing if it is there, whole.
  ///
  /// - Parameters:
  ///   - progress: called about ten times a second on the calling thread.
  ///   - isCancelled: asked as often; true stops the download, which can be resumed.
  /// - Throws: ``PerceptionError`` of the last address tried.
  @discardableResult
  public func fetch(
    _ entry: Catalogue.Entry, progress: (Progress) -> Void = { _ in }, isCancelled: () -> Bool = { false }
  ) throws -> String {
    let target = "\(folder)/\(entry.name).onnx"
    if FileManager.default.fileExists(atPath: target) {
      guard try FileHash.sha256(ofFile: target) == entry.sha256 else {
        throw PerceptionError(
          .badInput, "exists with other contents than the catalogue's", place: target,
          remedy: "move it away, then pull again")
      }
      try writeManifest(entry)
      return target
    }
    guard !offline else {
      throw PerceptionError(
        .notFound, "'\(entry.name)' is not here, and --offline forbids to download it", place: folder,
        remedy: "pull it without --offline, or put \(entry.name).onnx there yourself")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw PerceptionError(.badInput, "cannot be made: \(error.localizedDescription)", place: folder)
    }
    try download(entry, progress, isCancelled)
    try writeManifest(entry)
    // The network last: whoever sees its name sees all of it.
    try move(part(entry), target)
    return target
  }

  private func part(_ entry: Catalogue.Entry) -> String { "\(folder)/\(entry.name).onnx.part" }

  private func download(
    _ entry: Catalogue.Entry, _ progress: (Progress) -> Void, _ isCancelled: () -> Bool
  ) throws {
    let part = part(entry)
    var last: PerceptionError?
    for url in entry.urls {
      do {
        if ModelDownload.size(part) ?? 0 > entry.bytes { unlink(part) }
        if ModelDownload.size(part) != entry.bytes {
          try transfer(url, to: part, entry, progress, isCancelled)
        }
        try verify(part, entry, url)
        return
      } catch let error as PerceptionError {
        if isCancelled() { throw error }
        last = error
      }
    }
    throw last ?? PerceptionError(.notFound, "no address to download from", place: entry.name)
  }

  private func verify(_ part: String, _ entry: Catalogue.Entry, _ url: String) throws {
    let size = ModelDownload.size(part) ?? 0
    guard size == entry.bytes else {
      unlink(part)
      throw PerceptionError(
        .badInput, "sent \(size) bytes, the catalogue says \(entry.bytes)", place: url,
        remedy: "the publisher may have changed the file")
    }
    let actual = try FileHash.sha256(ofFile: part)
    guard actual == entry.sha256 else {
      unlink(part)
      throw PerceptionError(
        .badInput, "sent a file whose SHA-256 is \(actual), the catalogue says \(entry.sha256)", place: url,
        remedy: "nothing was kept")
    }
  }

  /// Exit statuses of curl(1) that mean something here.
  private enum CurlStatus {
    static let cannotResume: Int32 = 33
    static let tooLarge: Int32 = 63
    static let noAnswer: Int32 = 28
    static let words: [Int32: String] = [
      5: "the proxy's name cannot be resolved", 6: "the host's name cannot be resolved", 7: "connection refused",
      18: "the connection broke off", 22: "the server has no such file", 23: "the disk is full or not writable",
      28: "the server does not answer", 35: "no secure connection", 47: "too many redirections",
      52: "the server sent nothing", 56: "the connection broke off", 60: "the server's certificate is not trusted",
      63: "the file is larger than the catalogue says",
    ]
  }

  private func transfer(
    _ url: String, to part: String, _ entry: Catalogue.Entry, _ progress: (Progress) -> Void,
    _ isCancelled: () -> Bool
  ) throws {
    var status = try run(url, to: part, entry, progress, isCancelled)
    if status == CurlStatus.cannotResume {
      // The server cannot send a part: from the start.
      unlink(part)
      status = try run(url, to: part, entry, progress, isCancelled)
    }
    guard status == 0 else {
      let cause = CurlStatus.words[status] ?? "curl ended with status \(status)"
      throw PerceptionError(
        .notFound, cause, place: url,
        remedy: "check the network and the proxy (https_proxy); run it again to resume the download")
    }
  }

  private func run(
    _ url: String, to part: String, _ entry: Catalogue.Entry, _ progress: (Progress) -> Void, _ isCancelled: () -> Bool
  ) throws -> Int32 {
    let offset = ModelDownload.size(part) ?? 0
    let arguments = [
      "--fail", "--location", "--silent", "--proto", "=http,https", "--proto-redir", "=http,https", "--connect-timeout",
      "20", "--speed-limit", "1", "--speed-time", "60", "--max-redirs", "10", "--continue-at", "\(offset)", "--output",
      "-",
      "--url", url,
    ]
    let transfer = CountedTransfer(command: [curl] + arguments, target: part, limit: entry.bytes)
    var received = offset
    let outcome = try transfer.run(
      progress: {
        received = $0
        progress(Progress(received: received, total: entry.bytes, url: url))
      }, isCancelled: isCancelled)
    switch outcome {
    case .tooMuch:
      unlink(part)
      return CurlStatus.tooLarge
    case .cancelled:
      throw PerceptionError(
        .badInput, "stopped after \(received) of \(entry.bytes) bytes", place: url,
        remedy: "run it again to resume the download")
    case .silent: return CurlStatus.noAnswer
    case .unwritable(let errno):
      throw PerceptionError(
        .badInput, "cannot be written: \(SystemError(errno).words)", place: part,
        remedy: errno == ENOSPC || errno == EDQUOT
          ? "free some space, then resume the download" : "run it again to resume the download", errno: errno)
    case .ended(let status):
      if status == CountedTransfer.noSuchProgram {
        throw PerceptionError(.notFound, "the program '\(curl)' is not installed", remedy: "apt-get install curl")
      }
      return status
    }
  }

  private func writeManifest(_ entry: Catalogue.Entry) throws {
    let path = "\(folder)/\(entry.name).toml"
    guard !entry.manifest.isEmpty, !FileManager.default.fileExists(atPath: path) else { return }
    let head = """
      # Written with the network by 'ocellus models pull \(entry.name)'.
      license = "\(entry.license)"
      source = "\(entry.source.isEmpty ? entry.urls[0] : entry.source)"
      sha256 = "\(entry.sha256)"

      """
    do {
      try Data((head + entry.manifest).utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw PerceptionError(.badInput, "cannot be written: \(error.localizedDescription)", place: path)
    }
  }

  private func move(_ from: String, _ to: String) throws {
    // What is renamed must be on the disk: a crash must not leave an empty file under the final name.
    let descriptor = open(from, O_RDONLY)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
    guard rename(from, to) == 0 else {
      throw PerceptionError(.badInput, "cannot be written: \(String(cString: strerror(errno)))", place: to)
    }
  }

  private static func size(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }
}
