import Configuration
import Foundation
import Ground
import Perception
import TestSupport
import Testing

@Suite struct CatalogueTests {
  /// The bytes 0, 1, 2, … 255, again and again, 100,000 of them, and their SHA-256 (`sha256sum`).
  private let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
  private let hash = "db8f1d69251d95e2c88268d3c540533cc5182e0e33065a6f3f322f606a574489"

  private static let curlIsThere = ["/usr/bin/curl", "/bin/curl", "/usr/local/bin/curl"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private func entry(_ urls: [String], sha256: String? = nil) throws -> Catalogue.Entry {
    let list = urls.map { "\"\($0)\"" }.joined(separator: ", ")
    let catalogue = try Catalogue(
      text: """
        [[model]]
        name = "net"
        task = "detection"
        bytes = 100000
        sha256 = "\(sha256 ?? hash)"
        license = "MIT"
        urls = [\(list)]
        manifest = '''
        decoder = "yolov8"
        '''
        """, path: "catalogue.toml")
    return try catalogue.entry(named: "net")
  }

  private func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { Array($0) } }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func aNetworkArrivesWithItsManifest() throws {
    let folder = try TemporaryFolder()
    let server = try LoopbackServer(body: body, [.whole])
    defer { server.stop() }
    var last: ModelDownload.Progress?
    let path = try ModelDownload(folder: folder.path + "/models").fetch(entry([server.url])) { last = $0 }
    #expect(contents(path) == body)
    #expect(last?.received == 100_000)
    let manifest = try Manifest(path: folder.path + "/models/net.toml")
    #expect(manifest.decoder == "yolov8" && manifest.sha256 == hash && manifest.license == "MIT")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/models").sorted() == ["net.onnx", "net.toml"])
  }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func aBrokenDownloadGoesOnWhereItStopped() throws {
    let folder = try TemporaryFolder()
    let server = try LoopbackServer(body: body, [.breaksOff(after: 40_000), .whole])
    defer { server.stop() }
    let download = ModelDownload(folder: folder.path)
    let error = #expect(throws: PerceptionError.self) { try download.fetch(entry([server.url])) }
    #expect(error?.line.contains("broke off") == true)
    #expect(contents(folder.path + "/net.onnx") == nil)
    #expect(contents(folder.path + "/net.onnx.part")?.count == 40_000)
    #expect(contents(try download.fetch(entry([server.url]))) == body)
    #expect(server.ranges == ["", "40000-"])
  }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func aServerWithoutRangesStartsAnew() throws {
    let folder = try TemporaryFolder()
    try folder.write("net.onnx.part", "leftovers of another day")
    let server = try LoopbackServer(body: body, [.withoutRanges])
    defer { server.stop() }
    #expect(contents(try ModelDownload(folder: folder.path).fetch(entry([server.url]))) == body)
  }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func wrongContentsNeverGetTheName() throws {
    let folder = try TemporaryFolder()
    var changed = body
    changed[50_000] ^= 1
    let server = try LoopbackServer(body: changed, [.whole])
    defer { server.stop() }
    let error = #expect(throws: PerceptionError.self) {
      try ModelDownload(folder: folder.path).fetch(entry([server.url]))
    }
    #expect(error?.what.contains("SHA-256") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func addressesAreTriedInOrder() throws {
    let folder = try TemporaryFolder()
    let bad = try LoopbackServer(body: body, [.missing])
    let wrong = try LoopbackServer(body: body, [.other([1, 2, 3])])
    let good = try LoopbackServer(body: body, [.whole])
    defer { for server in [bad, wrong, good] { server.stop() } }
    let download = ModelDownload(folder: folder.path)
    #expect(contents(try download.fetch(entry([bad.url, wrong.url, good.url]))) == body)
    let lonely = ModelDownload(folder: folder.path + "/other")
    let error = #expect(throws: PerceptionError.self) { try lonely.fetch(entry([bad.url])) }
    #expect(error?.line.contains("no such file") == true)
  }

  /// A server that never stops: nothing beyond the declared size is written, and the download ends.
  @Test(.enabled(if: curlIsThere, "curl is not installed"), .timeLimit(.minutes(1)))
  func anEndlessDownloadEndsAtItsSize() throws {
    let folder = try TemporaryFolder()
    let server = try LoopbackServer(body: body, [.endless])
    defer { server.stop() }
    let part = folder.file("net.onnx.part")
    for leftOver in [0, 40_000] {
      if leftOver > 0 { try folder.write("net.onnx.part", [UInt8](body[..<leftOver])) }
      var largest = 0
      let error = #expect(throws: PerceptionError.self) {
        try ModelDownload(folder: folder.path).fetch(entry([server.url])) { _ in
          largest = max(largest, contents(part)?.count ?? 0)
        }
      }
      #expect(error?.what.contains("larger than the catalogue says") == true, "\(error?.line ?? "")")
      #expect(largest <= 100_000 && contents(part) == nil)
    }
  }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func aLinkIsNotWrittenThrough() throws {
    let folder = try TemporaryFolder()
    let server = try LoopbackServer(body: body, [.whole])
    defer { server.stop() }
    let other = try folder.write("precious", "as before")
    try FileManager.default.createSymbolicLink(atPath: folder.file("net.onnx.part"), withDestinationPath: other)
    let error = #expect(throws: PerceptionError.self) {
      try ModelDownload(folder: folder.path).fetch(entry([server.url]))
    }
    #expect(error?.line.contains("link") == true)
    #expect(contents(other) == Array("as before".utf8))
  }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func aCancelledDownloadKeepsWhatItHas() throws {
    let folder = try TemporaryFolder()
    let server = try LoopbackServer(body: body, [.whole])
    defer { server.stop() }
    let download = ModelDownload(folder: folder.path)
    #expect(throws: PerceptionError.self) { try download.fetch(entry([server.url]), isCancelled: { true }) }
    #expect(contents(folder.path + "/net.onnx") == nil)
    #expect(contents(try download.fetch(entry([server.url]))) == body)
  }

  /// A program that sends nothing and obeys no signal: a wish to stop ends it, and so does the time.
  @Test(.timeLimit(.minutes(1))) func aSilentProgramIsEnded() throws {
    let folder = try TemporaryFolder()
    let script = ["sh", "-c", "trap '' TERM INT HUP; sleep 300 & wait; sleep 300"]
    let asked = MonotonicTime.now
    let cancelled = try CountedTransfer(command: script, target: folder.file("a"), limit: 10).run(
      progress: { _ in }, isCancelled: { MonotonicTime.now.milliseconds(since: asked) > 300 })
    #expect(cancelled == .cancelled && MonotonicTime.now.milliseconds(since: asked) < 5000)
    let began = MonotonicTime.now
    let silent = try CountedTransfer(command: script, target: folder.file("b"), limit: 10, patience: 400).run(
      progress: { _ in }, isCancelled: { false })
    #expect(silent == .silent && MonotonicTime.now.milliseconds(since: began) < 5000)
    // One that closes its output and goes on.
    let lingering = ["sh", "-c", "exec >&-; sleep 300"]
    let closed = MonotonicTime.now
    let left = try CountedTransfer(command: lingering, target: folder.file("c"), limit: 10, patience: 400).run(
      progress: { _ in }, isCancelled: { false })
    #expect(left == .silent && MonotonicTime.now.milliseconds(since: closed) < 5000)
    let failed = try CountedTransfer(command: ["sh", "-c", "exit 7"], target: folder.file("d"), limit: 10).run(
      progress: { _ in }, isCancelled: { false })
    #expect(failed == .ended(status: 7))
  }

  @Test func offlineIsAnErrorUnlessTheFileIsThere() throws {
    let folder = try TemporaryFolder()
    let offline = ModelDownload(folder: folder.path, offline: true)
    let error = #expect(throws: PerceptionError.self) { try offline.fetch(entry(["http://127.0.0.1:9/x"])) }
    #expect(error?.line.contains("--offline") == true)
    try Data(body).write(to: URL(filePath: folder.path + "/net.onnx"))
    #expect(try offline.fetch(entry(["http://127.0.0.1:9/x"])).hasSuffix("net.onnx"))
    let other = #expect(throws: PerceptionError.self) {
      try offline.fetch(entry(["http://127.0.0.1:9/x"], sha256: String(repeating: "0", count: 64)))
    }
    #expect(other?.line.contains("other contents") == true)
  }

  /// A server on the loopback address plays the proxy: it is asked for a host that exists nowhere.
  @Test(.enabled(if: curlIsThere, "curl is not installed")) func aProxyIsUsed() throws {
    let folder = try TemporaryFolder()
    let proxy = try LoopbackServer(body: body, [.whole])
    defer { proxy.stop() }
    // The variable is set for curl alone: other tests download at the same time.
    let script = try folder.writeScript(
      "curl-behind-proxy", "#!/bin/sh\nhttp_proxy=http://127.0.0.1:\(proxy.port) no_proxy= exec curl \"$@\"\n")
    let download = ModelDownload(folder: folder.path + "/models", curl: script)
    let path = try download.fetch(entry(["http://models.invalid/net.onnx"]))
    #expect(contents(path) == body)
    #expect(proxy.targets == ["http://models.invalid/net.onnx"])
  }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func progressOnlyGrows() throws {
    let folder = try TemporaryFolder()
    let server = try LoopbackServer(body: body, [.whole])
    defer { server.stop() }
    var seen: [ModelDownload.Progress] = []
    try ModelDownload(folder: folder.path).fetch(entry([server.url])) { seen.append($0) }
    let received = seen.map(\.received)
    #expect(received == received.sorted() && received.last == 100_000)
    #expect(seen.allSatisfy { $0.total == 100_000 && $0.url == server.url })
  }

  @Test func aMissingCurlIsToldApart() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: PerceptionError.self) {
      try ModelDownload(folder: folder.path, curl: "no-such-curl").fetch(entry(["http://127.0.0.1:9/x"]))
    }
    #expect(error?.line.contains("not installed") == true)
  }

  @Test func theShippedCatalogueIsSound() throws {
    let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent()
    let catalogue = try Catalogue(path: root.appending(path: "models/catalogue.toml").path)
    #expect(catalogue.entries.count >= 25)
    for entry in catalogue.entries where !entry.manifest.isEmpty {
      _ = try Manifest(text: entry.manifest, path: entry.name)
    }
    let error = #expect(throws: PerceptionError.self) { try catalogue.entry(named: "fastestdat") }
    #expect(error?.remedy.contains("fastestdet") == true)
  }

  @Test(arguments: [
    ("name = \"../up\"", "may hold"), ("name = \"a\"\ntask = \"detection\"\nbytes = -1", "between"),
    ("name = \"a\"", "'model.0.task' is missing"),
  ])
  func hostileEntriesAreRefused(lines: String, words: String) {
    let error = #expect(throws: ConfigurationError.self) { try Catalogue(text: "[[model]]\n" + lines, path: "c.toml") }
    #expect(error?.line.contains(words) == true, "\(error?.line ?? "")")
  }
}
