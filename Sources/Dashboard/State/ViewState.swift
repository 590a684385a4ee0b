package import Ground

/// A short message that goes by itself.
package struct Toast: Sendable {
  package enum Tone: Sendable { case info, warning, failure }
  package var text: String
  package var tone: Tone
  package var until: MonotonicTime
  /// What a key has just changed; the next such message takes its place.
  package var isReplaceable = false
}

/// A line of text that an action asks for.
package enum Prompt: Sendable, Equatable {
  /// The name to remember a detection by; the key of its row.
  case reference(row: Int)
  /// Labels to choose from, with commas between them.
  case labels
}

/// What lies over the panes.
package enum Modal: Sendable, Equatable {
  case prompt(Prompt, text: String)
  case help(scroll: Int)
  case palette(text: String, selected: Int)
  case options(selected: Int)
}

/// What the user has chosen to look at: everything on the screen that does not come from the session.
package struct ViewState: Sendable {
  package var preset = 0
  package var visible = Set(PaneID.allCases)
  /// Panes that were called for where the arrangement has no room or place for them, the latest last.
  package var wanted: [PaneID] = []
  /// The screen's size.
  package var columns = 80
  package var rows = 24
  package var focus = PaneID.detections
  /// The key of the selected row of the detections list.
  package var selectedDetection: Int?
  package var selectedModel = 0
  /// Lines that the events list is scrolled back.
  package var eventScroll = 0
  package var viewport = Viewport()
  package var modal: Modal?
  /// A key was pressed.
  package var isInUse = false
  package var toasts: [Toast] = []

  package init() {}

  /// Where the panes are.
  package var layout: Layout { layout(columns: columns, rows: rows) }

  /// Where the panes are on a screen of that size.
  func layout(columns: Int, rows: Int) -> Layout {
    Layout(columns: columns, rows: rows, preset: LayoutPreset.all[preset], visible: visible, wanted: wanted)
  }
}

/// What the dashboard knows of its own work.
package struct OwnFigures: Sendable {
  /// Pictures shown a second, over the last two seconds.
  package var shownRate = 0.0
  package var bytesPerSecond = 0.0
  package var bytesPerFrame = 0.0
  /// nil: automatic.
  package var budget: Double?
  package var governorLevel = 0
  package var isCongested = false
  /// The way to the terminal and back, in milliseconds.
  package var roundTrip: Double?
  package var isSynchronised = false
  package var depth = ColorDepth.indexed
  package var glyphs = GlyphSet.full
  package var style = PictureStyle.blocks

  package init() {}
}

/// Rates over the last minutes, two samples a second.
package struct RateHistory: Sendable {
  package private(set) var camera: [Double] = []
  package private(set) var processed: [Double] = []
  package private(set) var skipped: [Double] = []
  package private(set) var bytes: [Double] = []
  private static let capacity = 600

  package init() {}

  package mutating func add(camera: Double, processed: Double, skipped: Double, bytes: Double) {
    Self.append(camera, to: &self.camera)
    Self.append(processed, to: &self.processed)
    Self.append(skipped, to: &self.skipped)
    Self.append(bytes, to: &self.bytes)
  }

  private static func append(_ value: Double, to list: inout [Double]) {
    if list.count >= capacity { list.removeFirst(capacity / 4) }
    list.append(value.isFinite ? value : 0)
  }
}
