import Ground
package import Vision

/// What ffmpeg says of each picture on its way through the filter `showinfo`: lines of its log, in the pictures' order, each
/// written before the picture is. They hold what Y4M has no words for: a picture's own time, and its colours' matrix.
///
/// Filled and read by the thread that has the child process.
package final class PictureNotes {
  package struct Note: Equatable {
    /// Seconds from the file's start; nil where the picture has no time.
    package var seconds: Double?
    /// As the stream says, else as its size suggests.
    package var matrix: ColorMatrix

    package init(seconds: Double?, matrix: ColorMatrix) {
      self.seconds = seconds
      self.matrix = matrix
    }
  }

  /// The filter's name on ffmpeg's command line.
  static let filter = "showinfo=checksum=0"
  /// ffmpeg runs a few pictures ahead; more notes than this belong to nothing.
  private static let most = 4096

  private var notes: [Int: Note] = [:]
  /// Seconds of a unit of the pictures' times.
  private var unit: Double?
  /// Pictures before the filter was set up again (a stream whose size changes), and the number of the last one.
  private var before = 0
  private var newest = -1
  /// The first error that ffmpeg told of, which it goes on after: pictures are missing or spoilt. nil without one.
  package private(set) var damage: String?

  package init() {}

  /// Takes a line of ffmpeg's log (`-loglevel level+info`).
  ///
  /// - Returns: what a person should read of it, a warning or an error without its level; nil for everything else.
  package func take(_ line: String) -> String? {
    // The advice for a command line that nobody typed, in a line of its own.
    if line.contains("To ignore this, add a trailing '?'") { return nil }
    let words = line.split(separator: " ")
    // A component's name and place in memory may stand before the level.
    guard let level = words.prefix(4).first(where: { Self.levels.contains($0) }) else { return line }
    guard Self.troubles.contains(level) else {
      if line.contains("Parsed_showinfo") { note(words) }
      return nil
    }
    let told = line.replacing("\(level) ", with: "", maxReplacements: 1)
    if level != "[warning]", damage == nil { damage = told }
    return told
  }

  /// The note of picture `index`, counted from ffmpeg's start; it is forgotten then.
  package func take(_ index: Int) -> Note? {
    // Those of pictures that never came.
    if notes.count > 256 { notes = notes.filter { $0.key >= index } }
    return notes.removeValue(forKey: index)
  }

  /// Another ffmpeg begins.
  package func clear() {
    notes = [:]
    unit = nil
    before = 0
    newest = -1
    damage = nil
  }

  // MARK: Lines

  private static let troubles: Set<Substring> = ["[panic]", "[fatal]", "[error]", "[warning]"]
  private static let levels = troubles.union(["[info]", "[verbose]", "[debug]", "[trace]"])

  /// Reads a line of the filter: of its setting up, of a picture, or of the picture's colours.
  private func note(_ words: [Substring]) {
    if let base = value("time_base:", words), words.contains("config") {
      guard words.contains("in") else { return }
      before = newest + 1
      let parts = base.filter { $0 != "," }.split(separator: "/").compactMap { Double($0) }
      unit = parts.count == 2 && parts[1] > 0 ? parts[0] / parts[1] : nil
    } else if let number = value("n:", words).flatMap({ Int32($0) }), notes.count < Self.most {
      newest = before + Int(number)
      let format = value("fmt:", words) ?? ""
      let sides = (value("s:", words) ?? "").split(separator: "x").compactMap { Int($0) }
      let isRGB = ["rgb", "bgr", "gbr", "pal"].contains { format.contains($0) }
      let seconds = unit.flatMap { unit in value("pts:", words).flatMap { Double($0) }.map { $0 * unit } }
      // ffmpeg makes YUV of RGB with BT.601, whatever the size.
      let usual = sides.count == 2 && !isRGB ? ColorMatrix(ofSize: sides[0], sides[1]) : .bt601
      notes[newest] = Note(seconds: seconds, matrix: usual)
    } else if let matrix = value("color_space:", words).flatMap(Self.matrix) {
      notes[newest]?.matrix = matrix
    }
  }

  /// The value after a key, with or without spaces between.
  private func value(_ key: String, _ words: [Substring]) -> Substring? {
    guard let at = words.firstIndex(where: { $0.hasPrefix(key) }) else { return nil }
    let rest = words[at].dropFirst(key.count)
    return rest.isEmpty ? (at + 1 < words.count ? words[at + 1] : nil) : rest
  }

  /// ffmpeg's names of matrices (`av_color_space_name`); nil where the stream says nothing that is known.
  private static func matrix(_ name: Substring) -> ColorMatrix? {
    switch name {
    case "smpte170m", "bt470bg", "fcc": .bt601
    case "bt709": .bt709
    case "bt2020nc", "bt2020c", "bt2020_ncl", "bt2020_cl": .bt2020
    case "smpte240m": .smpte240
    default: nil
    }
  }
}
