/// Everything that can be done from the dashboard.
///
/// Actions form families, each handled by one exhaustive `switch` in `Input/`: an action that nothing handles does not
/// compile.
package enum Action: Hashable, Sendable {
  case program(ProgramAction)
  case overlay(OverlayAction)
  case session(SessionAction)
  case model(ModelAction)
  case prompt(PromptAction)
  case picture(PictureAction)
  case panes(PaneAction)
  case appearance(AppearanceAction)
  case move(Movement)
  /// Chooses the selected line of the focused pane.
  case choose
  /// Clears the selection and the messages.
  case cancel
  case replay(ReplayAction)
}

/// The program and its terminal.
package enum ProgramAction: Hashable, Sendable { case quit, suspend, repaint }

/// Opens something over the panes.
package enum OverlayAction: Hashable, Sendable {
  case help, commands, options
  /// The list of a recording's events and marks.
  case moments
  /// The networks that can be downloaded.
  case catalogue
  /// The controls of the source's camera.
  case controls
  /// The palette with the name of a command that wants a value.
  case argument(String)
}

/// Requests to the running session.
package enum SessionAction: Hashable, Sendable {
  case pause, record, photo, sample, raiseThreshold, lowerThreshold
  case showAtLeast(percent: Int)
  /// Objects of these labels; of all where there are none.
  case showOnly([String])
  /// A folder, or a file's name with its ending.
  case recordTo(path: String)
  case useSource(String)
}

/// Models by the names of ``ModelListing``.
package enum ModelAction: Hashable, Sendable {
  case nextDetector, previousDetector, nextClassifier, previousClassifier
  case useDetector(String), useClassifier(String), noClassifier
  case compare(String), compareNext, endComparison
}

/// Actions that ask for a line of text first.
package enum PromptAction: Hashable, Sendable { case nameDetection, classifyByLabels }

/// How the picture is drawn, and which part of it.
package enum PictureAction: Hashable, Sendable {
  case nextStyle, useStyle(PictureStyle), toggleBoxes, toggleLabels, nextMap, zoomIn, zoomOut, resetView
}

/// Which panes are shown, where, in which order, and which has the focus.
package enum PaneAction: Hashable, Sendable {
  case toggle(PaneID), nextLayout, useLayout(Int), nextOrder, focusNext, focusPrevious
}

/// Themes, and the configuration file.
package enum AppearanceAction: Hashable, Sendable { case nextTheme, useTheme(String), reload, save }

/// Moves the selection, or the picture when it has the focus.
package enum Movement: Hashable, Sendable { case up, down, left, right, pageUp, pageDown, first, last }

/// Moves within a recording or a video file.
package enum ReplayAction: Hashable, Sendable {
  case seekBack, seekForward, stepBack, stepForward, previousEvent, nextEvent, slower, faster
  case secondBack, secondForward, minuteBack, minuteForward, mark
  /// Another camera of the recording.
  case nextTopic, useTopic(String)
  case seek(to: Double), skip(seconds: Double), setSpeed(Double)
  /// An hour of the day, in seconds of UTC.
  case goTo(secondOfDay: Double)
}
