import Capture
import TestSupport
import Testing
import Vision

/// Finding pictures in files whose pictures have any times.
@Suite struct VideoCursorTests {
  /// A decoder of a file with these times: it begins with the first picture at or after a moment, as ffmpeg does.
  private struct File {
    var times: [Double]
    var cursor: VideoCursor
    var next = 0
    var opens = 0

    init(_ times: [Double], duration: Double?) {
      self.times = times
      cursor = VideoCursor(duration: duration)
    }

    /// Reads on until a picture is shown; nil where there is none.
    mutating func read(_ step: VideoCursor.Step) -> Double? {
      var step = step
      var isOver = false
      for _ in 0..<10_000 {
        switch step {
        case .open(let seconds):
          opens += 1
          next = times.firstIndex { $0 >= seconds } ?? times.count
          isOver = false
        case .nothing: return nil
        case .showLast: return times.last
        case .show where isOver: return nil
        case .show, .pass: break
        }
        if next == times.count {
          isOver = true
          step = cursor.end()
          if step == .show { return nil }
          continue
        }
        let time = times[next]
        next += 1
        step = cursor.read(time)
        if step == .show { return time }
      }
      Issue.record("the cursor does not come to an end")
      return nil
    }

    mutating func play() -> Double? { read(.show) }

    mutating func go(_ seconds: Double?, _ frames: Int) -> Double? {
      let step = cursor.go(to: seconds, by: frames, isOpen: next < times.count)
      return step == .nothing ? nil : read(step)
    }
  }

  private static let files: [[Double]] = [
    (0..<14).map { Double($0) / 20 }, [0, 0.033, 0.066, 0.1, 0.9, 0.933, 0.966, 1, 1.9, 1.933, 1.966, 2],
    [0, 1, 1.5, 3, 3.04], [0.4, 0.5, 20, 95, 300, 300.01], [0],
  ]

  @Test(arguments: files.indices)
  func everyStepFromEveryPicture(index: Int) throws {
    let times = Self.files[index]
    for duration in [nil, times[times.count - 1] + 0.2] {
      for at in times.indices {
        for frames in -at..<(times.count - at) {
          var file = File(times, duration: duration)
          // Played so far, and gone to directly.
          for _ in 0...at { _ = file.play() }
          #expect(frames == 0 || file.go(nil, frames) == times[at + frames], "from \(at) by \(frames)")
          var other = File(times, duration: duration)
          #expect(other.go(times[at], frames) == times[at + frames], "to \(times[at]) and \(frames)")
          if at + frames > 0 { #expect(other.go(nil, -1) == times[at + frames - 1]) }
          #expect(at + frames == 0 || other.play() == times[at + frames])
        }
      }
    }
  }

  @Test func beyondTheEndsAreTheFirstAndTheLast() {
    for times in Self.files {
      for duration in [nil, times[times.count - 1] + 0.2, 5000] {
        var file = File(times, duration: duration)
        #expect(file.go(1e300, 0) == times.last)
        #expect(file.play() == nil)
        #expect(file.go(0, 0) == times.first)
        #expect(file.go(-5, 0) == times.first)
        #expect(file.go(nil, -1000) == times.first)
        #expect(file.go(0, 200) == times.last)
        #expect(file.opens < 30)
      }
    }
  }

  @Test func randomWalks() {
    var random = SeededGenerator(15)
    for _ in 0..<40 {
      var time = 0.0
      let times = (0..<60).map { _ in
        time += Double.random(in: 0.01...2, using: &random)
        return time
      }
      var file = File(times, duration: time)
      var at = 0
      #expect(file.play() == times[0])
      for _ in 0..<60 {
        let frames = Int.random(in: -8...8, using: &random)
        guard frames != 0, times.indices.contains(at + frames) else { continue }
        at += frames
        #expect(file.go(nil, frames) == times[at])
      }
    }
  }
}

@Suite struct PictureNotesTests {
  private let place = "[Parsed_showinfo_0 @ 0x55e949ac2940] [info] "

  @Test func timesAndMatrices() {
    let notes = PictureNotes()
    #expect(notes.take("[info] Input #0, mov,mp4, from 'file:a.mp4':") == nil)
    #expect(notes.take(place + "config in time_base: 1/10240, frame_rate: 10/1") == nil)
    #expect(notes.take(place + "config out time_base: 0/0, frame_rate: 0/0") == nil)
    let lines = [
      "n:   0 pts:   4096 pts_time:0.4     pos:     7223 fmt:yuv420p sar:1/1 s:160x120 i:P iskey:0 type:B ",
      "color_range:unknown color_space:bt709 color_primaries:unknown color_trc:unknown",
      "n:   1 pts:-512 pts_time:-0.05   pos:     7223 fmt:yuv420p cl:left sar:1/1 s:1280x720 i:P iskey:0 type:B ",
      "color_range:tv color_space:unknown color_primaries:unknown color_trc:unknown",
      "n:   2 pts:   NOPTS pts_time:NOPTS   fmt:bgr0 sar:1/1 s:1920x1080 i:P iskey:0 type:B ",
      "color_range:pc color_space:gbr color_primaries:unknown color_trc:unknown",
      "n:   3 pts:  10240 pts_time:1 fmt:yuv420p10le sar:1/1 s:720x1280 i:P iskey:0 type:B ",
      "color_range:tv color_space:bt2020nc color_primaries:unknown color_trc:unknown",
    ]
    for line in lines { #expect(notes.take(place + line) == nil) }
    #expect(notes.take(0) == PictureNotes.Note(seconds: 0.4, matrix: .bt709))
    #expect(notes.take(1) == PictureNotes.Note(seconds: -0.05, matrix: .bt709))
    #expect(notes.take(2) == PictureNotes.Note(seconds: nil, matrix: .bt601))
    #expect(notes.take(3) == PictureNotes.Note(seconds: 1, matrix: .bt2020))
    #expect(notes.take(4) == nil)
    // The filter is set up again where the stream's size changes, and counts from 0.
    #expect(notes.take(place + "config in time_base: 1/1000, frame_rate: 10/1") == nil)
    #expect(notes.take(place + "n:   0 pts:   1500 pts_time:1.5 fmt:yuv420p sar:1/1 s:640x480 i:P") == nil)
    #expect(notes.take(4) == PictureNotes.Note(seconds: 1.5, matrix: .bt601))
    notes.clear()
    #expect(notes.take(4) == nil)
  }

  @Test func troubleIsTold() {
    let notes = PictureNotes()
    #expect(notes.take("[error] file:a.mp4: Invalid data found") == "file:a.mp4: Invalid data found")
    #expect(notes.take("[h264 @ 0x55] [warning] corrupted macroblock") == "[h264 @ 0x55] corrupted macroblock")
    #expect(notes.take("[info]   Stream #0:0: Video [error] in a title") == nil)
    #expect(notes.take("ffmpeg: error while loading shared libraries") != nil)
  }

  @Test func nonsenseIsNothing() {
    let notes = PictureNotes()
    var random = SeededGenerator(3)
    let words = [
      "n:", "pts:", "NOPTS", "config", "in", "time_base:", "1/0", "0/0", "s:9x", "fmt:", "-9223372036854775808",
      "9223372036854775807", "color_space:", "é", "",
    ]
    for _ in 0..<5000 {
      let line = (0..<8).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
      _ = notes.take(place + line)
      _ = notes.take(Int.random(in: 0...100, using: &random))
    }
  }
}
