import Capture
import Testing

/// Renders whole frames for the tests.
private struct Stage {
  let renderer: SceneRenderer
  let count: Int

  init(seed: UInt64 = 7, objects: Int = 7, noise: Float = 0.35, width: Int = 320, height: Int = 240, rate: Double = 30)
  {
    var options = DemoOptions()
    options.seed = seed
    options.objects = objects
    options.noise = noise
    renderer = SceneRenderer(options: options, width: width, height: height, framesPerSecond: rate)
    count = width * height * 3
  }

  func picture(_ frame: UInt64) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
      if let base = buffer.baseAddress { renderer.render(frame: frame, into: base) }
      used = count
    }
  }

  /// FNV-1a of a frame's bytes.
  func hash(_ frame: UInt64) -> UInt64 {
    picture(frame).reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }
}

@Suite struct DemoSceneTests {
  @Test func aFrameDependsOnSeedAndNumberAlone() {
    let one = Stage()
    let other = Stage()
    let inOrder = (0..<6).map { one.hash($0 * 13) }
    let backwards = (0..<6).reversed().map { other.hash($0 * 13) }
    #expect(inOrder == backwards.reversed())
    #expect(Set(inOrder).count == inOrder.count)
    #expect(Stage(seed: 8).hash(0) != inOrder[0])
  }

  @Test func truthLeavesThePictureAlone() {
    let stage = Stage()
    let before = stage.hash(40)
    let truth = stage.renderer.truth(frame: 900)
    #expect(stage.hash(40) == before)
    #expect(stage.renderer.truth(frame: 900) == truth)
  }

  /// Objects are what differs from the same hall without objects, so that difference must lie in the boxes and reach
  /// their sides; shadows are darker than the floor and lie low, so only the boxes' tops and their reach are compared.
  @Test(arguments: [UInt64(7), 12, 33])
  func boxesHoldEverythingThatIsBrighterThanTheBareHall(seed: UInt64) {
    let full = Stage(seed: seed, noise: 0, width: 640, height: 480)
    let bare = Stage(seed: seed, objects: 0, noise: 0, width: 640, height: 480)
    for frame in stride(from: UInt64(0), to: 900, by: 150) {
      let truth = full.renderer.truth(frame: frame)
      let (with, without) = (full.picture(frame), bare.picture(frame))
      var stray = 0
      var reached = [Bool](repeating: false, count: truth.count)
      for y in 0..<480 {
        for x in 0..<640 {
          let at = (y * 640 + x) * 3
          // Brighter in some colour: never a shadow.
          guard (0..<3).contains(where: { Int(with[at + $0]) > Int(without[at + $0]) + 12 }) else { continue }
          var inside = false
          for (index, item) in truth.enumerated()
          where x >= item.x - 2 && x < item.x + item.width + 2 && y >= item.y - 2 && y < item.y + item.height + 2 {
            inside = true
            reached[index] = true
          }
          if !inside { stray += 1 }
        }
      }
      #expect(stray == 0, "frame \(frame): \(stray) pixels outside every box")
      for (index, item) in truth.enumerated() where item.visibility > 0.6 && item.width > 20 {
        #expect(reached[index], "frame \(frame): nothing to see of \(item)")
      }
    }
  }

  @Test func boxesLieInTheFrame() {
    let stage = Stage(seed: 3, objects: 24)
    for frame in stride(from: UInt64(0), to: 3000, by: 77) {
      for item in stage.renderer.truth(frame: frame) {
        #expect(item.x >= 0 && item.y >= 0 && item.width > 0 && item.height > 0)
        #expect(item.x + item.width <= 320 && item.y + item.height <= 240)
        #expect((0...1).contains(item.visibility))
        #expect(item.kind.states.contains(item.state))
      }
    }
  }

  @Test func everyClassStateAndMotionOccurs() {
    var kinds: Set<SceneClass> = []
    var states: Set<String> = []
    var motions: Set<SceneMotion> = []
    for seed in UInt64(0)..<12 {
      let stage = Stage(seed: seed, objects: 10, width: 64, height: 48)
      for frame in stride(from: UInt64(0), to: 2700, by: 90) {
        for item in stage.renderer.truth(frame: frame) {
          kinds.insert(item.kind)
          states.insert("\(item.kind) \(item.state)")
          motions.insert(item.motion)
        }
      }
    }
    #expect(kinds.count == SceneClass.allCases.count)
    #expect(states.count == SceneClass.allCases.reduce(0) { $0 + $1.states.count })
    #expect(motions.count == SceneMotion.allCases.count)
  }

  /// What the picture shows over half a second must be what the label says.
  @Test func motionsShowInTheBoxes() {
    var checked: [SceneMotion: Int] = [:]
    for seed in UInt64(0)..<10 {
      let stage = Stage(seed: seed, width: 640, height: 480)
      for frame in stride(from: UInt64(0), to: 1500, by: 50) {
        let before = stage.renderer.truth(frame: frame)
        let after = stage.renderer.truth(frame: frame + 15)
        for late in after where late.visibility > 0.97 && late.motionAge > 0.7 {
          guard let early = before.first(where: { $0.id == late.id && $0.state == late.state && $0.visibility > 0.97 })
          else { continue }
          checked[late.motion, default: 0] += 1
          let shift = (late.x * 2 + late.width) - (early.x * 2 + early.width)
          // The foot of a thing on the floor tells its distance, but for a pixel or two of a walker's step.
          let foot = (late.y + late.height) - (early.y + early.height)
          switch late.motion {
          case .still: #expect(abs(shift) < 24 && abs(foot) <= 3, "\(early) \(late)")
          case .approaching: #expect(foot >= -2, "\(early) \(late)")
          case .receding: #expect(foot <= 2, "\(early) \(late)")
          case .crossingLeft: #expect(shift < 0, "\(early) \(late)")
          case .crossingRight: #expect(shift > 0, "\(early) \(late)")
          }
        }
      }
    }
    for motion in SceneMotion.allCases { #expect(checked[motion, default: 0] > 10, "\(motion)") }
  }

  @Test func noiseAndLightDoWhatTheySay() {
    func roughness(_ noise: Float) -> Int {
      let stage = Stage(objects: 0, noise: noise)
      let (a, b) = (stage.picture(0), stage.picture(1))
      return zip(a, b).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    }
    #expect(roughness(0.3) > roughness(0) * 4)
    #expect(roughness(1) > roughness(0.3) * 2)
    var options = DemoOptions()
    options.light = .night
    let night = SceneRenderer(options: options, width: 64, height: 48, framesPerSecond: 30)
    var pixels = [UInt8](repeating: 0, count: 64 * 48 * 3)
    pixels.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { night.render(frame: 5, into: base) } }
    #expect(pixels.reduce(0) { $0 + Int($1) } / pixels.count < 30)
  }

  @Test(arguments: [(32, 32), (33, 47), (1280, 720), (100, 400), (4096, 32)])
  func anySizeRenders(width: Int, height: Int) {
    let stage = Stage(objects: 12, width: width, height: height)
    for frame in stride(from: UInt64(0), to: 600, by: 60) {
      let picture = stage.picture(frame)
      #expect(Set(picture).count > 16)
    }
  }
}
