/// What the demo scene shows: the classes that its detector learns, in the order of the detector's labels.
package enum SceneClass: Int, CaseIterable, Sendable {
  case person
  case robot
  case forklift
  case pallet
  case box
  case cone
  case drum
  case sign

  package var label: String { String(describing: self) }

  /// The states that an object of this class can be in, most ordinary first.
  package var states: [SceneState] {
    switch self {
    case .person: [.standing, .walking, .waving]
    case .robot: [.unladen, .laden]
    case .forklift: [.lowered, .raised]
    case .pallet: [.empty, .stacked]
    case .box: [.closed, .open, .damaged]
    case .cone, .drum: [.upright, .fallen]
    case .sign: [.stop, .caution, .go]
    }
  }
}

/// The state or kind of an object: what the second-stage classifier learns.
package enum SceneState: String, Sendable {
  case standing, walking, waving
  case unladen, laden
  case lowered, raised
  case empty, stacked
  case closed, open, damaged
  case upright, fallen
  case stop, caution, go
}

/// What an object is doing: what the recurrent network learns, in the order of its labels.
package enum SceneMotion: String, CaseIterable, Sendable {
  case still
  case approaching
  case receding
  case crossingLeft = "crossing left"
  case crossingRight = "crossing right"
}

/// Exact knowledge about one visible object of one rendered frame.
package struct SceneObject: Sendable, Equatable {
  /// Stays with the object as long as it is in the scene; never used again.
  package var id: Int
  package var kind: SceneClass
  package var state: SceneState
  package var motion: SceneMotion
  /// Seconds since the present motion began.
  package var motionAge: Float
  /// Visible extent in pixels: left, top, width, height.
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int
  /// How much of the object's outline is in the frame and not hidden, 0...1.
  package var visibility: Float
}
