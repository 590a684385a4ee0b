import Foundation
import Glibc
import TestSupport
import Testing

/// Downloads where there is no network at all, not even the machine's own: they end by themselves, and on a signal.
@Suite struct NoNetworkTests {
  /// Whether a process may have a network of its own, without any address.
  static let canUnshare: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["unshare", "-n", "true"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  @Test(.enabled(if: canUnshare, "a network of its own needs the right to unshare"), .timeLimit(.minutes(1)))
  func aPullWithoutLoopbackEnds() throws {
    let scratch = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["unshare", "-n", Program.path, "models", "pull", "mobilenetv2-12"]
    var environment = ProcessInfo.processInfo.environment
    for name in ["https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] { environment[name] = nil }
    environment["XDG_DATA_HOME"] = scratch.file("data")
    process.environment = environment
    for name in ["out", "err"] { _ = FileManager.default.createFile(atPath: scratch.file(name), contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: scratch.file("out"))
    process.standardError = FileHandle(forWritingAtPath: scratch.file("err"))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let outcome = try Program.end(process, scratch, timeout: 40)
    #expect(outcome.status == 1 && outcome.output.isEmpty, "\(outcome.errors)")
    #expect(outcome.errors.contains("cannot be resolved") && outcome.errors.split(separator: "\n").count == 1)
  }

  /// A `curl` that waits for ever and obeys nothing.
  @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsAPull(number: Int32) throws {
    let scratch = try TemporaryFolder()
    _ = try scratch.writeScript("curl", "#!/bin/sh\ntrap '' TERM INT HUP\nsleep 300\nsleep 300\n")
    let process = try Program.start(
      ["models", "pull", "mobilenetv2-12"], into: scratch,
      environment: [
        "XDG_DATA_HOME": scratch.file("data"), "PATH": scratch.path + ":/usr/bin:/bin",
      ])
    let part = scratch.file("data/ocellus/models/mobilenetv2-12.onnx.part")
    #expect(eventually(within: 20) { FileManager.default.fileExists(atPath: part) })
    kill(process.processIdentifier, number)
    let outcome = try Program.end(process, scratch, timeout: 5)
    #expect(outcome.status == 130, "\(outcome.errors)")
  }
}
