import Ground
import Glibc
import Synchronization

/// Letters of the fonts that the machine has, through libfreetype, which is loaded where it is needed and there. Any thread.
///
/// Only letters that the pixel font lacks are asked for: Chinese, Japanese and Korean above all.
final class SystemFont: Sendable {
  /// A letter as grey levels.
  struct Glyph: Sendable {
    var width: Int
    var height: Int
    /// From the pen to the first column, and from the base line up to the first row.
    var left: Int
    var top: Int
    var advance: Int
    /// Row by row, 0...255.
    var coverage: [UInt8]
  }

  static let shared = SystemFont()

  private struct Key: Hashable {
    var scalar: UInt32
    var height: Int
  }

  private struct State {
    var library: FreeType?
    var isLooked = false
    /// nil: no font has it.
    var glyphs: [Key: Glyph?] = [:]
  }

  /// Letters that are kept: those of a scene's labels are few.
  private static let capacity = 4096
  /// Pixels of a letter's height, at most.
  private static let tallest = 512

  private let state = Mutex(State())

  /// The letter at a height of the line in pixels; nil where no font here has it, or libfreetype is missing.
  func glyph(of scalar: Unicode.Scalar, height: Int) -> Glyph? {
    let key = Key(scalar: scalar.value, height: min(height, Self.tallest))
    return state.withLock { state in
      if let known = state.glyphs[key] { return known }
      if !state.isLooked {
        state.isLooked = true
        state.library = FreeType()
      }
      if state.glyphs.count >= Self.capacity { state.glyphs.removeAll() }
      let glyph = state.library?.glyph(of: key.scalar, height: key.height)
      state.glyphs[key] = .some(glyph)
      return glyph
    }
  }
}

/// libfreetype, and the font files of the machine that have been opened. One thread at a time.
private final class FreeType: @unchecked Sendable {
  private typealias Handle = UnsafeMutableRawPointer
  private typealias Initialise = @convention(c) (UnsafeMutablePointer<Handle?>) -> Int32
  private typealias NewFace = @convention(c) (Handle, UnsafePointer<CChar>, Int, UnsafeMutablePointer<Handle?>) -> Int32
  private typealias SetSize = @convention(c) (Handle, UInt32, UInt32) -> Int32
  private typealias CharacterIndex = @convention(c) (Handle, UInt) -> UInt32
  private typealias LoadCharacter = @convention(c) (Handle, UInt, Int32) -> Int32

  /// Where the fields of `FT_FaceRec`, `FT_GlyphSlotRec` and its `FT_Bitmap` lie on machines of 64 bits: the library's interface
  /// has kept them since version 2.0 (freetype.h, ftimage.h).
  private enum Offset {
    static let faceGlyph = 152
    static let advanceX = 128
    static let rows = 152
    static let width = 156
    static let pitch = 160
    static let buffer = 168
    static let pixelMode = 178
    static let left = 192
    static let top = 196
  }

  /// FT_LOAD_RENDER, and FT_PIXEL_MODE_GRAY.
  private static let render: Int32 = 4
  private static let grey: UInt8 = 2
  /// Font files that are looked into, at most.
  private static let fileLimit = 400
  private static let folders = ["/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/ghostscript"]
  /// Parts of the names of fonts with many letters: these are looked into first.
  private static let preferred = [
    "cjk", "wqy", "droidsansfallback", "unifont", "notosans-", "dejavusans.", "freesans.",
  ]

  private let library: Handle
  private let newFace: NewFace
  private let setSize: SetSize
  private let index: CharacterIndex
  private let load: LoadCharacter
  private var files: [String]
  private var faces: [Handle] = []

  init?() {
    guard MemoryLayout<Int>.size == 8, let module = dlopen("libfreetype.so.6", RTLD_NOW | RTLD_LOCAL) else {
      return nil
    }
    func symbol<Function>(_ name: String, as _: Function.Type) -> Function? {
      dlsym(module, name).map { unsafeBitCast($0, to: Function.self) }
    }
    guard let initialise = symbol("FT_Init_FreeType", as: Initialise.self),
      let newFace = symbol("FT_New_Face", as: NewFace.self),
      let setSize = symbol("FT_Set_Pixel_Sizes", as: SetSize.self),
      let index = symbol("FT_Get_Char_Index", as: CharacterIndex.self),
      let load = symbol("FT_Load_Char", as: LoadCharacter.self)
    else { return nil }
    var library: Handle?
    guard initialise(&library) == 0, let library else { return nil }
    (self.library, self.newFace, self.setSize, self.index, self.load) = (library, newFace, setSize, index, load)
    var found: [String] = []
    for folder in Self.folders { Self.collect(folder, depth: 6, into: &found) }
    files = found.enumerated().sorted { (Self.rank($0.element), $0.offset) < (Self.rank($1.element), $1.offset) }
      .map(\.element).reversed()
  }

  func glyph(of scalar: UInt32, height: Int) -> SystemFont.Glyph? {
    for face in faces where index(face, UInt(scalar)) != 0 { return draw(scalar, with: face, height: height) }
    while let file = files.popLast() {
      var face: Handle?
      guard newFace(library, file, 0, &face) == 0, let face else { continue }
      faces.append(face)
      if index(face, UInt(scalar)) != 0 { return draw(scalar, with: face, height: height) }
    }
    return nil
  }

  /// - Parameter height: of the line; letters are a little smaller.
  private func draw(_ scalar: UInt32, with face: Handle, height: Int) -> SystemFont.Glyph? {
    guard setSize(face, 0, UInt32(max(1, height * 12 / 13))) == 0, load(face, UInt(scalar), Self.render) == 0,
      let slot = face.load(fromByteOffset: Offset.faceGlyph, as: Handle?.self),
      slot.load(fromByteOffset: Offset.pixelMode, as: UInt8.self) == Self.grey
    else { return nil }
    let rows = Int(slot.load(fromByteOffset: Offset.rows, as: UInt32.self))
    let width = Int(slot.load(fromByteOffset: Offset.width, as: UInt32.self))
    let pitch = Int(slot.load(fromByteOffset: Offset.pitch, as: Int32.self))
    var glyph = SystemFont.Glyph(
      width: width, height: rows, left: Int(slot.load(fromByteOffset: Offset.left, as: Int32.self)),
      top: Int(slot.load(fromByteOffset: Offset.top, as: Int32.self)),
      advance: (slot.load(fromByteOffset: Offset.advanceX, as: Int.self) + 63) / 64, coverage: [])
    guard let buffer = slot.load(fromByteOffset: Offset.buffer, as: UnsafePointer<UInt8>?.self), pitch >= width else {
      // A space has no pixels.
      (glyph.width, glyph.height) = (0, 0)
      return glyph
    }
    for row in 0..<rows { glyph.coverage += UnsafeBufferPointer(start: buffer + row * pitch, count: width) }
    return glyph
  }

  private static func rank(_ path: String) -> Int {
    let name = path.split(separator: "/").last?.lowercased() ?? ""
    return preferred.firstIndex { name.contains($0) } ?? preferred.count
  }

  private static func collect(_ folder: String, depth: Int, into files: inout [String]) {
    guard depth > 0, let stream = opendir(folder) else { return }
    defer { closedir(stream) }
    while files.count < fileLimit, let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard !name.hasPrefix(".") else { continue }
      let path = folder + "/" + name
      if [".ttf", ".otf", ".ttc"].contains(where: { name.lowercased().hasSuffix($0) }) {
        files.append(path)
      } else if entry.pointee.d_type == UInt8(DT_DIR) {
        collect(path, depth: depth - 1, into: &files)
      }
    }
  }
}
