import Glibc
import Ground

/// The photos that a source's name stands for, in their order.
struct PhotoList {
  /// How photos of a folder belong together: `FOLDER:track=on`, `off` or `auto`.
  enum Tracking: String, CaseIterable {
    /// Numbered photos that look alike are frames of one film; all others are looked at each for itself.
    case auto
    /// All are frames of one film: objects are followed from one to the next.
    case on
    /// Each is looked at for itself.
    case off
  }

  /// The path without options.
  let name: String
  let paths: [String]
  /// A folder's photos; false: one photo.
  let isFolder: Bool
  let tracking: Tracking
  /// Whether the names are those of frames taken from a film: one number in the same place, counting in equal steps.
  let isNumbered: Bool

  private static let option = ":track="

  /// - Parameter text: a photo, a folder, or a folder with `:track=…` behind it.
  init(_ text: String, system: any SystemCalls) throws(CaptureError) {
    (name, tracking) = try Self.parse(text)
    let names = Self.isFolder(name) ? Self.photos(in: name, system) : nil
    isFolder = names != nil
    guard let names else {
      paths = [name]
      isNumbered = false
      return
    }
    let numbered = PhotoNumbers(names)
    isNumbered = numbered != nil
    paths = (numbered?.names ?? names).map { [name] in name.hasSuffix("/") ? name + $0 : "\(name)/\($0)" }
  }

  /// Whether the text is a folder's path with an option behind it.
  static func isFolderWithOption(_ text: String) -> Bool {
    guard let range = optionRange(in: text) else { return false }
    return isFolder(String(text[..<range.lowerBound]))
  }

  private static func parse(_ text: String) throws(CaptureError) -> (String, Tracking) {
    // A file of that very name comes first.
    guard access(text, F_OK) != 0, let range = optionRange(in: text) else { return (text, .auto) }
    let name = String(text[..<range.lowerBound])
    let word = String(text[range.upperBound...])
    guard let tracking = Tracking(rawValue: word) else {
      throw CaptureError(
        .unsupported, "track takes on, off or auto, not '\(word)'", place: name,
        remedy: "FOLDER:track=on follows objects from photo to photo")
    }
    return (name, tracking)
  }

  private static func optionRange(in text: String) -> Range<String.Index>? {
    guard let range = text.ranges(of: option).last, range.lowerBound > text.startIndex,
      !text[range.upperBound...].contains("/")
    else { return nil }
    return range
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func photos(in folder: String, _ system: any SystemCalls) -> [String] {
    system.names(in: folder)
      .filter { name in !name.hasPrefix(".") && PhotoFormat.endings.contains { name.lowercased().hasSuffix($0) } }
      .sorted()
  }
}

/// Names that differ in one number only, which counts in equal steps: `frame_0001.png`, `frame_0002.png`.
package struct PhotoNumbers {
  /// By their numbers: `2.png` before `10.png`.
  package let names: [String]

  /// nil where the names are others. A number may be missing here and there: frames that somebody sorted out.
  package init?(_ names: [String]) {
    guard names.count > 1 else { return nil }
    let parts = names.compactMap(Self.split)
    guard parts.count == names.count,
      parts.allSatisfy({ $0.before == parts[0].before && $0.after == parts[0].after })
    else { return nil }
    let order = parts.indices.sorted { parts[$0].number < parts[$1].number }
    var steps: [UInt64: Int] = [:]
    for (first, second) in zip(order, order.dropFirst()) {
      steps[parts[second].number - parts[first].number, default: 0] += 1
    }
    guard steps[0] == nil, let usual = steps.values.max(), 2 * usual > names.count - 1 else { return nil }
    self.names = order.map { names[$0] }
  }

  /// A name around the last number in it.
  private static func split(_ name: String) -> (before: Substring, number: UInt64, after: Substring)? {
    let isDigit = { (character: Character) in character.isASCII && character.isNumber }
    let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]
    guard let last = stem.lastIndex(where: isDigit) else { return nil }
    var first = last
    while first > stem.startIndex, isDigit(stem[stem.index(before: first)]) { first = stem.index(before: first) }
    let end = stem.index(after: last)
    guard let number = UInt64(stem[first..<end]) else { return nil }
    return (name[..<first], number, name[end...])
  }
}
