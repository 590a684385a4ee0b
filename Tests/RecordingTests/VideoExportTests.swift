import Foundation
import Ground
import Recording
import TestSupport
import Testing

/// The programs that make videos and judge them.
enum VideoTools {
  static let areThere = ["ffmpeg", "ffprobe"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
  }
}

/// Exported videos, judged by ffprobe and ffmpeg.
@Suite(.enabled(if: VideoTools.areThere, "ffmpeg is not installed")) struct VideoExportTests {

  private func tool(_ name: String, _ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/\(name)")
    process.arguments = ["-v", "error"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return data
  }

  /// The times of a video's frames, and the grey level in the middle of each.
  private func frames(_ path: String) throws -> (times: [Double], levels: [Int], size: [Int]) {
    let text = String(
      decoding: try tool(
        "ffprobe", ["-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0", path]), as: UTF8.self)
    let times = text.split(separator: "\n").compactMap { Double($0.prefix { $0 != "," }) }
    let side = String(
      decoding: try tool("ffprobe", ["-show_entries", "stream=width,height", "-of", "csv=p=0", path]), as: UTF8.self)
    let size = side.split(whereSeparator: { $0 == "," || $0.isNewline }).compactMap { Int($0) }
    let pixels = Array(
      try tool("ffmpeg", ["-i", path, "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-"]))
    let count = size[0] * size[1]
    let levels = stride(from: 0, to: pixels.count, by: count).map {
      Int(pixels[$0 + size[1] / 2 * size[0] + size[0] / 2])
    }
    return (times.map { $0 - (times.first ?? 0) }, levels, size)
  }

  private static let patterns: [[Double]] = [
    [0], [0, 0.1], [0, 0.1, 0.2, 10], [0, 4, 4.1, 4.2], [0, 20, 40], [0, 0, 0.1, 0.1, 0.2],
    [0, 0.0333, 0.0667, 0.1, 0.3],
    (0..<30).map { Double($0) / 30 } + (6..<12).map { Double($0) / 5 },
  ]

  @Test(arguments: VideoExportTests.patterns, ["mp4", "mkv", "webm", "avi"])
  func everyPictureIsShownAtItsTime(_ times: [Double], _ ending: String) throws {
    // An AVI has no gaps of this length.
    if ending == "avi", times.contains(20) { return }
    let bag = try Bag()
    for (number, time) in times.enumerated() {
      let nanoseconds = UInt64(1e9 + time * 1e9)
      try bag.picture(
        "/cam", level: 20 + 200 * number / times.count, stamp: nanoseconds, at: nanoseconds, size: (64, 48))
    }
    let folder = try TemporaryFolder()
    let path = folder.file("v.\(ending)")
    #expect(try RecordingExport(try bag.reader()).write(.video, to: path).frames == times.count)
    let shown = try frames(path)
    #expect(shown.times.count == times.count, "\(shown.times)")
    for (came, right) in zip(shown.times, times) { #expect(abs(came - right) <= 0.005, "\(shown.times)") }
    for (number, level) in shown.levels.enumerated() { #expect(abs(level - (20 + 200 * number / times.count)) <= 6) }
  }

  /// Sizes and codecs that change: every picture whole, at the size of the first.
  @Test func picturesOfAnySizeAndCodecAreShown() throws {
    var random = SeededGenerator(9)
    for _ in 0..<6 {
      let bag = try Bag()
      let count = 6
      var first = (0, 0)
      for number in 0..<count {
        let size = (Int.random(in: 17...200, using: &random), Int.random(in: 17...200, using: &random))
        if number == 0 { first = size }
        let time = UInt64(number + 1) * 100_000_000
        try bag.picture(
          "/cam", level: 30 + 35 * number, stamp: time, at: time, size: size, png: Bool.random(using: &random))
      }
      let folder = try TemporaryFolder()
      #expect(try RecordingExport(try bag.reader()).write(.video, to: folder.file("v.mp4")).frames == count)
      let shown = try frames(folder.file("v.mp4"))
      #expect(shown.size == [first.0 / 2 * 2, first.1 / 2 * 2])
      #expect(shown.levels.count == count)
      for (number, level) in shown.levels.enumerated() { #expect(abs(level - (30 + 35 * number)) <= 6) }
    }
  }

  /// Times of an MPEG-4 file go wrong behind gaps of more than an hour or so; Matroska's do not.
  @Test(arguments: [3500, 7200, 50_000.0]) func longGapsAreKeptOrRefused(gap: Double) throws {
    let times = [0, 0.1, gap, gap + 0.1]
    let bag = try Bag()
    for (number, time) in times.enumerated() {
      let nanoseconds = UInt64(saturating: 1e9 + time * 1e9)
      try bag.picture("/cam", level: 20 + 50 * number, stamp: nanoseconds, at: nanoseconds, size: (64, 48))
    }
    let folder = try TemporaryFolder()
    for ending in ["mkv", "mp4"] {
      let path = folder.file("v.\(ending)")
      if ending == "mp4", gap > 3600 {
        let error = #expect(throws: RecordingError.self) {
          try RecordingExport(try bag.reader()).write(.video, to: path)
        }
        #expect(error?.line.contains(".mkv") == true)
        #expect(!FileManager.default.fileExists(atPath: path))
        continue
      }
      #expect(try RecordingExport(try bag.reader()).write(.video, to: path).frames == 4)
      let shown = try frames(path)
      #expect(zip(shown.times, times).allSatisfy { abs($0 - $1) <= 0.01 }, "\(ending): \(shown.times)")
    }
  }

  @Test func whatFFmpegCannotMakeFails() throws {
    let bag = try Bag()
    for number in 0..<3 {
      let time = UInt64(number + 1) * 100_000_000
      try bag.picture("/cam", level: 40, stamp: time, at: time)
    }
    let bytes = try bag.bytes()
    let folder = try TemporaryFolder()
    for name in ["v.mp3", "v.nothing", "v.txt", "no folder/v.mp4"] {
      #expect(throws: RecordingError.self, "\(name)") {
        try RecordingExport(MCAPReader(MemoryBytes(bytes))).write(.video, to: folder.file(name))
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
