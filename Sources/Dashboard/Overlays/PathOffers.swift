import Configuration
import Glibc
import Ground

/// Paths that complete what is typed in the palette.
enum PathOffers {
  /// At most this many entries of a folder are read.
  private static let mostEntries = 5000
  private static let most = 60

  /// The nodes of cameras, by number. Opens none of them.
  static var cameras: [String] {
    entries(of: "/dev").compactMap { entry -> Int? in
      guard entry.name.hasPrefix("video") else { return nil }
      return Int(entry.name.dropFirst(5))
    }
    .sorted().map { "/dev/video\($0)" }
  }

  /// The entries of the folder that `typed` leads into, which begin with its last part. Folders end with a slash. Hidden ones
  /// only where a dot is typed.
  static func values(for typed: String, foldersOnly: Bool) -> [String] {
    guard !typed.isEmpty, !typed.contains("://") else { return [] }
    if typed == "~" { return ["~/"] }
    let slash = typed.lastIndex(of: "/")
    let folder = slash.map { String(typed[...$0]) } ?? ""
    let last = slash.map { typed[typed.index(after: $0)...] } ?? typed[...]
    let found = entries(of: folder.isEmpty ? "." : UserFolders.expanded(folder)).filter { entry in
      entry.name.hasPrefix(last) && (last.hasPrefix(".") || !entry.name.hasPrefix("."))
        && (entry.isFolder || !foldersOnly)
    }
    return found.sorted { $0.name < $1.name }.prefix(most).map { folder + $0.name + ($0.isFolder ? "/" : "") }
  }

  private static func entries(of folder: String) -> [(name: String, isFolder: Bool)] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var found: [(name: String, isFolder: Bool)] = []
    while found.count < mostEntries, let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard name != ".", name != ".." else { continue }
      var isFolder = Int32(entry.pointee.d_type) == Int32(DT_DIR)
      // A link leads to either.
      if Int32(entry.pointee.d_type) == Int32(DT_LNK) || Int32(entry.pointee.d_type) == Int32(DT_UNKNOWN) {
        var status = stat()
        isFolder = stat("\(folder)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      }
      found.append((name, isFolder))
    }
    return found
  }
}
