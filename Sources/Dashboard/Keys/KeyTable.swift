import Ground

/// A row of the key table: an action, its name in the command palette, its keys, and its words for help and footer.
package struct KeyBinding: Sendable, Equatable {
  /// Headings of the help, in its order.
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
  package private(set) var keys: [Key]
  package let group: Group
  /// A word for the footer; nil keeps the action out of it.
  package let hint: String?

  package init(_ action: Action, _ name: String, _ title: String, _ keys: [Key], _ group: Group, hint: String? = nil) {
    self.action = action
    self.name = name
    self.title = title
    self.keys = keys
    self.group = group
    self.hint = hint
  }

  /// The same row with other keys.
  func with(keys: [Key]) -> KeyBinding {
    var row = self
    row.keys = keys
    return row
  }
}

/// The key table, as it is unless the configuration changes it (``KeyMap``).
package enum KeyTable {
  private static func key(_ scalar: Unicode.Scalar) -> Key { .character(scalar) }

  package static let all: [KeyBinding] = session + models + picture + panes + moving + replay

  private static let session: [KeyBinding] = [
    KeyBinding(.program(.quit), "quit", "Quit", [key("q"), .control("c")], .session, hint: "quit"),
    KeyBinding(.overlay(.help), "help", "Help", [key("?"), .function(1)], .session, hint: "help"),
    KeyBinding(.overlay(.commands), "commands", "Find a command by name", [key(":")], .session, hint: "commands"),
    KeyBinding(.overlay(.options), "options", "Options", [key("O"), .function(2)], .session),
    KeyBinding(.session(.pause), "pause", "Pause the picture", [key(" ")], .session, hint: "pause"),
    KeyBinding(.session(.record), "record", "Start or stop recording", [key("r")], .session, hint: "record"),
    KeyBinding(.session(.photo), "photo", "Save a photo with boxes", [key("s")], .session),
    KeyBinding(.session(.sample), "sample", "Save a sample for training", [key("S")], .session),
    KeyBinding(.program(.suspend), "suspend", "Suspend to the shell", [.control("z")], .session),
    KeyBinding(.program(.repaint), "repaint", "Redraw the screen", [.control("l")], .session),
  ]

  private static let models: [KeyBinding] = [
    KeyBinding(.model(.nextDetector), "next-detector", "Next detector", [key("m")], .models, hint: "model"),
    KeyBinding(.model(.previousDetector), "previous-detector", "Previous detector", [key("M")], .models),
    KeyBinding(.model(.nextClassifier), "next-classifier", "Next classifier", [key("c")], .models),
    KeyBinding(.model(.previousClassifier), "previous-classifier", "Previous classifier", [key("C")], .models),
    KeyBinding(.model(.compareNext), "compare-next", "A/B: compare next detector", [key("a")], .models),
    KeyBinding(.model(.endComparison), "end-comparison", "A/B: end the comparison", [key("A")], .models),
    KeyBinding(.overlay(.catalogue), "catalogue", "Catalogue: download a network", [key("N")], .models),
    KeyBinding(.prompt(.nameDetection), "remember", "Remember a detection by name", [key("e")], .models),
    KeyBinding(.prompt(.classifyByLabels), "classify-by", "Classify by labels you type", [key("/")], .models),
    KeyBinding(
      .session(.raiseThreshold), "raise-threshold", "Raise confidence threshold", [key("+"), key("=")], .models,
      hint: "conf"),
    KeyBinding(.session(.lowerThreshold), "lower-threshold", "Lower confidence threshold", [key("-")], .models),
  ]

  private static let picture: [KeyBinding] = [
    KeyBinding(.picture(.nextStyle), "next-style", "Next picture style", [key("v")], .picture, hint: "style"),
    KeyBinding(.picture(.toggleBoxes), "boxes", "Show or hide boxes", [key("b")], .picture, hint: "boxes"),
    KeyBinding(.picture(.toggleLabels), "box-labels", "Show or hide box labels", [key("B")], .picture),
    KeyBinding(.picture(.nextMap), "next-map", "Next map: all, each, none", [key("n")], .picture),
    KeyBinding(.picture(.zoomIn), "zoom-in", "Zoom in", [key("z")], .picture),
    KeyBinding(.picture(.zoomOut), "zoom-out", "Zoom out", [key("Z")], .picture),
    KeyBinding(.overlay(.controls), "controls", "Camera controls: exposure, gain", [key("X")], .picture),
    KeyBinding(.picture(.resetView), "reset-view", "Show the whole picture", [key("0")], .picture),
  ]

  private static let panes: [KeyBinding] =
    [
      KeyBinding(.appearance(.nextTheme), "next-theme", "Next theme", [key("t")], .panes, hint: "theme"),
      KeyBinding(.appearance(.reload), "reload", "Reload themes and options", [.control("r")], .panes),
      KeyBinding(.appearance(.save), "save-options", "Keep theme, style and options", [key("W")], .panes),
      KeyBinding(.panes(.nextLayout), "next-layout", "Next layout", [key("p")], .panes, hint: "layout"),
    ]
    + PaneID.allCases.map { pane in
      KeyBinding(
        .panes(.toggle(pane)), "pane-\(pane.title)", "Show or hide \(pane.title)",
        Unicode.Scalar(UInt32(48 + pane.rawValue)).map { [Key.character($0)] } ?? [], .panes)
    }
    + [KeyBinding(.panes(.nextOrder), "sort", "Next order of detections", [key("o")], .panes)]

  private static let moving: [KeyBinding] = [
    KeyBinding(.panes(.focusNext), "next-pane", "Next pane", [.tab], .moving),
    KeyBinding(.panes(.focusPrevious), "previous-pane", "Previous pane", [.backTab], .moving),
    KeyBinding(.move(.up), "up", "Up", [.up, key("k")], .moving),
    KeyBinding(.move(.down), "down", "Down", [.down, key("j")], .moving),
    KeyBinding(.move(.left), "left", "Left", [.left, key("h")], .moving),
    KeyBinding(.move(.right), "right", "Right", [.right, key("l")], .moving),
    KeyBinding(.move(.pageUp), "page-up", "Page up", [.pageUp, .control("b")], .moving),
    KeyBinding(.move(.pageDown), "page-down", "Page down", [.pageDown, .control("f")], .moving),
    KeyBinding(.move(.first), "first", "First line", [.home, key("g")], .moving),
    KeyBinding(.move(.last), "last", "Last line", [.end, key("G")], .moving),
    KeyBinding(.choose, "choose", "Choose the selected line", [.enter], .moving),
    KeyBinding(.cancel, "cancel", "Close or clear the selection", [.escape], .moving),
  ]

  private static let replay: [KeyBinding] = [
    KeyBinding(.replay(.seekBack), "seek-back", "Back ten seconds", [key("[")], .replay),
    KeyBinding(.replay(.seekForward), "seek-forward", "Forward ten seconds", [key("]")], .replay),
    KeyBinding(.replay(.stepBack), "step-back", "Back one frame", [key(",")], .replay),
    KeyBinding(.replay(.stepForward), "step-forward", "Forward one frame", [key(".")], .replay),
    KeyBinding(.replay(.secondBack), "second-back", "Back one second", [key("(")], .replay),
    KeyBinding(.replay(.secondForward), "second-forward", "Forward one second", [key(")")], .replay),
    KeyBinding(.replay(.minuteBack), "minute-back", "Back one minute (up)", [key("U")], .replay),
    KeyBinding(.replay(.minuteForward), "minute-forward", "Forward one minute (down)", [key("D")], .replay),
    KeyBinding(.replay(.nextTopic), "next-topic", "Next camera of the recording", [key("T")], .replay),
    KeyBinding(.overlay(.moments), "events", "List of events and marks", [key("E")], .replay),
    KeyBinding(.replay(.mark), "mark", "Set or remove a mark", [key("K")], .replay),
    KeyBinding(.replay(.previousEvent), "previous-event", "Previous event", [key("{")], .replay),
    KeyBinding(.replay(.nextEvent), "next-event", "Next event", [key("}")], .replay),
    KeyBinding(.replay(.slower), "slower", "Half speed", [key("<")], .replay),
    KeyBinding(.replay(.faster), "faster", "Double speed", [key(">")], .replay),
  ]

  private static let byKey = index(all)

  /// Actions by their keys. Two rows with the same key or the same name are a mistake in the table and stop the program.
  package static func index(_ bindings: [KeyBinding]) -> [Key: Action] {
    var names = Set<String>()
    var actions: [Key: Action] = [:]
    for binding in bindings {
      precondition(names.insert(binding.name).inserted, "the key table has the name '\(binding.name)' twice")
      for key in binding.keys {
        let earlier = actions.updateValue(binding.action, forKey: key)
        precondition(earlier == nil, "the key table has the key '\(key.name)' twice")
      }
    }
    return actions
  }

  package static func action(for key: Key) -> Action? { byKey[key] }
}
