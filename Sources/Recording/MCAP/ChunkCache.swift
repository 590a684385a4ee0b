import Ground
import Synchronization

/// The unpacked chunks that were used last, within a bound of bytes. Thread-safe.
///
/// Messages are read in the order of time, and the chunks of a file may overlap in time: of merged recordings, those of every
/// part. All of them stay unpacked while they fit; one is unpacked at a time, whoever asks.
final class ChunkCache: Sendable {
  private struct State: Sendable {
    /// Newest first.
    var kept: [(number: Int, chunk: MCAP.Chunk)] = []
    var bytes = 0
    var budget: ReadBudget
  }

  /// Bytes of unpacked chunks that are kept; a larger one is kept alone.
  private static let keptBytes = 128 << 20
  /// Chunks above this size are not held by the messages that were read from them.
  static let largeChunkBytes = 16 << 20
  /// How often a chunk is unpacked in one pass on average, at most: chunks that overlap and do not fit are read again and
  /// again.
  private static let passes: UInt64 = 8

  private let input: any InputBytes
  private let chunks: [MCAP.ChunkIndex]
  private let state: Mutex<State>

  init(_ input: any InputBytes, chunks: [MCAP.ChunkIndex]) {
    self.input = input
    self.chunks = chunks
    state = Mutex(State(budget: ReadBudget(fileBytes: input.count, passes: ChunkCache.passes)))
  }

  /// The chunk with the given number, unpacked and verified.
  ///
  /// - Throws: ``RecordingError`` when it is damaged, or when this pass has unpacked too much.
  func chunk(_ number: Int) throws -> MCAP.Chunk {
    try state.withLock { state in
      if let place = state.kept.firstIndex(where: { $0.number == number }) {
        let entry = state.kept.remove(at: place)
        state.kept.insert(entry, at: 0)
        return entry.chunk
      }
      // Room first: the new one must not come on top of the old ones.
      let size = Int(clamping: min(chunks[number].uncompressedSize, UInt64(MCAP.maximumChunkBytes)))
      while let last = state.kept.last, state.bytes + size > ChunkCache.keptBytes {
        state.bytes -= last.chunk.records.count
        state.kept.removeLast()
      }
      var reader = try input.record(.chunk, at: chunks[number].offset)
      let chunk = try MCAP.Chunk(from: &reader, budget: state.budget)
      state.kept.insert((number, chunk), at: 0)
      state.bytes += chunk.records.count
      return chunk
    }
  }

  /// Grants the budget of another pass over the file.
  func beginPass() {
    state.withLock { $0.budget = ReadBudget(fileBytes: input.count, passes: ChunkCache.passes) }
  }
}
