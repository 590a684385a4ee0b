/// Figures about the dashboard itself: what it sends to the terminal, and how it draws.
package struct OwnFigures: Sendable {
  /// Pictures shown per second, over the last two seconds.
  package var shownRate = 0.0
  package var bytesPerSecond = 0.0
  package var bytesPerFrame = 0.0
  /// nil: automatic.
  package var budget: Double?
  package var governorLevel = 0
  package var isCongested = false
  /// Round trip to the terminal, in milliseconds.
  package var roundTrip: Double?
  package var isSynchronised = false
  package var depth = ColorDepth.indexed
  package var glyphs = GlyphSet.full
  package var style = PictureStyle.blocks

  package init() {}
}
