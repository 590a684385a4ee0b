import Foundation
import Ground
import Logging
import Service
import TestSupport
import Testing

/// The log file, which several processes share.
@Suite struct FileLogTests {
  private func lines(_ path: String) -> [String] {
    let data = FileManager.default.contents(atPath: path) ?? Data()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test func linesSayWhichProcessWroteThem() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("state/ocellus.log")
    let logger = Logger(label: "source", factory: { FileLog(label: $0, sink: try! FileLog.Sink(path: path)) })
    logger.warning("no signal\u{1B}[31m")
    let line = try #require(lines(path).first)
    #expect(line.contains(" [\(ProcessInfo.processInfo.processIdentifier)] warning source: no signal"))
    #expect(!line.contains("\u{1B}"))
  }

  /// Two sinks stand for two processes. Of all that was written, nothing is lost but what a second renewal puts out.
  @Test func aRenewalByTwoWritersLosesNoLine() throws {
    let folder = try TemporaryFolder()
    for round in 0..<20 {
      let path = folder.file("log-\(round)")
      let sinks = [try FileLog.Sink(path: path), try FileLog.Sink(path: path), try FileLog.Sink(path: path)]
      let padding = String(repeating: "x", count: 1 << 20)
      // Just past the limit: the next writer of each renews.
      for number in 0..<9 { sinks[0].write("first \(number) \(padding)") }
      DispatchQueue.concurrentPerform(iterations: sinks.count) { index in
        for number in 0..<5 { sinks[index].write("second \(index).\(number)") }
      }
      let all = lines(path) + lines(path + ".1")
      #expect(all.count { $0.hasPrefix("first") } == 9, "round \(round)")
      #expect(all.count { $0.hasPrefix("second") } == 15, "round \(round)")
    }
  }
}
