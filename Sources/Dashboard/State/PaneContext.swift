package import Ground
package import Pipeline

/// Everything that a pane may read while it draws.
package struct PaneContext {
  package var snapshot: SessionSnapshot
  /// The result on the screen; an older one than the snapshot's while the picture is frozen.
  package var result: FrameResult?
  package var view: ViewState
  package var settings: DashboardSettings
  package var theme: Theme
  package var glyphs: Glyphs
  package var now: MonotonicTime
  package var own: OwnFigures
  package var rows: [DetectionRow]
  /// The confidence that is shown of each detection of the result, by its index; the detection's own where there is none.
  package var confidences: [Int: Double] = [:]
  package var classes: ClassBars
  package var history: RateHistory
  /// Mean brightness of the picture, 0...255.
  package var brightness: Int

  package init(snapshot: SessionSnapshot, settings: DashboardSettings, theme: Theme, glyphs: Glyphs) {
    self.snapshot = snapshot
    result = snapshot.latest
    view = ViewState()
    self.settings = settings
    self.theme = theme
    self.glyphs = glyphs
    now = .now
    own = OwnFigures()
    rows = []
    classes = ClassBars()
    history = RateHistory()
    brightness = 255
  }

  /// The background of all text.
  var ground: Color { theme[.mainBackground] }
}
