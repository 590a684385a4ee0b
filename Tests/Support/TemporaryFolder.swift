public import Foundation

/// An empty folder for one test, removed with everything in it when the test is over.
public final class TemporaryFolder {
  public let path: String
  public var url: URL { URL(fileURLWithPath: path) }

  public init() throws {
    path = NSTemporaryDirectory() + "ocellus-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` in this folder, whether or not there is such a file.
  public func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and returns its path.
  @discardableResult
  public func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

  /// Writes a file and returns its path.
  @discardableResult
  public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// Writes a script that can be run at once, and returns its path. Another process writes it: a child that a test beside this one
  /// starts while the file is open here would hold it open, and the kernel does not run a file that is being written (ETXTBSY).
  public func writeScript(_ name: String, _ text: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\"", file(name), text]
    try process.run()
    process.waitUntilExit()
    return file(name)
  }
}
