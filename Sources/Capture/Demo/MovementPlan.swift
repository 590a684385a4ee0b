/// A mover's way through the scene: straight legs at steady speed, with an optional halt.
struct MovementPlan {
  struct Place {
    var x: Float
    var z: Float
    var yaw: Float
    var motion: SceneMotion
    var age: Float
    var travelled: Float
  }

  private struct Leg {
    var startX: Float
    var startZ: Float
    var endX: Float
    var endZ: Float
    var motion: SceneMotion

    var length: Float { ((endX - startX) * (endX - startX) + (endZ - startZ) * (endZ - startZ)).squareRoot() }
    /// Direction of travel in turns.
    var yaw: Float { turns(x: endX - startX, z: endZ - startZ) }
  }

  /// Where a way beside the frame begins and ends, in metres past the frame's edge.
  private static let outside: Float = 2.0
  /// Tangent of half the horizontal field of view, a little more than any camera of the scene has.
  private static let spread: Float = 0.57
  /// Seconds that a turn on the spot takes.
  private static let turnTime: Float = 0.45

  private var first: Leg
  private var second: Leg?
  /// Seconds of standing still between the legs, or in the middle of a single one.
  private var halt: Float
  private let duration: Float

  /// - Parameters:
  ///   - lane: the distance at which it crosses, in metres.
  ///   - duration: seconds from entering to having left.
  init(lane: Float, duration: Float, _ random: inout SeededRandom) {
    self.duration = duration
    let side: Float = random.chance(0.5) ? 1 : -1
    let edge = lane * Self.spread + Self.outside
    let drift = random.between(-0.5, 0.5)
    let gateX = random.between(-0.6, 0.6) * SceneScript.gateHalfWidth
    let middleX = random.between(-0.28, 0.28) * lane
    // Beside the camera: already out of the frame at its nearest.
    let nearX = side * random.between(1.5, 2.1)
    let nearZ: Float = 0.3
    halt = random.chance(0.55) ? random.between(1.6, 3.4) : 0
    let toLeft: SceneMotion = side > 0 ? .crossingLeft : .crossingRight
    let toRight: SceneMotion = side > 0 ? .crossingRight : .crossingLeft
    let hidden = SceneScript.hiddenDistance
    switch random.below(8) {
    case 0, 1:
      // Straight across, perhaps with a halt in the middle.
      first = Leg(startX: side * edge, startZ: lane, endX: middleX, endZ: lane + drift / 2, motion: toLeft)
      second = Leg(startX: middleX, startZ: lane + drift / 2, endX: -side * edge, endZ: lane + drift, motion: toLeft)
    case 2:
      // In and back out on the same side.
      first = Leg(startX: side * edge, startZ: lane, endX: middleX, endZ: lane + drift / 2, motion: toLeft)
      second = Leg(startX: middleX, startZ: lane + drift / 2, endX: side * edge, endZ: lane + drift, motion: toRight)
    case 3, 4:
      // From the gate to beside the camera.
      let (midX, midZ) = (gateX + (nearX - gateX) * 0.6, hidden + (nearZ - hidden) * 0.6)
      first = Leg(startX: gateX, startZ: hidden, endX: midX, endZ: midZ, motion: .approaching)
      second = Leg(startX: midX, startZ: midZ, endX: nearX, endZ: nearZ, motion: .approaching)
    case 5, 6:
      // From beside the camera to the gate.
      let (midX, midZ) = (nearX + (gateX - nearX) * 0.35, nearZ + (hidden - nearZ) * 0.35)
      first = Leg(startX: nearX, startZ: nearZ, endX: midX, endZ: midZ, motion: .receding)
      second = Leg(startX: midX, startZ: midZ, endX: gateX, endZ: hidden, motion: .receding)
    default:
      // From the gate to the lane, then out at a side.
      let turnX = gateX + (middleX - gateX) * 0.5
      first = Leg(startX: gateX, startZ: hidden, endX: turnX, endZ: lane, motion: .approaching)
      second = Leg(startX: turnX, startZ: lane, endX: side * edge, endZ: lane + drift, motion: toRight)
    }
  }

  /// Where it is `elapsed` seconds after its cycle began; nil once it has left.
  func place(at elapsed: Float) -> Place? {
    guard let second, elapsed < duration else { return nil }
    let (one, two) = (first.length, second.length)
    let speed = (one + two) / max(1, duration - halt)
    let arrival = one / speed
    if elapsed < arrival { return along(first, elapsed, speed, walked: 0, turningFrom: nil) }
    if elapsed < arrival + halt {
      return Place(
        x: first.endX, z: first.endZ, yaw: first.yaw, motion: .still, age: elapsed - arrival, travelled: one)
    }
    var place = along(second, elapsed - arrival - halt, speed, walked: one, turningFrom: first.yaw)
    // Without a halt, two legs of one motion are one.
    if halt == 0, second.motion == first.motion { place.age = elapsed }
    return place
  }

  private func along(
    _ leg: Leg, _ seconds: Float, _ speed: Float, walked: Float, turningFrom earlier: Float?
  ) -> Place {
    let way = min(leg.length, seconds * speed)
    let share = leg.length > 0 ? way / leg.length : 1
    var yaw = leg.yaw
    if let earlier, seconds < Self.turnTime {
      var difference = yaw - earlier
      difference -= (difference + 0.5).rounded(.down)
      yaw = earlier + difference * (seconds / Self.turnTime)
    }
    return Place(
      x: leg.startX + (leg.endX - leg.startX) * share, z: leg.startZ + (leg.endZ - leg.startZ) * share, yaw: yaw,
      motion: leg.motion, age: seconds, travelled: walked + way)
  }
}

/// The angle of a direction on the floor, in turns from straight ahead towards the right; exact to half a degree.
func turns(x: Float, z: Float) -> Float {
  let (ax, az) = (abs(x), abs(z))
  guard max(ax, az) > 1e-6 else { return 0 }
  // atan(r)/2π for r in 0...1 (Rajan et al. 2006), then by octant.
  let r = min(ax, az) / max(ax, az)
  var angle = r * (0.125 + 0.0433 * (1 - r))
  if ax > az { angle = 0.25 - angle }
  if z < 0 { angle = 0.5 - angle }
  return x < 0 ? -angle : angle
}
