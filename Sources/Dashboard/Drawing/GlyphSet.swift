/// The characters that the terminal can show.
package enum GlyphSet: String, Sendable, CaseIterable {
  case ascii
  /// The font of the Linux console: lines, full and half blocks.
  case blocks
  /// Eighth blocks and braille too.
  case full
}
