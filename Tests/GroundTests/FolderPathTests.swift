import Glibc
import Ground
import Testing

@Suite struct FolderPathTests {
  /// dirname(3) is the reference, but for a path without a folder, for which it says ".".
  private static func reference(_ path: String) -> String {
    var bytes = path.utf8CString
    let folder = bytes.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { dirname($0) }.map { String(cString: $0) } ?? ""
    }
    let hasFolder = path.drop { $0 == "/" }.contains("/") || path.hasPrefix("/")
    return folder == "." && !hasFolder ? "" : folder
  }

  @Test(arguments: [
    "", ".", "..", "/", "a", "é", "a/", "/a", "./", "./a", "a/b", "a//b", "a/b/", "a/b//", "/a/b", "../a", "a/.",
    "./model.onnx",
    "/usr/lib/x", "é/ü", "...", "a./b",
  ])
  func folders(_ path: String) {
    let trailing = path.count > 1 && path.hasSuffix("/") && !path.dropLast().contains("/") && !path.hasPrefix("/")
    #expect(path.folderPath == (trailing ? "" : FolderPathTests.reference(path)), "'\(path)'")
  }

  /// No path ends the process, and the folder is the beginning of the path.
  @Test func anyPath() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let path = String(
        (0..<Int.random(in: 0...6, using: &random)).map { _ in "./aé".randomElement(using: &random) ?? "/" })
      let folder = path.folderPath
      #expect(path.hasPrefix(folder), "'\(path)' gives '\(folder)'")
    }
  }
}
