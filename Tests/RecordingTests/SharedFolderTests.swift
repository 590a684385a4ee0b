import Glibc
import Ground
import Pipeline
import Recording
import Synchronization
import TestSupport
import Testing

/// Two recorders with one folder.
@Suite struct SharedFolderTests {
  /// A disk on which another process works between two calls.
  private final class BusyDisk: FileLayer {
    let disk = ScriptedDisk()
    /// Called after the folder was listed, with the listing.
    let afterListing = Mutex<(@Sendable (ScriptedDisk, [String]) -> Void)?>(nil)

    func create(_ path: String) throws(SystemError) -> Int32 { try disk.create(path) }
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
      try disk.write(descriptor, bytes)
    }
    func synchronize(_ descriptor: Int32) throws(SystemError) { try disk.synchronize(descriptor) }
    func truncate(_ descriptor: Int32, to size: UInt64) throws(SystemError) { try disk.truncate(descriptor, to: size) }
    func close(_ descriptor: Int32) { disk.close(descriptor) }
    func rename(_ path: String, to newPath: String) throws(SystemError) { try disk.rename(path, to: newPath) }
    func remove(_ path: String) throws(SystemError) { try disk.remove(path) }
    func exists(_ path: String) -> Bool { disk.exists(path) }
    func makeDirectory(_ path: String) throws(SystemError) { try disk.makeDirectory(path) }
    func files(in directory: String) -> [(name: String, bytes: UInt64)] {
      let found = disk.files(in: directory)
      afterListing.withLock { $0 }?(disk, found.map(\.name))
      return found
    }
    func isLocked(_ path: String) -> Bool { disk.isLocked(path) }
    func freeBytes(at path: String) -> UInt64? { disk.freeBytes(at: path) }
  }

  private func record(_ frames: Int, _ configuration: RecordingConfiguration, on layer: BusyDisk) -> EventLog {
    let log = EventLog()
    let recorder = Recorder(configuration, layer: layer) { log.add($0) }
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for number in 0..<frames {
      recorder.receive(Scene.result(number, start: start, jpeg: Scene.opaque(number, bytes: 1000)))
    }
    recorder.close()
    return log
  }

  /// Both look for a free name before either has made its file.
  @Test(arguments: [1, 3]) func aNameThatIsTakenMeanwhileIsNoFailure(_ others: Int) throws {
    let layer = BusyDisk()
    let left = Mutex(others)
    // The other recorder takes every plain name of the next seconds just after the folder was listed.
    layer.afterListing.withLock { hook in
      hook = { disk, names in
        guard left.withLock({ $0 > 0 }) else { return }
        left.withLock { $0 -= 1 }
        let now = time(nil)
        for moment in now...now + 3 {
          let stamp = FileStamp.text(moment)
          let taken = (1...10).map { $0 == 1 ? "ocellus-\(stamp)" : "ocellus-\(stamp)-\($0)" }
          let free = taken.first { name in !names.contains { $0.hasPrefix(name + ".") } }
          disk.set { $0.files["d/\(free ?? "").mcap.active"] = [1] }
        }
      }
    }
    let log = record(10, RecordingConfiguration(directory: "d"), on: layer)
    #expect(log.errors.isEmpty, "\(log.errors)")
    #expect(log.messages.contains { $0.hasPrefix("recorded 10 frames to d/ocellus-") })
    #expect(layer.disk.names.filter { $0.hasSuffix(".active") }.allSatisfy { layer.disk.contents($0) == [1] })
  }

  /// Both rings see the same old files: what the other one has removed does not cost a further file.
  @Test func filesThatTheOtherRingRemovedAreCountedAsGone() {
    let layer = BusyDisk()
    let old = (0..<6).map { "d/ocellus-20200101-00000\($0).mcap" }
    layer.disk.set { state in for name in old { state.files[name] = [UInt8](repeating: 0, count: 1 << 20) } }
    layer.afterListing.withLock { hook in
      hook = { disk, names in
        // Of six MiB, five are to stay: the other ring removes the oldest first.
        if names.contains("ocellus-20200101-000000.mcap"), names.contains(where: { $0.hasSuffix(".active") }) {
          disk.set { state in _ = state.files.removeValue(forKey: old[0]) }
        }
      }
    }
    var configuration = RecordingConfiguration(directory: "d")
    configuration.totalBytes = 11 << 19
    _ = record(3, configuration, on: layer)
    #expect(old.map { layer.disk.contents($0) != nil } == [false, true, true, true, true, true])
  }
}
