import Capture
import Foundation
import Glibc
import Ground
import Pipeline
import Recording
import TestSupport
import Testing
import Vision

/// Figures, not verdicts: `make bench-recordings` prints them.
@Suite(
  .enabled(if: getenv("OCELLUS_BENCHMARKS") != nil, "only with OCELLUS_BENCHMARKS, as it takes minutes"), .serialized)
struct RecordingBenchmarks {
  private func processorSeconds() -> Double {
    var usage = rusage()
    getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  @Test(arguments: MCAP.Compression.allCases) func writerLoad(_ compression: MCAP.Compression) throws {
    let folder = try TemporaryFolder()
    var configuration = RecordingConfiguration(directory: folder.path)
    configuration.compression = compression
    configuration.freeFloorBytes = 0
    // What a 1280x720 camera sends: pictures of about 100 kB.
    let pictures = (0..<30).map { Scene.opaque($0, bytes: 100_000) }
    let start = MonotonicTime.now
    let results = (0..<30).map { Scene.result($0, start: start, jpeg: pictures[$0]) }
    let recorder = Recorder(configuration)
    recorder.setRecording(true)
    let before = processorSeconds()
    let seconds = 20.0
    for number in 0..<Int(saturating: seconds * 30) {
      var result = results[number % 30]
      result.frame.timestamp = .now
      recorder.receive(result)
      pass(33_333_333)
    }
    recorder.close()
    let used = processorSeconds() - before
    let wall = Double(MonotonicTime.now.nanoseconds(since: start)) / 1e9
    print("writer, \(compression.name): \(used / wall * 100) % of a core, dropped \(recorder.status.dropped)")
  }

  /// Peak memory of this process in bytes: VmHWM of proc(5), which writing 5 to clear_refs resets.
  private func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM") })
    return (Int(line.filter(\.isNumber)) ?? 0) * 1024
  }

  /// Ten minutes of 1280x720 at 30 frames a second, as fast as the disk takes them, over several files.
  @Test func tenMinutesOfACamera() throws {
    let folder = try TemporaryFolder()
    var configuration = RecordingConfiguration(directory: folder.path)
    configuration.freeFloorBytes = 0
    configuration.splitBytes = 512 << 20
    let pictures = (0..<30).map { Scene.opaque($0, bytes: 100_000) }
    let start = MonotonicTime.now
    let results = (0..<30).map { Scene.result($0, start: start, jpeg: pictures[$0]) }
    try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    let before = try peakMemory()
    let recorder = Recorder(configuration)
    recorder.setRecording(true)
    let processor = processorSeconds()
    let frames = 18_000
    for number in 0..<frames {
      var result = results[number % 30]
      result.number = UInt64(number) + 1
      result.frame.timestamp = MonotonicTime(nanoseconds: start.nanoseconds + Int64(number) * 33_333_333)
      recorder.receive(result)
      eventually(every: 1) { recorder.status.frames + 40 >= UInt64(number) }
    }
    let outcome = recorder.close()
    let used = processorSeconds() - processor
    let grown = try peakMemory() - before
    let wall = MonotonicTime.now.milliseconds(since: start) / 1000
    #expect(outcome.failure == nil && outcome.frames == UInt64(frames) && recorder.status.dropped == 0)
    var pictureCount: UInt64 = 0
    for file in outcome.files {
      let reader = try MCAPReader(path: file)
      #expect(reader.isIndexed)
      let id = try #require(reader.channels.values.first { $0.topic == "/camera/image_raw/compressed" }).id
      pictureCount += reader.statistics?.channelMessageCounts[id] ?? 0
    }
    #expect(pictureCount == UInt64(frames))
    // The queue may hold 128 MiB of pictures; the open chunk, its compressed twin and the index come on top.
    #expect(grown < 200 << 20)
    print(
      "ten minutes in \(wall) s over \(outcome.files.count) files: \(used / 600 * 100) % of a core at camera speed, "
        + "memory grew by \(grown >> 20) MiB, dropped \(recorder.status.dropped)")
  }

  @Test func seekingInTwoGigabytes() throws {
    let folder = try TemporaryFolder()
    var options = MCAPWriter.Options()
    options.synchronizesChunks = false
    options.compression = .none
    var configuration = RecordingConfiguration(directory: folder.path)
    configuration.freeFloorBytes = 0
    configuration.compression = .lz4
    let jpeg = Scene.jpeg(1)
    // A real JPEG, padded after its end as some cameras do, to the size of a large picture.
    let padded = Scene.opaque(1, bytes: 400_000)
    for index in 0..<jpeg.count { padded.storage.bytes[index] = jpeg.storage.bytes[index] }
    let recorder = Recorder(configuration)
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for number in 0..<5300 {
      recorder.receive(Scene.result(number, start: start, jpeg: padded))
      eventually(every: 2) { recorder.status.frames + 20 >= UInt64(number) }
    }
    recorder.close()
    let name = try #require(SystemFileLayer().files(in: folder.path).first)
    var began = MonotonicTime.now
    let source = try RecordingSource(path: folder.file(name.name))
    print("\(name.bytes >> 20) MiB opened in \(MonotonicTime.now.milliseconds(since: began)) ms")
    source.setPlaying(false)
    var random = SeededGenerator(1)
    var times: [Double] = []
    for _ in 0..<200 {
      began = .now
      source.seek(to: Double.random(in: 0..<(source.status.duration ?? 1), using: &random))
      guard case .frame = try source.next(timeout: 5000) else {
        Issue.record("no frame")
        return
      }
      times.append(MonotonicTime.now.milliseconds(since: began))
    }
    source.close()
    times.sort()
    print("seek: median \(times[100]) ms, worst \(times[199]) ms")
  }
}
