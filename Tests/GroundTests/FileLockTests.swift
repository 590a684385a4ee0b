import Foundation
import Ground
import Synchronization
import TestSupport
import Testing

@Suite struct FileLockTests {
  private func hold<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
    try FileLock.hold(beside: path, refusal: { $0 as any Error }, body)
  }

  @Test func oneAtATimeAndNothingIsLeft() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("n", "0")
    let failures = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<50 {
        do {
          try hold(path) {
            let number = Int(try String(contentsOfFile: path, encoding: .utf8)) ?? -1000
            try String(number + 1).write(toFile: path, atomically: true, encoding: .utf8)
          }
        } catch { failures.withLock { $0 += 1 } }
      }
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "400" && failures.withLock { $0 } == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["n"])
  }

  @Test func linksToOneFileShareItsLock() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a", "")
    try FileManager.default.createSymbolicLink(atPath: folder.file("b"), withDestinationPath: path)
    try hold(folder.file("b")) {
      #expect(FileManager.default.fileExists(atPath: path + ".lock"))
      #expect(!FileManager.default.fileExists(atPath: folder.file("b.lock")))
    }
  }

  @Test func refusalsAreTheSystems() throws {
    let folder = try TemporaryFolder()
    #expect(throws: SystemError(ENOENT)) { try hold(folder.file("none/a")) {} }
    // A link in the place of the lock is not followed.
    try FileManager.default.createSymbolicLink(atPath: folder.file("a.lock"), withDestinationPath: folder.file("x"))
    #expect(throws: SystemError(ELOOP)) { try hold(folder.file("a")) {} }
    #expect(!FileManager.default.fileExists(atPath: folder.file("x")))
  }
}
