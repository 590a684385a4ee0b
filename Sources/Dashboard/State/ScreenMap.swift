/// The places of things on the screen as it was last drawn: keys and clicks refer to what the user sees.
package struct ScreenMap: Sendable {
  package var layout: ScreenLayout
  package var columns: Int
  package var rows: Int
  /// Rectangles with the actions of a click; later ones lie on top.
  package var buttons: [(rect: Rect, action: Action)] = []
  /// The lists in the panes.
  package var lists: [PaneID: ListView] = [:]
  /// The list of the command palette or the options, while one is open.
  package var overlayList: ListView?
  /// The bar of a replay; nil where there is none to click on.
  package var timeline: Rect?
  /// Where a message lies over the last line; nil without one.
  package var toast: Rect?
  /// The mapping from pixels to cells; nil when no picture is shown.
  package var picture: CellMapping?

  package init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    layout = ScreenLayout(columns: columns, rows: rows, preset: LayoutPreset.all[0], visible: [])
  }

  /// The action of a click at a place; nil beside the buttons.
  package func button(atColumn x: Int, row y: Int) -> Action? {
    buttons.last { $0.rect.contains(x, y) }?.action
  }
}
