import ROS
import Synchronization

/// Finds the messages of a topic by the stamps in their headers. Thread-safe.
///
/// The headers lie in the messages, so that knowing all of them means reading the whole file. Of files up to a size they are all
/// read at the first question; of larger ones those that were logged near the moment in question.
final class StampIndex: Sendable {
  /// What is compared of a header.
  struct Header: Sendable, Equatable {
    /// Nanoseconds since 1970; 0 where the writer left it out.
    var stamp: UInt64
    var frame: String
  }

  private struct State: Sendable {
    /// Of each message that was read; nil inside where it is damaged.
    var headers: [Int: Header?] = [:]
    var places: [UInt64: [Int]] = [:]
    var frames: Set<String> = []
    var isComplete = false
  }

  let locations: [MessageLocation]
  private let readsAll: Bool
  private let header: @Sendable (MessageLocation) throws -> ROSHeader
  private let state = Mutex(State())

  private static let wholeFileBytes: UInt64 = 512 << 20
  /// Messages before and after a moment that are looked at in large files.
  private static let reach = 100
  /// Headers that are remembered.
  private static let mostHeaders = 1 << 19
  /// Names of frames that are remembered.
  private static let mostFrames = 1000

  /// - Parameters:
  ///   - locations: the topic's messages in the order of time.
  ///   - header: reads the header of one.
  init(
    _ locations: [MessageLocation], fileBytes: UInt64,
    header: @escaping @Sendable (MessageLocation) throws -> ROSHeader
  ) {
    self.locations = locations
    self.header = header
    readsAll = fileBytes <= StampIndex.wholeFileBytes && locations.count <= StampIndex.mostHeaders
  }

  /// The first message that was not logged before `time`.
  func firstIndex(from time: UInt64) -> Int {
    var low = 0
    var high = locations.count
    while low < high {
      let middle = (low + high) / 2
      if locations[middle].logTime < time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The header of a message; nil where it cannot be read.
  func header(_ index: Int) -> Header? {
    let kept = state.withLock { $0.headers[index] }
    if let kept { return kept }
    return state.withLock { read(index, &$0) }
  }

  private func read(_ index: Int, _ state: inout State) -> Header? {
    if let kept = state.headers[index] { return kept }
    if state.headers.count >= StampIndex.mostHeaders { (state.headers, state.places) = ([:], [:]) }
    var found: Header?
    // A damaged message has no header; whoever reads it whole says so.
    if let read = try? header(locations[index]) {
      found = Header(stamp: read.stamp.total, frame: read.frameID)
      state.places[read.stamp.total, default: []].append(index)
      if state.frames.count < StampIndex.mostFrames { state.frames.insert(read.frameID) }
    }
    state.headers[index] = .some(found)
    return found
  }

  /// The messages with a stamp, in the order of time: of the whole topic, or of those that were logged about `time`.
  func messages(stamped stamp: UInt64, near time: UInt64) -> [Int] {
    state.withLock { state in
      gather(about: time, &state)
      return (state.places[stamp] ?? []).sorted()
    }
  }

  /// Whether a message of that frame has been seen.
  func knows(frame: String) -> Bool { state.withLock { $0.frames.contains(frame) } }

  private func gather(about time: UInt64, _ state: inout State) {
    guard !state.isComplete else { return }
    if readsAll {
      // In the order of the file, so that every chunk is unpacked once.
      let order = locations.indices.sorted {
        (locations[$0].part, locations[$0].chunk, locations[$0].offset)
          < (locations[$1].part, locations[$1].chunk, locations[$1].offset)
      }
      for index in order { _ = read(index, &state) }
      state.isComplete = true
    } else {
      let middle = firstIndex(from: time)
      for index in max(0, middle - StampIndex.reach)..<min(locations.count, middle + StampIndex.reach) {
        _ = read(index, &state)
      }
    }
  }
}
