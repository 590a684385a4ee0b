import Foundation
import Glibc
import TestSupport
import Testing

/// `ocellus record`, killed at random moments: `ocellus recover` saves everything but the last second, unchanged.
@Suite struct KilledProgramTests {
  private static let isCounted = getenv("OCELLUS_KILLS") != nil
  private static let kills = getenv("OCELLUS_KILLS").flatMap { Int(String(cString: $0)) } ?? 1

  private static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  private struct Stamp: Decodable { var timestamp_ns: Int64 }

  /// The lines of a file that are whole and a frame's.
  private func lines(_ path: String) -> [Substring] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let lines = text.split(separator: "\n")
    return (text.hasSuffix("\n") ? lines : lines.dropLast()).filter { $0.contains("\"detections\":") }
  }

  /// Kills a recording `delay` seconds after its first frame; the seconds lost.
  private func killOnce(after delay: Double) throws -> Double {
    let scratch = try TemporaryFolder()
    let process = try Program.start(
      ["record", "--json", "--source", "demo", "--record", scratch.path, "--floor", "0"], into: scratch)
    eventually(every: 2) { !lines(scratch.file("out")).isEmpty || !process.isRunning }
    // The moment of the kill is drawn at random, and any will do.
    pass(Int64(delay * 1e9))
    kill(process.processIdentifier, SIGKILL)
    let killed = Self.now
    process.waitUntilExit()
    let shown = lines(scratch.file("out"))
    func stamp(_ line: Substring) throws -> Int64 {
      try JSONDecoder().decode(Stamp.self, from: Data(line.utf8)).timestamp_ns
    }
    let first = try stamp(try #require(shown.first))
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { $0.contains(".mcap") }
    #expect(files.allSatisfy { $0.hasSuffix(".mcap.active") })
    guard let file = files.first else { return Double(killed - first) / 1e9 }
    let saved = scratch.file("saved.mcap")
    let recovery = try Program.run(["recover", scratch.file(file), saved])
    #expect(recovery.status == 3, "\(recovery.output) \(recovery.errors)")
    let export = try Program.run(["export", saved, "--to", "jsonl", "--output", scratch.file("saved.jsonl")])
    // Killed before the first chunk: there is a file, and nothing in it.
    let kept = export.status == 0 ? lines(scratch.file("saved.jsonl")) : []
    #expect(kept.elementsEqual(shown.prefix(kept.count)), "a recovered result differs from the one shown")
    if !kept.isEmpty {
      let pictures = try Program.run(["export", saved, "--to", "frames", "--output", scratch.file("frames")])
      #expect(pictures.status == 0 && pictures.output.contains("\(kept.count) frames"), "\(pictures.output)")
    }
    guard kept.count < shown.count else { return 0 }
    return Double(killed - (try stamp(shown[kept.count]))) / 1e9
  }

  @Test func killedRecordingsRecover() throws {
    var worst = 0.0
    for _ in 0..<Self.kills {
      let lost = try killOnce(after: Double.random(in: 0...3))
      worst = max(worst, lost)
      // A busy machine may hold any process up for long: time is judged only where kills are counted.
      if Self.isCounted { #expect(lost <= 1.0) }
    }
    print("killed \(Self.kills) programs; the worst lost \(worst) s")
  }
}
