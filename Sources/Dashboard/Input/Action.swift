/// Everything that can be done from the dashboard.
package enum Action: Hashable, Sendable {
  case quit, help, palette, options, cancel, activate
  case nextDetector, previousDetector, nextClassifier, previousClassifier
  case useDetector(String), useClassifier(String), noClassifier
  case compare(String), compareNext, endComparison
  case pause, record, photo
  case remember, typeLabels
  case raiseThreshold, lowerThreshold
  case nextStyle, useStyle(PictureStyle), toggleBoxes, toggleLabels
  case zoomIn, zoomOut, resetView
  case nextTheme, useTheme(String), reloadThemes
  case togglePane(PaneID), nextPreset, usePreset(Int)
  case focusNext, focusPrevious
  case up, down, left, right, pageUp, pageDown, first, last
  case nextOrder
  case seekBack, seekForward, stepBack, stepForward, previousMark, nextMark, slower, faster
  case suspend, repaint
  case nothing
}

/// A line of the key table: an action with its name for the palette, its keys, and where help and footer show it.
package struct KeyBinding: Sendable {
  package enum Group: String, CaseIterable, Sendable {
    case session = "Session"
    case models = "Models"
    case picture = "Picture"
    case panes = "Panes"
    case moving = "Moving"
    case replay = "Replay"
  }

  package let action: Action
  /// As typed in the command palette.
  package let name: String
  package let title: String
  package let keys: [Key]
  package let group: Group
  /// A word for the footer; nil keeps it out.
  package let hint: String?

  init(_ action: Action, _ name: String, _ title: String, _ keys: [Key], _ group: Group, hint: String? = nil) {
    self.action = action
    self.name = name
    self.title = title
    self.keys = keys
    self.group = group
    self.hint = hint
  }
}

/// The key table. Key handling, help, footer and palette are all made from it.
package enum KeyTable {
  private static func key(_ scalar: Unicode.Scalar) -> Key { .character(scalar) }

  package static let all: [KeyBinding] =
    [
      KeyBinding(.quit, "quit", "Quit", [key("q"), .control("c")], .session, hint: "quit"),
      KeyBinding(.help, "help", "Help", [key("?"), .function(1)], .session, hint: "help"),
      KeyBinding(.palette, "commands", "Every command, by name", [key(":")], .session, hint: "commands"),
      KeyBinding(.options, "options", "Options", [key("O"), .function(2)], .session),
      KeyBinding(.pause, "pause", "Pause the picture", [key(" ")], .session, hint: "pause"),
      KeyBinding(.record, "record", "Recording on or off", [key("r")], .session, hint: "record"),
      KeyBinding(.photo, "snapshot", "Save a photo with boxes", [key("s")], .session),
      KeyBinding(.suspend, "suspend", "Back to the shell, until fg", [.control("z")], .session),
      KeyBinding(.repaint, "repaint", "Paint the screen anew", [.control("l")], .session),
      KeyBinding(.nextDetector, "next-detector", "Next detector", [key("m")], .models, hint: "model"),
      KeyBinding(.previousDetector, "previous-detector", "Previous detector", [key("M")], .models),
      KeyBinding(.nextClassifier, "next-classifier", "Next classifier", [key("c")], .models),
      KeyBinding(.previousClassifier, "previous-classifier", "Previous classifier", [key("C")], .models),
      KeyBinding(.compareNext, "compare-next", "A/B: compare with the next", [key("a")], .models),
      KeyBinding(.endComparison, "end-comparison", "A/B: end the comparison", [key("A")], .models),
      KeyBinding(.remember, "remember", "Name a detection to find again", [key("e")], .models),
      KeyBinding(.typeLabels, "labels-typed", "Classify by labels of your own", [key("/")], .models),
      KeyBinding(
        .raiseThreshold, "raise-threshold", "Raise the threshold", [key("+"), key("=")], .models,
        hint: "conf"),
      KeyBinding(.lowerThreshold, "lower-threshold", "Lower the threshold", [key("-")], .models),
      KeyBinding(.nextStyle, "next-style", "Picture style", [key("v")], .picture, hint: "style"),
      KeyBinding(.toggleBoxes, "boxes", "Boxes on or off", [key("b")], .picture, hint: "boxes"),
      KeyBinding(.toggleLabels, "labels", "Labels on or off", [key("B")], .picture),
      KeyBinding(.zoomIn, "zoom-in", "Zoom in", [key("z")], .picture),
      KeyBinding(.zoomOut, "zoom-out", "Zoom out", [key("Z")], .picture),
      KeyBinding(.resetView, "reset-view", "Whole picture", [key("0")], .picture),
      KeyBinding(.nextTheme, "next-theme", "Next theme", [key("t")], .panes, hint: "theme"),
      KeyBinding(.reloadThemes, "reload", "Read themes, options again", [.control("r")], .panes),
      KeyBinding(.nextPreset, "next-layout", "Next arrangement", [key("p")], .panes, hint: "layout"),
    ]
    + PaneID.allCases.map { pane in
      KeyBinding(
        .togglePane(pane), "pane-\(pane.title)", "Pane: \(pane.title)",
        Unicode.Scalar(UInt32(48 + pane.rawValue)).map { [Key.character($0)] } ?? [], .panes)
    }
    + [
      KeyBinding(.nextOrder, "sort", "Order of the detections", [key("o")], .panes),
      KeyBinding(.focusNext, "next-pane", "Next pane", [.tab], .moving),
      KeyBinding(.focusPrevious, "previous-pane", "Previous pane", [.backTab], .moving),
      KeyBinding(.up, "up", "Up", [.up, key("k")], .moving),
      KeyBinding(.down, "down", "Down", [.down, key("j")], .moving),
      KeyBinding(.left, "left", "Left", [.left, key("h")], .moving),
      KeyBinding(.right, "right", "Right", [.right, key("l")], .moving),
      KeyBinding(.pageUp, "page-up", "Page up", [.pageUp, .control("b")], .moving),
      KeyBinding(.pageDown, "page-down", "Page down", [.pageDown, .control("f")], .moving),
      KeyBinding(.first, "first", "First line", [.home, key("g")], .moving),
      KeyBinding(.last, "last", "Last line", [.end, key("G")], .moving),
      KeyBinding(.activate, "choose", "Choose the selected line", [.enter], .moving),
      KeyBinding(.cancel, "cancel", "Close, deselect", [.escape], .moving),
      KeyBinding(.seekBack, "seek-back", "Ten seconds back", [key("[")], .replay),
      KeyBinding(.seekForward, "seek-forward", "Ten seconds on", [key("]")], .replay),
      KeyBinding(.stepBack, "step-back", "One frame back", [key(",")], .replay),
      KeyBinding(.stepForward, "step-forward", "One frame on", [key(".")], .replay),
      KeyBinding(.previousMark, "previous-event", "To the event before", [key("{")], .replay),
      KeyBinding(.nextMark, "next-event", "To the next event", [key("}")], .replay),
      KeyBinding(.slower, "slower", "Half the speed", [key("<")], .replay),
      KeyBinding(.faster, "faster", "Twice the speed", [key(">")], .replay),
    ]

  private static let byKey: [Key: Action] = Dictionary(
    all.flatMap { binding in binding.keys.map { ($0, binding.action) } }, uniquingKeysWith: { first, _ in first })

  package static func action(for key: Key) -> Action? { byKey[key] }
}
