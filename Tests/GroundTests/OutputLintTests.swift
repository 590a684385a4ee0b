import Foundation
import Testing

/// Only `StandardStreams` writes to standard output and error, because it cleans what it writes: the sources are searched for the
/// next `print` that passes text from outside on as it is.
@Suite struct OutputLintTests {
  private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources")

  /// Where each way of writing may stand, by the ends of paths.
  private static let rules: [(pattern: String, allowed: [String])] = [
    (#"(?<![\w.])(Swift\.)?(print|debugPrint|dump)\("#, ["Ground/StandardStreams.swift"]),
    (
      #"(?<![\w.])(fputs|puts|putchar|vprintf|printf|fprintf|perror|NSLog)\("#, []
    ),
    (#"FileHandle\.standard(Output|Error)"#, []),
    (#"exit\(withError:"#, []),
    // As it stands: only for control sequences of the program's own, and for lines that have been cleaned.
    (
      #"StandardStreams\.writeError\("#,
      ["Support/ProgressLine.swift", "Commands/PullModel.swift", "ocellus/Ocellus.swift"]
    ),
  ]

  private func violations(in code: String, of path: String) throws -> [String] {
    try Self.rules.flatMap { rule -> [String] in
      guard !rule.allowed.contains(where: path.hasSuffix) else { return [] }
      let pattern = try NSRegularExpression(pattern: rule.pattern)
      return code.split(separator: "\n").map(String.init).filter { line in
        !line.drop(while: \.isWhitespace).hasPrefix("//")
          && pattern.firstMatch(in: line, range: NSRange(line.startIndex..., in: line)) != nil
      }.map { "\(path): \($0)" }
    }
  }

  @Test func onlyOnePlaceWritesToTheStandardStreams() throws {
    let files = try #require(FileManager.default.enumerator(atPath: Self.sources.path))
    var count = 0
    for case let path as String in files where path.hasSuffix(".swift") {
      let code = try String(contentsOf: Self.sources.appending(path: path), encoding: .utf8)
      count += 1
      #expect(try violations(in: code, of: path) == [], "write with StandardStreams.writeLine or writeErrorLine")
    }
    #expect(count > 100)
  }

  @Test(arguments: [
    "  print(name)", "Swift.print(name)", "  fputs(name, stderr)", "debugPrint(x)",
    "FileHandle.standardError.write(data)",
    "Ocellus.exit(withError: error)", "  StandardStreams.writeError(name)",
  ]) func theSearchFindsTheNextOne(line: String) throws {
    #expect(try violations(in: "import Ground\n" + line, of: "ocellus/Commands/NewCommand.swift").count == 1)
  }

  @Test(arguments: ["  let f = fingerprint(x)", "// print(x)", "StandardStreams.writeLine(x)", "canvas.print(x)"])
  func theSearchLeavesOthersAlone(line: String) throws {
    #expect(try violations(in: line, of: "ocellus/Commands/NewCommand.swift") == [])
  }
}
