import Configuration
import Glibc
import Ground

/// What `metadata.yaml` says of the bag of ROS 2 in whose folder it lies: its files, in order.
///
/// Only the list `relative_file_paths` is read, of the YAML that rosbag2 writes. Source: rosbag2_storage, `BagMetadata`.
struct BagDescription {
  private static let fileName = "metadata.yaml"
  private static let byteLimit = 16 << 20
  private static let key = "relative_file_paths:"

  /// The files that are there.
  let files: [String]
  /// Files that are missing: a sentence each.
  let problems: [String]

  /// Whether a folder is that of a bag: other programs call their files so as well.
  static func exists(in folder: String) -> Bool {
    // One that cannot be read tells nothing.
    guard let text = try? SmallFile.text(folder + "/" + fileName, limit: byteLimit) else { return false }
    return text.contains("rosbag2_bagfile_information")
  }

  /// - Throws: ``RecordingError`` when the description cannot be read, or none of its files is there.
  init(folder: String) throws {
    let path = folder + "/" + BagDescription.fileName
    let text: String
    do { text = try SmallFile.text(path, limit: BagDescription.byteLimit) } catch {
      throw RecordingError(.corrupt, error.what, place: path, errno: error.errno)
    }
    let names = BagDescription.names(text)
    guard !names.isEmpty else {
      throw RecordingError(
        .notARecording, "it lists no files (relative_file_paths)", place: path,
        remedy: "'ros2 bag reindex' writes it again; or name one of the files in the folder")
    }
    var files: [String] = []
    var problems: [String] = []
    for name in names {
      // Older versions wrote the folder's own name before the file's. Nothing outside of the folder is a part.
      let candidates = [name, name.split(separator: "/").last.map(String.init) ?? name].filter { name in
        !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
      }
      if let found = candidates.first(where: { access(folder + "/" + $0, F_OK) == 0 }) {
        files.append(folder + "/" + found)
      } else {
        problems.append("the part \(name) is missing")
      }
    }
    guard !files.isEmpty else {
      throw RecordingError(.notARecording, problems.prefix(3).joined(separator: ", "), place: path)
    }
    if let packed = files.first(where: { $0.hasSuffix(".zstd") }) {
      throw RecordingError(
        .unsupported, "the file is compressed as a whole", place: packed,
        remedy: "unpack it: zstd -d \(packed), and name the file that comes out")
    }
    self.files = files
    self.problems = problems
  }

  /// The names in the list, in block style ("- name" a line) or in brackets.
  private static func names(_ text: String) -> [String] {
    var names: [String] = []
    var indent: Int?
    for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
      let content = line.drop { $0 == " " }
      let depth = line.count - content.count
      if let outer = indent {
        guard depth >= outer, content.hasPrefix("- ") || content == "-" else { break }
        names.append(unquoted(content.dropFirst(2)))
      } else if content.hasPrefix(key) {
        let rest = content.dropFirst(key.count).drop { $0 == " " }
        if rest.hasPrefix("["), let end = rest.lastIndex(of: "]") {
          return rest[rest.index(after: rest.startIndex)..<end].split(separator: ",").map { unquoted($0) }
        }
        indent = depth
      }
    }
    return names.filter { !$0.isEmpty }
  }

  private static func unquoted(_ text: Substring) -> String {
    var rest = text
    while rest.last?.isWhitespace == true { rest.removeLast() }
    rest = rest.drop { $0 == " " }
    for quote in ["\"", "'"] where rest.count >= 2 && rest.hasPrefix(quote) && rest.hasSuffix(quote) {
      return String(rest.dropFirst().dropLast())
    }
    return String(rest)
  }
}
