import Ground
import Foundation
import Glibc
import Testing

@Suite(.serialized) struct WorkerThreadTests {
  /// Address space that this process has taken, in MiB.
  private func size() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmSize:") })
    return try #require(Int(line.filter(\.isNumber))) / 1024
  }

  /// A thread keeps its stack, 8 MiB, until somebody waits for it or says that nobody will.
  @Test func threadsThatNobodyWaitsForLeaveNothing() throws {
    let before = try size()
    let done = Monitor(0)
    for number in 1...300 {
      _ = try WorkerThread(name: "left-alone") { done.update { $0 += 1 } }
      _ = done.wait(timeout: nil, until: { $0 == number }, then: { _ in })
    }
    #expect(try size() - before < 1200)
  }

  @Test func joiningWaitsForTheEnd() throws {
    let value = Monitor(0)
    let thread = try WorkerThread(name: "joined") { value.withLock { $0 = 7 } }
    thread.join()
    #expect(value.withLock { $0 } == 7)
  }

  /// A program of its own takes the limit: threads of others would be counted as well.
  @Test func threadsThatCannotBeMadeAreAnErrorInWords() {
    let failure = ThreadFailure(name: "capture", SystemError(EAGAIN))
    #expect(failure.line.hasPrefix("the thread 'capture' cannot be started: resource temporarily unavailable ("))
    #expect(failure.line.contains("ulimit -u"))
  }
}
