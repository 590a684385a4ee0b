import Glibc
import Recording
import TestSupport
import Testing

/// Files as a failing disk, or an enemy, would hand them over.
@Suite struct HostileFileTests {
  private static let count = environmentCount("OCELLUS_MUTATIONS", usual: 6000)

  /// Changes a few bytes, cuts, doubles or overwrites a stretch, or plants an extreme number.
  private func mutate(_ original: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      guard bytes.count > 16 else { return bytes }
      let place = Int.random(in: 0..<bytes.count - 9, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 2: bytes.removeLast(bytes.count - place)
      case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1..<40, using: &random)))
      case 4:
        let extremes: [UInt64] = [0, 1, 0x7fff_ffff, 0xffff_ffff, 1 << 40, UInt64(Int64.max), .max, .max - 8]
        let value = extremes.randomElement(using: &random) ?? 0
        for index in 0..<8 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
      default:
        let end = min(bytes.count, place + 60)
        bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
      }
    }
    return bytes
  }

  /// Reads everything there is and recovers; returns whether a message came out changed although its chunk has a
  /// checksum.
  private func exercise(_ bytes: [UInt8], truth: Set<[UInt8]>) -> Bool {
    var wrong = false
    if let reader = try? MCAPReader(MemoryBytes(bytes)) {
      for location in reader.locations(of: Set(reader.channels.keys)) {
        guard let message = try? reader.message(at: location) else { continue }
        if location.isInChunk, !truth.contains(Array(message.data)) { wrong = true }
      }
      for entry in reader.attachments { _ = try? reader.attachment(entry) }
    }
    let disk = ScriptedDisk()
    guard let report = try? Recovery.recover(from: MemoryBytes(bytes), to: "out.mcap", layer: disk) else {
      return wrong
    }
    _ = report.lines
    // What recovery writes is whole.
    guard let recovered = try? MCAPReader(MemoryBytes(disk.contents("out.mcap") ?? [])), recovered.isIndexed,
      let messages = try? allMessages(recovered), UInt64(messages.count) == report.messages
    else { return true }
    return wrong
  }

  @Test(arguments: MCAP.Compression.allCases)
  func mutatedFilesNeitherCrashNorDeceive(_ compression: MCAP.Compression) throws {
    let originals = [try sampleRecording(compression), try sampleRecording(compression, finished: false)]
    let truth = Set((0..<40).map(sampleData))
    var random = SeededGenerator(7)
    var deceived = 0
    for round in 0..<HostileFileTests.count / 3 {
      if exercise(mutate(originals[round % 2], &random), truth: truth) { deceived += 1 }
    }
    // A checksum overwritten with 0 means "not computed" to the format; a change of the same chunk then goes unseen.
    #expect(deceived <= HostileFileTests.count / 3000)
  }

  @Test func noiseIsRefused() {
    var random = SeededGenerator(3)
    for length in 0..<300 {
      let noise = MCAP.magic + (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = exercise(noise, truth: [])
    }
  }
}
