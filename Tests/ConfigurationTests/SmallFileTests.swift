import Configuration
import Foundation
import Ground
import Testing

@Suite struct SmallFileTests {
  private let folder = NSTemporaryDirectory() + "ocellus-small-\(UUID().uuidString)"

  private func inFolder(_ body: () throws -> Void) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body()
  }

  @Test func replacesAndReadsBack() throws {
    try inFolder {
      let path = folder + "/new/folder/a.toml"
      try SmallFile.update(path, limit: 1 << 16) { _ in "a = 1\n" }
      try SmallFile.update(path, limit: 1 << 16) { _ in "a = 2\n" }
      #expect(try SmallFile.text(path, limit: 6) == "a = 2\n")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/new/folder") == ["a.toml"])
    }
  }

  @Test func refusalsSayWhy() throws {
    try inFolder {
      let path = folder + "/a.toml"
      func kind(_ path: String, limit: Int = 100) -> ConfigurationErrorKind? {
        do throws(ConfigurationError) {
          _ = try SmallFile.text(path, limit: limit)
          return nil
        } catch {
          #expect(error.place == path)
          return error.kind
        }
      }
      #expect(kind(path) == .notFound && kind(path + "/b") == .notFound)
      try Data("12345".utf8).write(to: URL(fileURLWithPath: path))
      #expect(kind(path, limit: 5) == nil && kind(path, limit: 4) == .tooLarge)
      // A file of /proc says that it is empty, and is not.
      #expect(kind("/proc/self/status", limit: 1 << 16) == nil && kind("/proc/self/status", limit: 10) == .tooLarge)
      try Data([0xff, 0xfe]).write(to: URL(fileURLWithPath: path))
      #expect(kind(path) == .notText)
      #expect(kind(folder) == .unreadable && kind("/dev/zero") == .unreadable)
    }
  }

  @Test func aMissingConfigurationIsInOrderAndABrokenOneIsNot() throws {
    try inFolder {
      let missing = UserConfiguration(file: folder + "/none.toml")
      #expect(missing.document == nil && missing.problem == nil)
      let path = folder + "/config.toml"
      try SmallFile.update(path, limit: 1 << 16) { _ in "[dashboard]\ntheme = \"x\"\n" }
      #expect(UserConfiguration(file: path).document?.root["dashboard"] == .table(["theme": .string("x")]))
      try SmallFile.update(path, limit: 1 << 16) { _ in "[dashboard\n" }
      let broken = UserConfiguration(file: path)
      #expect(broken.document == nil && broken.problem?.place == path + ":1")
      try Data([0xff]).write(to: URL(fileURLWithPath: path))
      #expect(UserConfiguration(file: path).problem?.kind == .notText)
    }
  }
}
