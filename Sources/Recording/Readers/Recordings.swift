import Glibc
import Ground

/// Recordings as people have them: one file, the parts of a split one, or the folder of a bag.
public enum Recordings {
  private static let endings = [".mcap", ".mcap" + MCAPWriter.workingSuffix, ".db3"]
  /// Files of one recording, at most: each stays open.
  private static let maximumParts = 900

  /// Whether a file of that name is a recording.
  public static func isRecording(file name: String) -> Bool { endings.contains { name.hasSuffix($0) } }

  /// Whether a folder is that of a bag.
  public static func isBag(folder path: String) -> Bool { BagDescription.exists(in: path) }

  /// Whether files of recordings lie in a folder.
  public static func areRecordings(in folder: String) -> Bool { !files(in: folder).isEmpty }

  /// Opens a recording: a file, with the parts that follow where it is the first of a split one, or a folder.
  ///
  /// - Parameter withParts: false opens a file alone.
  /// - Throws: ``RecordingError`` when there is none, or more than one.
  public static func open(_ path: String, withParts: Bool = true) throws -> any RecordingReader {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      let parts = withParts ? followers(of: path) : []
      return parts.isEmpty ? try file(path) : try join([path] + parts, name: path)
    }
    return try folder(path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path)
  }

  private static func file(_ path: String) throws -> any RecordingReader {
    path.hasSuffix(".db3") ? try DatabaseBag(path: path) : try MCAPReader(path: path)
  }

  // MARK: Folders

  private static func folder(_ path: String) throws -> any RecordingReader {
    if BagDescription.exists(in: path) {
      let description = try BagDescription(folder: path)
      return try join(description.files, name: path, problems: description.problems)
    }
    let names = files(in: path)
    let recordings = Dictionary(grouping: names, by: stem)
    guard let (_, parts) = recordings.first else {
      throw RecordingError(
        .notARecording, "the folder holds no recording", place: path, remedy: "recordings are .mcap and .db3 files")
    }
    guard recordings.count == 1 else {
      let shown = recordings.values.compactMap { $0.sorted(by: isBefore).first }.sorted().prefix(5)
      let more = recordings.count > 5 ? ", …" : ""
      throw RecordingError(
        .badArgument, "the folder holds \(recordings.count) recordings", place: path,
        remedy: "name one of them: \(shown.joined(separator: ", "))\(more)")
    }
    return try join(parts.sorted(by: isBefore).map { path + "/" + $0 }, name: path)
  }

  private static func files(in folder: String) -> [String] {
    SystemFileLayer().files(in: folder).map(\.name).filter { isRecording(file: $0) && !$0.hasPrefix(".") }
  }

  private static func join(_ paths: [String], name: String, problems: [String] = []) throws -> any RecordingReader {
    guard paths.count <= maximumParts else {
      throw RecordingError(
        .tooLarge, "the recording has \(paths.count) parts, more than \(maximumParts)", place: name,
        remedy: "name one of its parts")
    }
    var problems = problems
    var parts: [any RecordingReader] = []
    var trouble: (any Error)?
    for path in paths {
      // A part that cannot be read does not cost the others.
      do { parts.append(try file(path)) } catch {
        trouble = trouble ?? error
        problems.append("a part is left out: \(error)")
      }
    }
    if parts.isEmpty, let trouble { throw trouble }
    return parts.count == 1 && problems.isEmpty && paths.count == 1
      ? parts[0] : try JoinedRecording(parts, name: name, problems: problems)
  }

  // MARK: Parts

  /// The parts of a split recording of this program after its first one: "NAME.mcap", "NAME_001.mcap", ….
  private static func followers(of path: String) -> [String] {
    let name = fileName(of: path)
    guard let ending = endings.dropLast().first(where: { name.hasSuffix($0) }) else { return [] }
    let first = String(name.dropLast(ending.count))
    guard number(first) == nil, first.hasPrefix(RecordingFolder.prefix) else { return [] }
    let place = Recordings.folder(of: path)
    return files(in: place.isEmpty ? "." : place).filter { stem($0) == first && number(plain($0)) != nil }
      .sorted(by: isBefore).map { place + $0 }
  }

  /// The folder part of a path with its slash; empty where it has none.
  private static func folder(of path: String) -> String { String(path.dropLast(fileName(of: path).count)) }

  /// A name without its ending.
  private static func plain(_ name: String) -> String {
    endings.sorted { $0.count > $1.count }.first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) } ?? name
  }

  /// The number of a part: what follows the last underscore, if it is one.
  private static func number(_ plain: String) -> Int? {
    guard let mark = plain.lastIndex(of: "_") else { return nil }
    let digits = plain[plain.index(after: mark)...]
    return digits.isEmpty || !digits.allSatisfy { ("0"..."9").contains($0) } ? nil : Int(digits)
  }

  /// What the parts of a recording have in common.
  private static func stem(_ name: String) -> String {
    let plain = plain(name)
    return number(plain) == nil ? plain : String(plain[..<(plain.lastIndex(of: "_") ?? plain.endIndex)])
  }

  /// The first part has no number, or the least.
  private static func isBefore(_ a: String, _ b: String) -> Bool {
    (number(plain(a)) ?? -1, a) < (number(plain(b)) ?? -1, b)
  }
}
