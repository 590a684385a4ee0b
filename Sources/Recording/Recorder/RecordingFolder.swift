import Glibc
import Ground

/// The folder where recordings go: names for new ones, and the ring that keeps their total in bounds.
struct RecordingFolder {
  let path: String
  private let layer: any FileLayer
  /// How names of recordings begin: only such files are ever removed.
  static let prefix = "ocellus-"

  init(_ path: String, layer: any FileLayer) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    self.layer = layer
  }

  func make() throws {
    do throws(SystemError) { try layer.makeDirectory(path) } catch {
      throw RecordingError(
        .fileFailed, "cannot make the folder: \(error.words)", place: path, remedy: "choose another with --record DIR",
        errno: error.code)
    }
  }

  /// A free name for a recording that begins now: "ocellus-20261121-093512", without ending.
  func newName() -> String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    func digits(_ value: Int32, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let day = digits(parts.tm_year + 1900, 4) + digits(parts.tm_mon + 1, 2) + digits(parts.tm_mday, 2)
    let moment = digits(parts.tm_hour, 2) + digits(parts.tm_min, 2) + digits(parts.tm_sec, 2)
    let name = RecordingFolder.prefix + day + "-" + moment
    let present = layer.files(in: path).map(\.name)
    var candidate = name
    var attempt = 1
    while isTaken(candidate, present) {
      attempt += 1
      candidate = "\(name)-\(attempt)"
    }
    return candidate
  }

  /// Whether a recording of that name, or a part of one, is there: a machine without a clock of its own counts from the
  /// same moment after every start, and of the recording from then its first parts may be gone.
  private func isTaken(_ name: String, _ files: [String]) -> Bool {
    files.contains { $0.hasPrefix(name + ".") || $0.hasPrefix(name + "_") }
  }

  /// The path of a recording's part: the first has the plain name, the next ones "_001", "_002", …
  func file(_ name: String, part: Int) -> String {
    let number = String(part)
    let suffix = part == 0 ? "" : "_" + String(repeating: "0", count: max(0, 3 - number.count)) + number
    return "\(path)/\(name)\(suffix).mcap"
  }

  var freeBytes: UInt64? { layer.freeBytes(at: path) }

  /// Files that a crash left: their names.
  func unfinished() -> [String] {
    layer.files(in: path).map(\.name)
      .filter { $0.hasSuffix(".mcap" + MCAPWriter.workingSuffix) && !layer.isLocked(path + "/" + $0) }.sorted()
  }

  /// Removes the oldest recordings until all together take at most `total` bytes.
  ///
  /// Only files named as this program names them go, and never one that is being written, nor `kept`.
  /// - Returns: the names of those removed.
  func prune(to total: UInt64, keeping kept: String) -> [String] {
    let recordings = layer.files(in: path).filter { isRecording($0.name) }
      .sorted { RecordingFolder.order($0.name) < RecordingFolder.order($1.name) }
    var sum = recordings.reduce(UInt64(0)) { $0 + $1.bytes }
    var removed: [String] = []
    for recording in recordings where sum > total && recording.name != kept {
      let file = path + "/" + recording.name
      if recording.name.hasSuffix(MCAPWriter.workingSuffix) && layer.isLocked(file) { continue }
      do throws(SystemError) {
        try layer.remove(file)
        removed.append(recording.name)
      } catch {
        // Another recorder of this folder was faster; what cannot be removed still counts.
        if error.code != ENOENT { continue }
      }
      sum -= recording.bytes
    }
    return removed
  }

  /// A name without its endings; nil when it is no recording's.
  private static func stem(_ name: String) -> Substring? {
    var stem = name[...]
    if stem.hasSuffix(MCAPWriter.workingSuffix) { stem = stem.dropLast(MCAPWriter.workingSuffix.count) }
    return stem.hasSuffix(".mcap") ? stem.dropLast(5) : nil
  }

  /// What recordings are sorted by: the moment in the name, then the number of the part, of which there may be thousands.
  private static func order(_ name: String) -> (String, Int) {
    let halves = (stem(name) ?? name[...]).split(separator: "_", maxSplits: 1)
    return (String(halves.first ?? ""), halves.count == 2 ? Int(halves[1]) ?? .max : 0)
  }

  private func isRecording(_ name: String) -> Bool {
    guard name.hasPrefix(RecordingFolder.prefix), let stem = RecordingFolder.stem(name) else { return false }
    let rest = stem.dropFirst(RecordingFolder.prefix.count)
    return rest.count >= 15 && rest.prefix(8).allSatisfy(\.isNumber) && rest.dropFirst(8).first == "-"
      && rest.dropFirst(9).prefix(6).allSatisfy(\.isNumber)
      && rest.allSatisfy { $0.isNumber || $0 == "-" || $0 == "_" }
  }
}
