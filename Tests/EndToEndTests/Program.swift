import Foundation
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
    _ arguments: [String], folder: String = root, into scratch: Scratch, environment: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    for name in ["out", "err"] { _ = FileManager.default.createFile(atPath: scratch.path(name), contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: scratch.path("out"))
    process.standardError = FileHandle(forWritingAtPath: scratch.path("err"))
    try process.run()
    return process
  }

  /// Runs to the end, at most `timeout` seconds, without a terminal.
  static func run(
    _ arguments: [String], timeout: Double = 60, folder: String = root, environment: [String: String] = [:]
  ) throws -> Outcome {
    let scratch = try Scratch()
    let process = try start(arguments, folder: folder, into: scratch, environment: environment)
    return try end(process, scratch, of: arguments, timeout: timeout)
  }

  /// Looks every 20 ms whether `condition` holds; false when it does not within `seconds`.
  @discardableResult
  static func wait(seconds: Double = 30, until condition: () -> Bool) -> Bool {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while !condition() {
      guard Date() < deadline else { return false }
      usleep(20_000)
    }
    return true
  }

  /// Waits for a started one's end, at most `timeout` seconds.
  static func end(
    _ process: Process, _ scratch: Scratch, of arguments: [String] = [], timeout: Double = 60
  ) throws -> Outcome {
    let deadline = Date(timeIntervalSinceNow: timeout)
    while process.isRunning, Date() < deadline { usleep(5000) }
    if process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      Issue.record("ocellus \(arguments.joined(separator: " ")) did not end within \(timeout) s")
    }
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try String(contentsOfFile: scratch.path("out"), encoding: .utf8),
      errors: try String(contentsOfFile: scratch.path("err"), encoding: .utf8))
  }
}

/// A folder of a test's own, removed with it.
final class Scratch {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "ocellus-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { folder + "/" + name }

  func write(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    return path(name)
  }
}
