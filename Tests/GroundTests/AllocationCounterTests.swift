import CAllocations
import Testing

@Suite(.serialized) struct AllocationCounterTests {
  @Test func countsTheCallersOwn() {
    let before = oca_thread_allocations()
    let blocks = (0..<100).map { _ in UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 64) }
    let counted = oca_thread_allocations() - before
    blocks.forEach { $0.deallocate() }
    // The array of blocks is one more, or some more while it grows.
    #expect((100...110).contains(counted))
  }

  @Test func countsWhileSwitchedOn() {
    oca_set_counting(true)
    let before = oca_allocations()
    let blocks = (0..<100).map { _ in UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 64) }
    let counted = oca_allocations() - before
    oca_set_counting(false)
    blocks.forEach { $0.deallocate() }
    #expect(counted >= 100, "other tests may allocate at the same time, none may be missed")
  }
}
