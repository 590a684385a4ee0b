extension String {
  /// The path of the folder that holds the file or folder of this path: `a/b` → `a`, `/a` → `/`, `a/b/` → `a`, `a` → the
  /// empty string, as dirname(3) but for that last one, to which a name can be joined like to the others.
  ///
  /// Foundation's `deletingLastPathComponent` ends the process on paths of one character, such as `.` (Swift 6.3), and
  /// `./model.onnx` leads there.
  public var folderPath: String {
    let path = utf8
    let trimmed = path.reversed().drop { $0 == UInt8(ascii: "/") }
    guard !trimmed.isEmpty else { return path.isEmpty ? "" : "/" }
    guard let slash = trimmed.firstIndex(of: UInt8(ascii: "/")) else { return "" }
    let folder = trimmed[slash...].drop { $0 == UInt8(ascii: "/") }
    return folder.isEmpty ? "/" : String(decoding: folder.reversed(), as: UTF8.self)
  }
}
