import Glibc
import Ground
import Recording
import Synchronization
import TestSupport

/// A disk in memory whose calls fail when told to.
final class ScriptedDisk: FileLayer {
  struct State {
    var files: [String: [UInt8]] = [:]
    var open: [Int32: String] = [:]
    var nextDescriptor: Int32 = 100
    /// Bytes that still fit; nil without limit.
    var capacity: Int?
    /// After so many bytes have been written, writes fail with this.
    var failure: (after: Int, code: Int32)?
    var synchronizeFailure: Int32?
    /// No write takes more bytes than this.
    var writeLimit = Int.max
    /// Every second write is interrupted.
    var interrupts = false
    var interrupted = false
    var written = 0
    var free: UInt64 = 1 << 40
  }

  let state = Mutex(State())

  func set(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }
  func contents(_ path: String) -> [UInt8]? { state.withLock { $0.files[path] } }
  var names: [String] { state.withLock { $0.files.keys.sorted() } }

  func create(_ path: String) throws(SystemError) -> Int32 {
    try state.withLock { (state) throws(SystemError) in
      if state.files[path] != nil { throw SystemError(EEXIST) }
      state.files[path] = []
      state.nextDescriptor += 1
      state.open[state.nextDescriptor] = path
      return state.nextDescriptor
    }
  }

  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
    // The pointer stays in this call; the compiler cannot see that the lock does not keep it.
    let copy = Array(bytes)
    return try state.withLock { (state) throws(SystemError) in
      guard let path = state.open[descriptor] else { throw SystemError(EBADF) }
      if state.interrupts {
        state.interrupted.toggle()
        if state.interrupted { throw SystemError(EINTR) }
      }
      var count = min(copy.count, state.writeLimit)
      if let failure = state.failure {
        if state.written >= failure.after { throw SystemError(failure.code) }
        count = min(count, failure.after - state.written)
      }
      if let capacity = state.capacity {
        let used = state.files.values.reduce(0) { $0 + $1.count }
        if used >= capacity { throw SystemError(ENOSPC) }
        count = min(count, capacity - used)
      }
      state.files[path, default: []].append(contentsOf: copy[..<count])
      state.written += count
      return count
    }
  }

  func synchronize(_ descriptor: Int32) throws(SystemError) {
    try state.withLock { (state) throws(SystemError) in
      if let code = state.synchronizeFailure { throw SystemError(code) }
    }
  }

  func truncate(_ descriptor: Int32, to size: UInt64) throws(SystemError) {
    try state.withLock { (state) throws(SystemError) in
      guard let path = state.open[descriptor], let count = state.files[path]?.count else {
        throw SystemError(EBADF)
      }
      if state.failure.map({ state.written >= $0.after && $0.code != ENOSPC }) ?? false {
        throw SystemError(state.failure?.code ?? EIO)
      }
      state.files[path]?.removeLast(max(0, count - Int(size)))
    }
  }

  func close(_ descriptor: Int32) { state.withLock { _ = $0.open.removeValue(forKey: descriptor) } }

  func rename(_ path: String, to newPath: String) throws(SystemError) {
    try state.withLock { (state) throws(SystemError) in
      guard state.files[newPath] == nil else { throw SystemError(EEXIST) }
      guard let file = state.files.removeValue(forKey: path) else { throw SystemError(ENOENT) }
      state.files[newPath] = file
    }
  }

  func remove(_ path: String) throws(SystemError) {
    try state.withLock { (state) throws(SystemError) in
      if state.files.removeValue(forKey: path) == nil { throw SystemError(ENOENT) }
    }
  }

  func exists(_ path: String) -> Bool { state.withLock { $0.files[path] != nil } }
  func makeDirectory(_ path: String) throws(SystemError) {}
  func files(in directory: String) -> [(name: String, bytes: UInt64)] {
    state.withLock { state in
      state.files.filter { $0.key.hasPrefix(directory + "/") }
        .map { (String($0.key.dropFirst(directory.count + 1)), UInt64($0.value.count)) }
    }
  }
  func isLocked(_ path: String) -> Bool { state.withLock { $0.open.values.contains(path) } }
  func freeBytes(at path: String) -> UInt64? { state.withLock { $0.free } }
}

/// A recording of two topics, an attachment and metadata, as bytes.
func sampleRecording(
  _ compression: MCAP.Compression, messages: Int = 40, finished: Bool = true
) throws -> [UInt8] {
  let disk = ScriptedDisk()
  var options = MCAPWriter.Options()
  options.compression = compression
  options.chunkBytes = 1500
  let writer = try MCAPWriter(path: "s.mcap", options: options, layer: disk)
  let schema = try writer.addSchema(name: "std_msgs/msg/String", encoding: "ros2msg", data: Array("string data".utf8))
  let a = try writer.addChannel(topic: "/a", schema: schema, encoding: "cdr", metadata: ["offered_qos_profiles": ""])
  let b = try writer.addChannel(topic: "/b", schema: schema, encoding: "cdr", metadata: [:])
  for index in 0..<messages {
    let time = 1_000_000_000 + UInt64(index) * 10_000_000
    try writer.append(channel: index % 3 == 0 ? b : a, sequence: UInt32(index), logTime: time, publishTime: time) {
      $0.append(sampleData(index))
    }
    if index == messages / 2 {
      try writer.attach(name: "note.txt", mediaType: "text/plain", data: [1, 2, 3], logTime: time, createTime: 0)
      try writer.add(.init(name: "session", values: ["host": "robot", "model": "m"]))
    }
  }
  if finished {
    try writer.finish()
    return disk.contents("s.mcap") ?? []
  }
  try writer.closeChunk()
  return disk.contents("s.mcap.active") ?? []
}

/// What the sample's message `index` holds: compressible, and different for each.
func sampleData(_ index: Int) -> [UInt8] {
  var random = SeededGenerator(UInt64(index))
  return (0..<(20 + index * 3)).map { $0 % 2 == 0 ? UInt8(truncatingIfNeeded: index) : UInt8(random.next() & 0xff) }
}

/// Every message of a reader in time order.
func allMessages(_ reader: MCAPReader) throws -> [MCAP.Message] {
  try reader.locations(of: Set(reader.channels.keys)).map { try reader.message(at: $0) }
}
