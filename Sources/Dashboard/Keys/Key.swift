/// One key press, or one press of a mouse button.
package enum Key: Hashable, Sendable {
  case character(Unicode.Scalar)
  case control(Unicode.Scalar)
  case up, down, left, right
  case pageUp, pageDown, home, end
  case enter, escape, tab, backTab, backspace, delete
  case function(Int)
  case mouse(MouseButton, x: Int, y: Int)
  /// The mouse moved with its left button held down.
  case drag(x: Int, y: Int)
  /// A mouse button was released.
  case released
  /// Text that was pasted, or dropped on the terminal.
  case paste(String)
  /// The terminal said whether it knows synchronised output.
  case synchronisedOutput(Bool)
  /// The terminal answered a status query.
  case status

  package enum MouseButton: Int, Hashable, Sendable { case left = 1, middle, right, wheelUp, wheelDown }

  /// As the help writes it.
  package var name: String {
    switch self {
    case .character(" "): "Space"
    case .character(let scalar): String(Character(scalar))
    case .control(let scalar): "Ctrl-" + String(Character(scalar)).uppercased()
    case .up: "Up"
    case .down: "Down"
    case .left: "Left"
    case .right: "Right"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .home: "Home"
    case .end: "End"
    case .enter: "Enter"
    case .escape: "Esc"
    case .tab: "Tab"
    case .backTab: "Shift-Tab"
    case .backspace: "Backspace"
    case .delete: "Del"
    case .function(let n): "F\(n)"
    case .mouse(let button, _, _): "mouse \(button)"
    case .drag, .released, .paste, .synchronisedOutput, .status: ""
    }
  }
}
