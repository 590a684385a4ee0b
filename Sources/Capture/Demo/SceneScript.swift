import Ground

/// An object at one moment: where it stands, which way it faces, how it looks.
struct ActorPose {
  var id = 0
  var kind = SceneClass.person
  var state = SceneState.standing
  var motion = SceneMotion.still
  var motionAge: Float = 0
  /// On the floor.
  var x: Float = 0
  var z: Float = 0
  /// Direction it faces, in turns; 0 looks away from the camera, 0.25 to the right.
  var yaw: Float = 0
  /// Metres walked or rolled so far, for limbs and wheels.
  var travelled: Float = 0
  /// Seconds, for gestures and lamps.
  var time: Float = 0
  /// Fixed looks of this object: size, colours.
  var look = ActorLook()
  /// Whether a dolly carries it (things that cannot move by themselves).
  var carried = false
}

/// The looks that an object keeps for life.
struct ActorLook {
  var scale: Float = 1
  /// Choices among palettes, each 0..<16.
  var choiceA = 0
  var choiceB = 0
  var choiceC = 0
}

/// Who does what when: a pure function of the seed and the time.
///
/// Two kinds of actors. Props stand where they are and change their state now and then. Movers live in cycles: in each,
/// a new object enters beside the frame or through the gate, follows its plan, and leaves before the cycle ends.
struct SceneScript {
  /// The wall with the gate; beyond it objects fade into the dark.
  static let wallDistance: Float = 13
  static let gateHalfWidth: Float = 2.6
  static let gateHeight: Float = 3.4
  /// Where objects that use the gate begin and end, out of sight.
  static let hiddenDistance: Float = 17

  let seed: UInt64
  let propCount: Int
  let moverCount: Int
  private let props: [Prop]

  struct Prop {
    var kind: SceneClass
    var x: Float
    var z: Float
    var yaw: Float
    var look: ActorLook
    var period: Float
    var phase: Float
  }

  private static let propKinds: [SceneClass] = [.cone, .box, .sign, .drum, .pallet]
  private static let moverKinds: [SceneClass] = [
    .person, .robot, .person, .forklift, .person, .robot, .box, .drum, .pallet, .forklift,
  ]

  init(seed: UInt64, objects: Int) {
    self.seed = seed
    propCount = objects * 3 / 7
    moverCount = objects - propCount
    var random = SeededRandom(seed, 1)
    var placed: [Prop] = []
    let firstKind = random.below(Self.propKinds.count)
    for index in 0..<propCount {
      placed.append(Self.place(Self.propKinds[(firstKind + index) % Self.propKinds.count], among: placed, &random))
    }
    props = placed
  }

  /// A prop somewhere on the floor, as far from the others as twelve tries find.
  private static func place(_ kind: SceneClass, among others: [Prop], _ random: inout SeededRandom) -> Prop {
    var best = (x: Float(0), z: Float(0), clearance: Float(-1))
    for _ in 0..<12 {
      let z = random.between(3.0, 9.5)
      let x = random.between(-0.46, 0.46) * z
      var clearance = Float(100)
      for other in others {
        let (dx, dz) = (x - other.x, z - other.z)
        clearance = min(clearance, (dx * dx + dz * dz).squareRoot())
      }
      if clearance > best.clearance { best = (x, z, clearance) }
    }
    // Signs turn their faces to the camera, more or less; the rest lies about.
    let yaw = kind == .sign ? 0.5 + random.between(-0.09, 0.09) : random.unit()
    return Prop(
      kind: kind, x: best.x, z: best.z, yaw: yaw, look: look(&random), period: random.between(11, 19),
      phase: random.unit())
  }

  private static func look(_ random: inout SeededRandom) -> ActorLook {
    ActorLook(
      scale: random.between(0.92, 1.1), choiceA: random.below(16), choiceB: random.below(16),
      choiceC: random.below(16))
  }

  /// Everybody who is in the scene at `time` seconds.
  func poses(at time: Float, into poses: inout [ActorPose]) {
    poses.removeAll(keepingCapacity: true)
    for index in props.indices { poses.append(pose(ofProp: index, at: time)) }
    for index in 0..<moverCount {
      if let pose = pose(ofMover: index, at: time) { poses.append(pose) }
    }
  }

  private func pose(ofProp index: Int, at time: Float) -> ActorPose {
    let prop = props[index]
    let epochs = time / prop.period + prop.phase
    let epoch = epochs.rounded(.down)
    let first = SeededRandom(seed, 0x5A17, UInt64(index)).firstBelow(prop.kind.states.count)
    let states = prop.kind.states
    var pose = ActorPose()
    pose.id = index
    pose.kind = prop.kind
    pose.state = states[(first + Int(saturating: epoch)) % states.count]
    pose.motion = .still
    pose.motionAge = time + 10
    pose.x = prop.x
    pose.z = prop.z
    pose.yaw = prop.yaw
    pose.time = time
    pose.look = prop.look
    return pose
  }

  private func pose(ofMover index: Int, at time: Float) -> ActorPose? {
    var random = SeededRandom(seed, 0x30BE, UInt64(index))
    let length = random.between(12, 17)
    let phase = random.unit()
    let cycles = time / length + phase
    let cycle = cycles.rounded(.down)
    let elapsed = (cycles - cycle) * length
    random = SeededRandom(seed, 0xC1C1 &+ UInt64(index), UInt64(saturating: cycle))
    let kind = Self.moverKinds[
      (random.below(Self.moverKinds.count) + index * 3) % Self.moverKinds.count]
    let lane = 2.9 + (Float(index) + random.between(0.15, 0.85)) * (7.6 / Float(max(1, moverCount)))
    let plan = MovementPlan(lane: lane, duration: length * random.between(0.88, 0.98), &random)
    guard let place = plan.place(at: elapsed) else { return nil }
    var pose = ActorPose()
    pose.id = 100 + index + Int(saturating: cycle) * 100
    pose.kind = kind
    pose.look = Self.look(&random)
    pose.motion = place.motion
    pose.motionAge = place.age
    pose.x = place.x
    pose.z = place.z
    pose.yaw = place.yaw
    pose.travelled = place.travelled
    pose.time = time
    pose.carried = kind == .box || kind == .drum || kind == .pallet
    pose.state = state(of: kind, moving: place.motion != .still, age: place.age, &random)
    return pose
  }

  private func state(of kind: SceneClass, moving: Bool, age: Float, _ random: inout SeededRandom) -> SceneState {
    let choice = random.below(kind.states.count)
    guard kind == .person else { return kind.states[choice] }
    if moving { return .walking }
    return choice < 2 || age < 0.4 ? .standing : .waving
  }
}

extension SeededRandom {
  /// The first draw of a copy.
  func firstBelow(_ count: Int) -> Int {
    var copy = self
    return copy.below(count)
  }
}
