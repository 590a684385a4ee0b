package import Capture
package import Ground

/// The purpose of a line of text that the user types.
package enum Prompt: Sendable, Equatable {
  /// The name to remember a detection by; the key of its row.
  case reference(row: Int)
  /// Labels to classify by, separated by commas.
  case labels
}

/// Something that lies over the panes and takes the keys.
package enum Modal: Sendable, Equatable {
  case prompt(Prompt, text: String)
  case help(scroll: Int)
  case palette(text: String, selected: Int)
  case options(selected: Int)
  /// The controls of the source's camera.
  case controls(selected: Int)
  /// The networks that can be downloaded; the selected one is asked about.
  case catalogue(selected: Int, asks: Bool)
  /// The events and marks of a recording.
  case moments(selected: Int)
}

/// A place in the picture, in its pixels.
package struct Probe: Sendable, Equatable {
  package var x: Float
  package var y: Float
}

/// The user's choices on the screen: layout, focus, selection, zoom, what is open.
package struct ViewState: Sendable {
  package var preset = 0
  package var visible = Set(PaneID.allCases)
  /// Panes that the user asked for where the layout has no room or slot for them, the latest last.
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
  /// The maps that are drawn over the picture.
  package var maps = MapChoice.all
  package var modal: Modal?
  /// Whether keys are letters of a text.
  package var takesText: Bool {
    switch modal {
    case .prompt, .palette: true
    case .help, .options, .moments, .controls, .catalogue, nil: false
    }
  }
  /// The labels of the objects that are shown; empty: all.
  package var only: [String] = []
  /// The user's own marks in a recording, for this session.
  package var marks: [PlaybackStatus.Mark] = []
  /// The number of the newest mark.
  package var lastMark = 0
  /// The mouse went down on the bar of a replay and has not been released.
  package var isScrubbing = false
  /// The pixel of a picture of measured values whose value is shown.
  package var probe: Probe?
  /// The networks of the catalogue, as they were when its box was opened.
  package var offers: [NetworkOffer] = []
  /// The download of a network that runs, and the last that came to an end.
  package var download: NetworkDownload?
  /// Whether there is a catalogue to open.
  package var hasCatalogue = false
  /// When the controls were asked for last while they are on the screen.
  package var controlsAsked: MonotonicTime?
  /// A key was pressed.
  package var isInUse = false
  package var toasts: [Toast] = []

  package init() {}

  /// Takes the preset of that name; the first one where there is none.
  mutating func usePreset(named name: String) { preset = LayoutPreset.all.firstIndex { $0.name == name } ?? 0 }

  /// Where the panes are.
  package var layout: ScreenLayout { layout(columns: columns, rows: rows) }

  /// Where the panes are on a screen of another size.
  func layout(columns: Int, rows: Int) -> ScreenLayout {
    ScreenLayout(columns: columns, rows: rows, preset: LayoutPreset.all[preset], visible: visible, wanted: wanted)
  }
}
