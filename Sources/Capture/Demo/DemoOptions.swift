public import Ground

/// What may be asked of the demo scene: `demo:seed=7,objects=5,noise=0.5,light=night,fault=freeze@5s`.
public struct DemoOptions: Sendable, Equatable {
  /// How bright the hall is.
  public enum Light: String, Sendable, CaseIterable {
    case day, dusk, night

    /// Factor on every pixel.
    var brightness: Float {
      switch self {
      case .day: 1
      case .dusk: 0.5
      case .night: 0.1
      }
    }
  }

  /// Every seed is another hall with other objects.
  public var seed: UInt64 = 7
  /// Objects that share the scene, 0...24; some of them may be out of sight.
  public var objects = 7
  /// Sensor noise, 0 (none) to 1 (strong).
  public var noise: Float = 0.35
  public var light = Light.day
  /// Faults to put on the scene with ``FaultySource``: the registry does.
  public var faults: [SourceFault] = []

  public init() {}

  /// Reads the part of a source's name after `demo:`, or the whole name `demo`.
  ///
  /// - Throws: ``CaptureError`` that names the first thing wrong.
  public init(name: String) throws(CaptureError) {
    guard name != "demo" else { return }
    guard name.hasPrefix("demo:"), name.count > 5 else {
      throw CaptureError(.badName, "not a demo scene", place: name, remedy: Self.usage)
    }
    var seen: Set<Substring> = []
    for setting in name.dropFirst(5).split(separator: ",", omittingEmptySubsequences: false) {
      let pair = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, !pair[1].isEmpty else {
        throw CaptureError(.badName, "'\(setting)' is not NAME=VALUE", place: name, remedy: Self.usage)
      }
      guard pair[0] == "fault" || seen.insert(pair[0]).inserted else {
        throw CaptureError(.badName, "'\(pair[0])' is given twice", place: name, remedy: Self.usage)
      }
      try set(String(pair[0]), String(pair[1]), of: name)
    }
  }

  private static let usage = "as in demo:seed=7,objects=5,noise=0.5,light=dusk"

  private mutating func set(_ key: String, _ value: String, of name: String) throws(CaptureError) {
    func wrong(_ allowed: String) -> CaptureError {
      CaptureError(.badName, "\(key) is \(allowed), not '\(value)'", place: name, remedy: Self.usage)
    }
    switch key {
    case "seed":
      guard let seed = UInt64(value) else { throw wrong("a whole number") }
      self.seed = seed
    case "objects":
      guard let objects = Int(value), (0...24).contains(objects) else { throw wrong("0 to 24") }
      self.objects = objects
    case "noise":
      guard let noise = Float(value), noise >= 0, noise <= 1 else { throw wrong("0 to 1") }
      self.noise = noise
    case "light":
      guard let light = Light(rawValue: value) else { throw wrong("day, dusk or night") }
      self.light = light
    case "fault":
      let fault: SourceFault
      do {
        fault = try SourceFault(parsing: value)
      } catch {
        throw CaptureError(.badName, error.what, place: name, remedy: error.remedy)
      }
      faults.append(fault)
    default:
      throw CaptureError(
        .badName, "unknown setting '\(key)'", place: name, remedy: "known: seed, objects, noise, light, fault")
    }
  }
}

extension DemoOptions {
  /// Whether the text is a name of the demo scene, with options or without.
  static func names(_ text: String) -> Bool { text == "demo" || text.hasPrefix("demo:") }
}

extension SourceDescription {
  /// Whether it is the scene that the program renders itself.
  public var isDemo: Bool { DemoOptions.names(name) }
}
