import Foundation
import TestSupport
import Testing

/// Runs the built executable, which lies beside the test bundle.
enum Program {
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  static let path: String = {
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    return folder.appendingPathComponent("ocellus").path
  }()

  /// The checkout: this file lies in Tests/EndToEndTests.
  static let root: String = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// Starts it without a terminal; it writes into the files "out" and "err" of `scratch`.
  static func start(
    _ arguments: [String], folder: String = root, into scratch: TemporaryFolder, environment: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    // The flags of the developer's own configuration have no effect on a test.
    let own = ["XDG_CONFIG_HOME": scratch.file("no-configuration")]
    process.environment = ProcessInfo.processInfo.environment.merging(own) { _, new in new }
      .merging(environment) { _, new in new }
    for name in ["out", "err"] { _ = FileManager.default.createFile(atPath: scratch.file(name), contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: scratch.file("out"))
    process.standardError = FileHandle(forWritingAtPath: scratch.file("err"))
    try process.run()
    return process
  }

  /// Runs to the end, at most `timeout` seconds, without a terminal.
  static func run(
    _ arguments: [String], timeout: Double = 60, folder: String = root, environment: [String: String] = [:]
  ) throws -> Outcome {
    let scratch = try TemporaryFolder()
    let process = try start(arguments, folder: folder, into: scratch, environment: environment)
    return try end(process, scratch, of: arguments, timeout: timeout)
  }

  /// Waits for a started one's end, at most `timeout` seconds.
  static func end(
    _ process: Process, _ scratch: TemporaryFolder, of arguments: [String] = [], timeout: Double = 60
  ) throws -> Outcome {
    if !eventually(within: timeout, { !process.isRunning }) {
      kill(process.processIdentifier, SIGKILL)
      Issue.record("ocellus \(arguments.joined(separator: " ")) did not end within \(timeout) s")
    }
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try String(contentsOfFile: scratch.file("out"), encoding: .utf8),
      errors: try String(contentsOfFile: scratch.file("err"), encoding: .utf8))
  }
}
