import Capture
import Ground
import Pipeline

/// The last seconds before a recording, in memory: bounded by time and by bytes. One thread.
struct PreTriggerBuffer {
  enum Entry {
    case frame(PreparedFrame)
    case event(SessionEvent)

    var time: MonotonicTime {
      switch self {
      case .frame(let frame): frame.result.frame.timestamp
      case .event(let event): event.time
      }
    }

    var bytes: Int {
      switch self {
      case .frame(let frame): frame.bytes
      case .event(let event): 128 + event.message.utf8.count
      }
    }
  }

  private let nanoseconds: Int64
  private let maximumBytes: Int
  private var entries: [Entry] = []
  /// Entries before this one are gone; the array is compacted now and then.
  private var head = 0
  private(set) var bytes = 0

  init(seconds: Double, maximumBytes: Int) {
    nanoseconds = Int64(saturating: max(0, min(3600, seconds)) * 1e9)
    self.maximumBytes = maximumBytes
  }

  var isEnabled: Bool { nanoseconds > 0 }

  mutating func add(_ entry: Entry) {
    guard isEnabled else { return }
    bytes += entry.bytes
    entries.append(entry)
    let newest = entry.time
    while head < entries.count - 1,
      newest.nanoseconds(since: entries[head].time) > nanoseconds || bytes > maximumBytes
    {
      bytes -= entries[head].bytes
      // Frees the picture now; the slot goes with the next compaction.
      entries[head] = .event(SessionEvent(time: entries[head].time, severity: .info, message: ""))
      head += 1
    }
    if head > 512 && head > entries.count / 2 {
      entries.removeFirst(head)
      head = 0
    }
  }

  /// Hands everything over and is empty.
  mutating func drain() -> [Entry] {
    defer {
      entries = []
      head = 0
      bytes = 0
    }
    return Array(entries[head...])
  }
}
