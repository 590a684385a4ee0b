import Foundation
import Kernels
import Synchronization
import TestSupport
import Testing

@Suite struct PoolTests {
  /// Counts how often each chunk ran.
  final class Tally: Sendable {
    let counts: Mutex<[Int: Int]> = Mutex([:])
    let workers: Mutex<Set<Int32>> = Mutex([])
    let nested: Bool
    init(nested: Bool = false) { self.nested = nested }

    func run(_ chunks: Int32, threads: Int32) {
      ock_parallel(
        chunks,
        { context, chunk, worker in
          guard let context else { return }
          let tally = Unmanaged<Tally>.fromOpaque(context).takeUnretainedValue()
          tally.counts.withLock { $0[Int(chunk), default: 0] += 1 }
          tally.workers.withLock { _ = $0.insert(worker) }
          if tally.nested { Tally().run(3, threads: 4) }
        }, Unmanaged.passUnretained(self).toOpaque(), threads)
    }
  }

  @Test(arguments: [Int32(0), 1, 2, 7, 100], [Int32(1), 2, 8])
  func everyChunkRunsOnce(chunks: Int32, threads: Int32) {
    let tally = Tally()
    tally.run(chunks, threads: threads)
    let counts = tally.counts.withLock { $0 }
    #expect(counts.count == Int(chunks))
    #expect(counts.values.allSatisfy { $0 == 1 })
    #expect(tally.workers.withLock { $0.allSatisfy { $0 >= 0 && $0 < threads } })
  }

  @Test func nestedJobsRunOnTheirCaller() {
    let tally = Tally(nested: true)
    tally.run(20, threads: 4)
    #expect(tally.counts.withLock { $0.values.reduce(0, +) } == 20)
  }

  @Test func callersAtTheSameTimeAllFinish() {
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<300 {
        let tally = Tally()
        tally.run(9, threads: 4)
        #expect(tally.counts.withLock { $0.count == 9 && $0.values.allSatisfy { $0 == 1 } })
      }
    }
  }

  @Test func workersWakeAfterSleeping() {
    for _ in 0..<5 {
      let tally = Tally()
      tally.run(16, threads: 4)
      #expect(tally.counts.withLock { $0.count } == 16)
      // Workers park when no job comes; the job after that must run whether or not all have.
      pass(2_000_000)
    }
  }
}
