/// How the machine fares that the session runs on, over the last second. What it does not tell is nil.
public struct MachineStatus: Sendable, Equatable, Codable {
  /// The share of all cores that is busy, 0…1.
  public var busy: Double?
  /// How many cores' worth of time this process takes: 2 for two cores that are busy with it.
  public var processCores: Double?
  public var cores: Int?
  /// The hottest sensor, in degrees Celsius.
  public var temperature: Double?
  /// Why the clock is held back now, a few words each: "hot", "under-voltage"; empty where it is not, nil where nothing tells.
  public var throttled: [String]?
  /// Bytes.
  public var memoryUsed: UInt64?
  public var memoryTotal: UInt64?
  public var processMemory: UInt64?

  private enum CodingKeys: String, CodingKey {
    case busy
    case processCores = "process_cores"
    case cores
    case temperature = "temperature_c"
    case throttled
    case memoryUsed = "memory_used"
    case memoryTotal = "memory_total"
    case processMemory = "process_memory"
  }

  public init() {}
}
