/// The places of header, panes and footer on a terminal of a given size.
package struct ScreenLayout: Sendable, Equatable {
  /// On a smaller terminal a message replaces the dashboard.
  package static let smallest = (columns: 40, rows: 12)
  /// On a smaller terminal only the picture and one pane are shown.
  package static let comfortable = (columns: 60, rows: 18)

  /// Least rows of a body that has panes below the picture.
  private static let stripHeight = 28
  /// Least width of a column, in percent.
  private static let leastShare = 24

  package private(set) var header = Rect(x: 0, y: 0, width: 0, height: 0)
  package private(set) var footer = Rect(x: 0, y: 0, width: 0, height: 0)
  /// Including their frames.
  package private(set) var panes: [PaneID: Rect] = [:]
  package private(set) var isTooSmall = false

  /// - Parameters:
  ///   - visible: the panes that are not hidden; those without room are left out.
  ///   - wanted: panes among them for which others make room, the latest last.
  package init(columns: Int, rows: Int, preset: LayoutPreset, visible: Set<PaneID>, wanted: [PaneID] = []) {
    guard columns >= Self.smallest.columns, rows >= Self.smallest.rows else {
      isTooSmall = true
      return
    }
    header = Rect(x: 0, y: 0, width: columns, height: 1)
    footer = Rect(x: 0, y: rows - 1, width: columns, height: 1)
    let body = Rect(x: 0, y: 1, width: columns, height: rows - 2)
    if columns < Self.comfortable.columns || rows < Self.comfortable.rows {
      reduced(body, visible, wanted)
    } else if visible.contains(.picture), preset.showsPicture || wanted.contains(.picture) {
      full(body, preset.showsPicture ? preset : LayoutPreset.all[0], visible, wanted)
    } else {
      numbers(body, preset, visible, wanted)
    }
  }

  /// The pane under a cell.
  package func pane(atColumn x: Int, row y: Int) -> PaneID? { panes.first { $0.value.contains(x, y) }?.key }

  /// The picture and one pane below it: the detections, or the last pane that the user asked for.
  private mutating func reduced(_ body: Rect, _ visible: Set<PaneID>, _ wanted: [PaneID]) {
    let called = wanted.last { visible.contains($0) && $0 != .picture }
    let second = called ?? (visible.contains(.detections) ? .detections : nil)
    guard visible.contains(.picture), wanted.last != .picture || second == nil else {
      panes[second ?? .picture] = body
      return
    }
    let rows = second == nil ? 0 : called != nil ? body.height / 2 : body.height >= 12 ? 5 : 0
    panes[.picture] = Rect(x: body.x, y: body.y, width: body.width, height: body.height - rows)
    if let second, rows > 0 {
      panes[second] = Rect(x: body.x, y: body.bottom - rows, width: body.width, height: rows)
    }
  }

  /// Raises the priority of wanted panes above all others.
  private static func raised(_ slots: [LayoutPreset.Slot], _ wanted: [PaneID]) -> [LayoutPreset.Slot] {
    slots.map { slot in wanted.firstIndex(of: slot.pane).map { slot.preferred(rank: $0) } ?? slot }
  }

  private mutating func full(_ body: Rect, _ preset: LayoutPreset, _ visible: Set<PaneID>, _ wanted: [PaneID]) {
    var column = preset.column.filter { visible.contains($0.pane) }
    var strip = preset.strip.filter { visible.contains($0.pane) }
    if body.height < Self.stripHeight, preset.columnShare > 0 {
      // On a low terminal the picture gets the height, and the panes of the strip join the column.
      column += strip.map(\.stacked)
      strip = []
    }
    // A wanted pane that has no room in the strip goes to the column.
    let placed = Set(Self.fit(strip, into: body.width, stretch: true).map(\.0) + column.map(\.pane))
    column += wanted.filter { visible.contains($0) && !placed.contains($0) }.compactMap(LayoutPreset.spare)
    strip.removeAll { !placed.contains($0.pane) }
    column = Self.raised(column, wanted)
    strip = Self.raised(strip, wanted)
    let share = max(preset.columnShare, Self.leastShare)
    let columnWidth = column.isEmpty ? 0 : min(64, max(28, body.width * share / 100))
    let left = Rect(x: body.x, y: body.y, width: body.width - columnWidth, height: body.height)
    let stripHeight = strip.isEmpty ? 0 : min(16, max(8, left.height * 28 / 100))
    panes[.picture] = Rect(x: left.x, y: left.y, width: left.width, height: left.height - stripHeight)
    if stripHeight > 0 {
      var x = left.x
      for (pane, width) in Self.fit(strip, into: left.width, stretch: true) {
        panes[pane] = Rect(x: x, y: left.bottom - stripHeight, width: width, height: stripHeight)
        x += width
      }
    }
    stack(column, in: Rect(x: left.right, y: body.y, width: columnWidth, height: body.height))
  }

  private mutating func numbers(_ body: Rect, _ preset: LayoutPreset, _ visible: Set<PaneID>, _ wanted: [PaneID]) {
    let preset = preset.showsPicture ? LayoutPreset.all.last ?? preset : preset
    let column = Self.raised(preset.column.filter { visible.contains($0.pane) }, wanted)
    let strip = Self.raised(preset.strip.filter { visible.contains($0.pane) }, wanted)
    let share = strip.isEmpty ? 100 : column.isEmpty ? 0 : preset.columnShare
    let columnWidth = body.width * share / 100
    stack(strip, in: Rect(x: body.x, y: body.y, width: body.width - columnWidth, height: body.height))
    stack(column, in: Rect(x: body.right - columnWidth, y: body.y, width: columnWidth, height: body.height))
  }

  private mutating func stack(_ slots: [LayoutPreset.Slot], in area: Rect) {
    guard !area.isEmpty else { return }
    var y = area.y
    for (pane, height) in Self.fit(slots, into: area.height, stretch: true) {
      panes[pane] = Rect(x: area.x, y: y, width: area.width, height: height)
      y += height
    }
  }

  /// Drops slots of the lowest priority until the rest have room, grows slots to their good size in the order of priority,
  /// then distributes the rest by weight, up to each slot's most.
  static func fit(_ slots: [LayoutPreset.Slot], into room: Int, stretch: Bool) -> [(PaneID, Int)] {
    var kept = slots
    while kept.map(\.least).reduce(0, +) > room, let least = kept.map(\.priority).min() {
      kept.removeAll { $0.priority == least }
    }
    guard !kept.isEmpty else { return [] }
    var sizes = kept.map(\.least)
    var left = room - sizes.reduce(0, +)
    for i in kept.indices.sorted(by: { kept[$0].priority > kept[$1].priority }) {
      let more = min(left, max(0, kept[i].good - sizes[i]))
      sizes[i] += more
      left -= more
    }
    while left > 0 {
      let open = kept.indices.filter { sizes[$0] < kept[$0].most }
      guard !open.isEmpty else { break }
      let weights = open.map { kept[$0].weight }.reduce(0, +)
      var given = 0
      for i in open {
        let share = min(kept[i].most - sizes[i], left - given, max(1, left * kept[i].weight / weights))
        sizes[i] += share
        given += share
      }
      left -= given
    }
    // No gaps: the slot with the largest weight takes the rest.
    if left > 0, stretch, let widest = kept.indices.max(by: { kept[$0].weight < kept[$1].weight }) {
      sizes[widest] += left
    }
    return zip(kept, sizes).map { ($0.pane, $1) }
  }
}
