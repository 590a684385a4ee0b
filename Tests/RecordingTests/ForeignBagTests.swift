import Capture
import Foundation
import Ground
import ROS
import Recording
import TestSupport
import Testing
import Vision

/// Bags of other programs: which pictures are played, and whose results are shown on them.
@Suite struct ForeignBagTests {
  private static let second: UInt64 = 1_000_000_000

  private func level(_ number: Int) -> Int { 20 + 9 * number }

  private func expectLevels(_ shown: [(level: Int, labels: [String])], _ numbers: [Int], _ what: String = "") {
    #expect(shown.count == numbers.count, "\(what)")
    for (picture, number) in zip(shown, numbers) { #expect(abs(picture.level - level(number)) <= 2, "\(what)") }
  }

  /// Any number of channels, chunks that overlap in time, equal times: every picture once, in the order of time.
  @Test func allChannelsOfATopicAreOneStream() throws {
    var random = SeededGenerator(7)
    for round in 0..<40 {
      let bag = try Bag(chunkBytes: 1500, compression: MCAP.Compression.allCases[round % 3])
      let count = 20
      let publishers = Int.random(in: 1...4, using: &random)
      // Messages of a file need not be in the order of their times.
      let order = round % 2 == 0 ? Array(0..<count) : Array(0..<count).shuffled(using: &random)
      let step: UInt64 = round % 4 == 3 ? 0 : 50_000_000
      for number in order {
        let time = ForeignBagTests.second + UInt64(number) * step
        try bag.picture(
          "/cam", level: level(number), stamp: time, at: time,
          publisher: Int.random(in: 0..<publishers, using: &random))
        if Int.random(in: 0..<5, using: &random) == 0 { try bag.closeChunk() }
      }
      expectLevels(try played(try bag.reader()), step == 0 ? order : Array(0..<count), "round \(round)")
    }
  }

  /// A picture that cannot be read is named with its topic and its file, and counts: the status tells.
  @Test func picturesThatCannotBeReadAreNamed() throws {
    let bag = try Bag()
    for number in 0..<5 {
      let time = UInt64(number + 1) * ForeignBagTests.second
      if number == 1 {
        let broken = CompressedImage(
          header: ROSHeader(stamp: time, frameID: "cam"), format: "jpeg", data: [0xFF, 0xD8, 0xFF, 1, 2, 3])
        try bag.add("/cam", broken, type: CompressedImage.typeName, at: time)
      } else if number == 3 {
        let short = RawImage(
          header: ROSHeader(stamp: time, frameID: "cam"), height: 32, width: 32, encoding: "rgb8", bigEndian: 0,
          step: 96, data: [1, 2, 3])
        try bag.add("/cam", short, type: RawImage.typeName, at: time)
      } else {
        try bag.picture("/cam", level: level(number), stamp: time, at: time)
      }
    }
    var options = RecordingSource.Options()
    options.speed = 0
    let source = try RecordingSource(try bag.reader(), options: options)
    defer { source.close() }
    var (pictures, notices): (Int, [String]) = (0, [])
    reading: while true {
      switch try source.next(timeout: 5000) {
      case .frame: pictures += 1
      case .notice(let text): notices.append(text)
      case .end: break reading
      case .nothing, .noSignal: break
      }
    }
    #expect(pictures == 3 && source.refusals == 2 && notices.count == 2, "\(notices)")
    #expect(notices.first?.hasPrefix("bag.mcap: picture 2 on /cam: ") == true)
    #expect(notices.last?.hasPrefix("bag.mcap: picture 4 on /cam: ") == true)
  }

  /// However late, early or shuffled the results are logged: the stamp decides.
  @Test func resultsAreJoinedByTheirStamps() throws {
    var random = SeededGenerator(11)
    for round in 0..<40 {
      let bag = try Bag(chunkBytes: round % 2 == 0 ? 2000 : 4 << 20)
      let count = 12
      var messages: [(picture: Bool, number: Int, log: UInt64)] = []
      for number in 0..<count {
        let time = UInt64(number + 1) * ForeignBagTests.second
        let late = UInt64.random(in: 0...5 * ForeignBagTests.second, using: &random)
        switch round % 4 {
        case 0: messages += [(true, number, time), (false, number, time + late)]
        case 1: messages += [(true, number, time + late), (false, number, time)]
        case 2: messages += [(true, number, ForeignBagTests.second), (false, number, ForeignBagTests.second)]
        default: messages += [(true, number, time), (false, (number + 5) % count, time)]
        }
      }
      if round % 3 == 0 { messages.shuffle(using: &random) }
      let without = Set((0..<count).filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
      for message in messages {
        let stamp = UInt64(message.number + 1) * ForeignBagTests.second
        if message.picture {
          try bag.picture("/cam", level: level(message.number), stamp: stamp, at: message.log)
        } else if !without.contains(message.number) {
          try bag.found("/found", ["n\(message.number)"], stamp: stamp, at: message.log)
        }
      }
      let shown = try played(try bag.reader())
      #expect(shown.count == count)
      for picture in shown {
        let number = Int((Double(picture.level - 20) / 9).rounded())
        #expect(picture.labels == (without.contains(number) ? [] : ["n\(number)"]), "round \(round)")
      }
    }
  }

  /// Writers that leave the stamps out: the same log time joins, and the order among equal ones.
  @Test func resultsWithoutStampsAreJoinedByEqualLogTimes() throws {
    for step in [ForeignBagTests.second, 0] {
      let bag = try Bag()
      for number in 0..<6 {
        let time = ForeignBagTests.second + UInt64(number) * step
        try bag.picture("/cam", level: level(number), stamp: 0, at: time)
        try bag.found("/found", ["n\(number)"], stamp: 0, at: time)
      }
      #expect(try played(try bag.reader()).map(\.labels) == (0..<6).map { ["n\($0)"] })
    }
    // A stuck clock says nothing: the log times, where they are the same.
    let bag = try Bag()
    for number in 0..<6 {
      let time = UInt64(number + 1) * ForeignBagTests.second
      try bag.picture("/cam", level: level(number), stamp: 77, at: time)
      try bag.found("/found", ["n\(number)"], stamp: 77, at: time + (number == 3 ? 5 : 0))
    }
    #expect(try played(try bag.reader()).map(\.labels) == (0..<6).map { $0 == 3 ? [] : ["n\($0)"] })
  }

  /// Several cameras, each with its detector: told apart by frames, by stamps or by the topics' names.
  @Test(arguments: [0, 1, 2]) func detectorsOfOtherCamerasDoNotMix(_ tell: Int) throws {
    let bag = try Bag()
    let cameras = ["front", "left", "rear"]
    for number in 0..<10 {
      for (index, camera) in cameras.enumerated() {
        let time = UInt64(number + 1) * ForeignBagTests.second
        let stamp = tell == 1 ? time + UInt64(index) : time
        let frame = tell == 0 ? "\(camera)_optical" : "camera"
        let results = tell == 2 ? "/\(camera)/found" : "/detector_\(2 - index)/found"
        try bag.picture("/\(camera)/image", level: level(number + index), stamp: stamp, at: time, frame: frame)
        try bag.found(results, ["\(camera)\(number)"], stamp: stamp, at: time + 5, frame: frame)
      }
    }
    let bytes = try bag.bytes()
    for camera in cameras {
      let shown = try played(try MCAPReader(MemoryBytes(bytes)), topic: "/\(camera)/image")
      #expect(shown.map(\.labels) == (0..<10).map { ["\(camera)\($0)"] })
    }
  }

  /// One detector for all cameras publishes on one topic: the frame tells whose its results are.
  @Test func aTopicOfSeveralCamerasIsTakenApart() throws {
    let bag = try Bag()
    for number in 0..<8 {
      let time = UInt64(number + 1) * ForeignBagTests.second
      for camera in ["a", "b"] {
        try bag.picture("/\(camera)/image", level: level(number), stamp: time, at: time, frame: camera)
      }
      for camera in number % 2 == 0 ? ["a", "b"] : ["b"] {
        try bag.found("/found", ["\(camera)\(number)"], stamp: time, at: time, frame: camera)
      }
    }
    let bytes = try bag.bytes()
    for camera in ["a", "b"] {
      let shown = try played(try MCAPReader(MemoryBytes(bytes)), topic: "/\(camera)/image")
      #expect(shown.map(\.labels) == (0..<8).map { $0 % 2 == 0 || camera == "b" ? ["\(camera)\($0)"] : [] })
    }
  }

  /// Two detectors of one camera: one of them on every picture, and the other when it is asked for.
  @Test func twoDetectorsDoNotMix() throws {
    let bag = try Bag()
    for number in 0..<9 {
      let time = UInt64(number + 1) * ForeignBagTests.second
      try bag.picture("/cam/image", level: level(number), stamp: time, at: time)
      if number % 3 == 0 { try bag.found("/cam/slow", ["slow"], stamp: time, at: time + 1) }
      try bag.found("/cam/quick", ["quick"], stamp: time, at: time + 2)
    }
    let bytes = try bag.bytes()
    #expect(try played(try MCAPReader(MemoryBytes(bytes))).map(\.labels) == (0..<9).map { _ in ["quick"] })
    let slow = try played(try MCAPReader(MemoryBytes(bytes)), results: "/cam/slow").map(\.labels)
    #expect(slow == (0..<9).map { $0 % 3 == 0 ? ["slow"] : [] })
    let folder = try TemporaryFolder()
    var options = RecordingExport.Options()
    let report = try RecordingExport(MCAPReader(MemoryBytes(bytes)), options: options).write(
      .csv, to: folder.file("a.csv"))
    #expect(report.frames == 9 && report.notes.contains { $0.contains("/cam/slow") })
    options.results = "/cam/slow"
    let other = try RecordingExport(MCAPReader(MemoryBytes(bytes)), options: options).write(
      .csv, to: folder.file("b.csv"))
    #expect(other.frames == 3)
    options.results = "/nothing"
    #expect(throws: RecordingError.self) {
      try RecordingExport(MCAPReader(MemoryBytes(bytes)), options: options).write(.csv, to: folder.file("c.csv"))
    }
  }

  @Test func theMostLikelyHypothesisNamesAnObject() throws {
    let bag = try Bag()
    try bag.picture("/cam", level: 20, stamp: 5, at: 5)
    let results: [ObjectHypothesis] = [
      .init(classID: "cat", score: 0.25), .init(classID: "dog", score: 0.75), .init(classID: "cow", score: .nan),
    ]
    try bag.add(
      "/found",
      Detection2DArray(
        header: ROSHeader(stamp: 5, frameID: "cam"),
        detections: [.init(results: results, centerX: 8, centerY: 8, width: 4, height: 4)]),
      type: Detection2DArray.typeName, at: 5)
    #expect(try played(try bag.reader()).map(\.labels) == [["dog"]])
  }

  private func depth(_ bag: Bag, _ topic: String, at time: UInt64) throws {
    let image = RawImage(
      header: ROSHeader(stamp: time, frameID: "d"), height: 1, width: 2, encoding: "16UC1", step: 4, data: [1, 4, 1, 8])
    try bag.add(topic, image, type: RawImage.typeName, at: time)
  }

  /// Colours before grey, grey before distances, whatever there is the most of; what cannot be decoded comes last.
  @Test func theDefaultTopicIsOneOfColours() throws {
    for colour in [true, false] {
      let bag = try Bag()
      for number in 0..<10 {
        let time = UInt64(number + 1) * ForeignBagTests.second
        try depth(bag, "/a/depth", at: time)
        try bag.add(
          "/a/video", CompressedImage(format: "h264", data: [0, 0, 0, 1]), type: CompressedImage.typeName, at: time)
        if number < 2, colour { try bag.picture("/z/color", level: level(number), stamp: time, at: time) }
      }
      let shown = try played(try bag.reader())
      if colour { expectLevels(shown, [0, 1]) } else { #expect(shown.count == 10) }
      let folder = try TemporaryFolder()
      let report = try RecordingExport(try bag.reader()).write(.frames, to: folder.file("out"))
      #expect(report.frames == (colour ? 2 : 10))
    }
  }

  @Test func anExportOfNothingFails() throws {
    let bag = try Bag()
    for number in 0..<3 {
      let time = UInt64(number + 1) * ForeignBagTests.second
      try bag.add(
        "/video", CompressedImage(header: ROSHeader(stamp: time, frameID: "v"), format: "h264", data: [0, 0, 0, 1]),
        type: CompressedImage.typeName, at: time)
      try bag.add("/ocellus/results", StringMessage(data: "{}"), type: StringMessage.typeName, at: time)
    }
    let folder = try TemporaryFolder()
    let bytes = try bag.bytes()
    for format in RecordingExport.Format.allCases {
      let error = #expect(throws: (any Error).self) {
        try RecordingExport(MCAPReader(MemoryBytes(bytes))).write(format, to: folder.file("x.\(format.rawValue)"))
      }
      #expect(error is any ExplainedError)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  /// Pixels of an unknown encoding are no picture, whatever their bytes would make.
  @Test(arguments: ["8SC1", "nv24", "64FC1", ""]) func unknownEncodingsAreSaid(_ encoding: String) throws {
    let bag = try Bag()
    for number in 0..<3 {
      let time = UInt64(number + 1) * ForeignBagTests.second
      let picture = RawImage(
        header: ROSHeader(stamp: time, frameID: "cam"), height: 4, width: 4, encoding: encoding, step: 64,
        data: [UInt8](repeating: 7, count: 256)[...])
      try bag.add("/cam", picture, type: RawImage.typeName, at: time)
    }
    let folder = try TemporaryFolder()
    let bytes = try bag.bytes()
    #expect(throws: ROSError.self) { try RecordingSource(MCAPReader(MemoryBytes(bytes))) }
    for format in [RecordingExport.Format.frames, .coco, .video] {
      let error = #expect(throws: (any Error).self) {
        try RecordingExport(MCAPReader(MemoryBytes(bytes))).write(format, to: folder.file("x.\(format.rawValue)"))
      }
      #expect((error as? any ExplainedError)?.line.contains("'\(encoding)'") ?? false, "\(format)")
    }
  }

  /// Pictures as Foxglove's own programs write them.
  @Test(arguments: ["foxglove.CompressedImage", "foxglove.RawImage", "foxglove_msgs/msg/CompressedVideo"])
  func picturesOfOtherSystemsAreNamed(_ type: String) throws {
    let bag = try Bag()
    try bag.add("/camera", StringMessage(data: "x"), type: type, at: 5, schema: "string data")
    let bytes = try bag.bytes()
    for topic in [nil, "/camera"] {
      var options = RecordingSource.Options()
      options.topic = topic
      let error = #expect(throws: RecordingError.self) {
        try RecordingSource(MCAPReader(MemoryBytes(bytes)), options: options)
      }
      #expect(error?.kind == .unsupported && error?.line.contains(type) ?? false)
      #expect(error?.line.contains("sensor_msgs/msg/CompressedImage") ?? false)
    }
  }

  @Test func schemasThatAreNotUnderstoodAreSaid() throws {
    let bag = try Bag()
    try bag.picture("/cam", level: 20, stamp: 5, at: 5)
    try bag.add(
      "/found", Detection2DArray(), type: Detection2DArray.typeName, at: 5, schema: "uint8[] packed_detections")
    let reader = try bag.reader()
    let source = try RecordingSource(reader)
    defer { source.close() }
    guard case .notice(let text) = try source.next(timeout: 100) else {
      Issue.record("no notice")
      return
    }
    #expect(text.contains("/found") && text.contains("Detection2DArray") && text.contains("schema"))
    let folder = try TemporaryFolder()
    let error = #expect(throws: RecordingError.self) {
      try RecordingExport(reader).write(.csv, to: folder.file("x.csv"))
    }
    #expect(error?.line.contains("Detection2DArray") ?? false)
  }
}
