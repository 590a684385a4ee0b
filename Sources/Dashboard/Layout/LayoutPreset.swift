/// A layout of the panes as data, which ``ScreenLayout`` fits to the terminal.
package struct LayoutPreset: Sendable {
  /// A pane's size in a column (rows) or in the strip (columns), including its frame.
  package struct Slot: Sendable {
    var pane: PaneID
    var least: Int
    /// Size at which the pane shows everything; 0: the least is enough.
    var good = 0
    var most: Int
    /// Share of the remaining room.
    var weight: Int
    /// Slots of lower priority are dropped first when there is no room.
    var priority: Int

    /// The same pane in a column, where sizes are rows.
    var stacked: Slot { Slot(pane: pane, least: 7, most: 10, weight: 1, priority: priority - 2) }

    /// The same pane with a priority above all others, by rank.
    func preferred(rank: Int) -> Slot {
      var slot = self
      slot.priority = 100 + rank
      return slot
    }
  }

  package let name: String
  package let showsPicture: Bool
  /// The column on the right, from the top.
  let column: [Slot]
  /// The strip below the picture, from the left.
  let strip: [Slot]
  /// The column's share of the width, in percent.
  let columnShare: Int

  /// A pane's slot in a column, for layouts that have none for it.
  static func spare(for pane: PaneID) -> Slot? {
    all[0].column.first { $0.pane == pane } ?? all[0].strip.first { $0.pane == pane }?.stacked
  }

  package static let all: [LayoutPreset] = [
    LayoutPreset(
      name: "balanced", showsPicture: true,
      column: [
        Slot(pane: .detections, least: 6, most: 60, weight: 4, priority: 9),
        Slot(pane: .classes, least: 6, most: 9, weight: 2, priority: 8),
        Slot(pane: .models, least: 5, most: 14, weight: 2, priority: 5),
        Slot(pane: .recording, least: 5, most: 6, weight: 1, priority: 4),
      ],
      strip: [
        Slot(pane: .latency, least: 34, good: 54, most: 78, weight: 4, priority: 9),
        Slot(pane: .rates, least: 24, good: 34, most: 70, weight: 2, priority: 8),
        Slot(pane: .events, least: 28, good: 46, most: 90, weight: 2, priority: 6),
      ],
      columnShare: 33),
    LayoutPreset(
      name: "picture", showsPicture: true,
      column: [Slot(pane: .detections, least: 5, most: 200, weight: 1, priority: 9)], strip: [], columnShare: 24),
    LayoutPreset(name: "picture only", showsPicture: true, column: [], strip: [], columnShare: 0),
    LayoutPreset(
      name: "numbers", showsPicture: false,
      column: [
        Slot(pane: .detections, least: 6, most: 200, weight: 3, priority: 9),
        Slot(pane: .classes, least: 6, most: 9, weight: 1, priority: 8),
        Slot(pane: .models, least: 5, most: 20, weight: 2, priority: 7),
      ],
      strip: [
        Slot(pane: .latency, least: 10, most: 14, weight: 2, priority: 9),
        Slot(pane: .rates, least: 8, most: 14, weight: 2, priority: 8),
        Slot(pane: .recording, least: 5, most: 6, weight: 1, priority: 5),
        Slot(pane: .events, least: 5, most: 60, weight: 2, priority: 6),
      ],
      columnShare: 45),
  ]
}
