import Capture
import Configuration
import Glibc
import Ground
import Perception
import Vision

/// Writes a result as a sample for training: the clean picture in its full size, and beside it what is shown of it, in one
/// folder that trainers read as it is.
///
/// - `ocellus-<date>-<frame>-clean.png`: the picture;
/// - `.txt` of the same name: YOLO's labels, a line an object;
/// - `.json` of the same name: the line that `ocellus detect --json` prints;
/// - `classes.txt`: a class a line, in the order of the numbers; it only grows, so that labels that are there stay right;
/// - `train.txt`: the pictures, and `data.yaml`, which names both for trainers.
///
/// Several programs may write into one folder: the shared files are changed under a lock.
struct SampleWriter: Sendable {
  private static let fileLimit = 16 << 20

  let folder: String
  let report: @Sendable (SessionEvent) -> Void

  /// What is to be written.
  struct Sample: Sendable {
    var result: FrameResult
    /// The whole lists of the networks that find objects, in the order of their class numbers.
    var lists: [[String]]
    /// The labels that are shown; all where there are none.
    var only: [String]
  }

  /// Returns at once. Compressing takes tens of milliseconds: on a thread of its own, once per key press.
  func save(_ sample: Sample) {
    do { _ = try WorkerThread(name: "sample") { write(sample) } } catch {
      report(SessionEvent(severity: .error, message: "sample not saved: \(error)"))
    }
  }

  private func write(_ sample: Sample) {
    do {
      let (path, count) = try written(sample)
      report(SessionEvent(severity: .info, message: "saved \(path) with \(counted(count, "label"))"))
    } catch {
      report(SessionEvent(severity: .error, message: "sample not saved: \(error)"))
    }
  }

  private func written(_ sample: Sample) throws -> (path: String, labels: Int) {
    var result = sample.result
    if !sample.only.isEmpty { result.findings.detections.removeAll { !sample.only.contains($0.label) } }
    let picture = try PNGCodec.encode(result.frame.image.rgb24())
    let name = try nameFor("ocellus-\(Photographer.stamp())-\(result.frame.sequence)-clean")
    // Its name is reserved already.
    var made = ["\(folder)/\(name).txt"]
    do {
      func put(_ bytes: [UInt8], _ ending: String) throws {
        let path = "\(folder)/\(name).\(ending)"
        made.append(path)
        do throws(SystemError) { try WholeFile.write(bytes, to: path) } catch {
          throw SessionFailure(what: "cannot be written: \(error.lowercaseWords)", place: path)
        }
      }
      try put(picture, "png")
      let classes = try classes(adding: sample.lists, result.findings.detections.map(\.label))
      let image = result.frame.image
      let lines = result.findings.detections.compactMap { object in
        YOLOLabels.line(of: object, classes.number(of: object), frameWidth: image.width, frameHeight: image.height)
      }
      try put(Array(lines.map { $0 + "\n" }.joined().utf8), "txt")
      try put(Array((try record(of: result, name + ".png").jsonLine() + "\n").utf8), "json")
      try SmallFile.update(folder + "/train.txt", limit: Self.fileLimit) { $0 + "./\(name).png\n" }
      return ("\(folder)/\(name).png", lines.count)
    } catch {
      // A picture without its labels would teach that there is nothing in it.
      for path in made { unlink(path) }
      throw error
    }
  }

  /// A name that no sample has yet, reserved by an empty label file: two programs may save in the same second.
  private func nameFor(_ wanted: String) throws -> String {
    SmallFile.makeFolder(of: folder + "/classes.txt")
    for number in 1...1000 {
      let name = number == 1 ? wanted : "\(wanted)-\(number)"
      let path = "\(folder)/\(name).txt"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      if descriptor >= 0 {
        close(descriptor)
        return name
      }
      guard errno == EEXIST else {
        throw SessionFailure(what: "cannot be written: \(SystemError(errno).lowercaseWords)", place: path)
      }
    }
    throw SessionFailure(what: "a thousand samples have this name", place: "\(folder)/\(wanted)")
  }

  /// The folder's list of classes with these added, and `data.yaml` made from it.
  private func classes(adding lists: [[String]], _ labels: [String]) throws -> SampleClasses {
    var classes = SampleClasses("")
    var yaml: ConfigurationError?
    try SmallFile.update(folder + "/classes.txt", limit: Self.fileLimit) { before in
      classes = SampleClasses(before)
      for list in lists { classes.add(list) }
      classes.add(labels)
      // Under the same lock, so that an older list never replaces a newer one.
      do throws(ConfigurationError) {
        let text = YOLOLabels.description(train: "train.txt", val: "train.txt", classes.names)
        try SmallFile.update(folder + "/data.yaml", limit: Self.fileLimit) { _ in text }
      } catch { yaml = error }
      return classes.names.map { $0 + "\n" }.joined()
    }
    if let yaml { throw yaml }
    return classes
  }

  private func record(of result: FrameResult, _ file: String) -> PhotoRecord {
    let image = result.frame.image
    var record = PhotoRecord(
      image: file, width: image.width, height: image.height, model: result.detector, findings: result.findings,
      stages: result.latency.stages)
    record.wall = result.frame.recorded?.wall ?? WallClock.now.wall(result.frame.timestamp)
    record.seconds = result.frame.mediaTime
    record.file = result.frame.photo?.name
    return record
  }
}

/// The list of classes of a folder of samples: numbers that are given stay as they are.
struct SampleClasses {
  private static let most = 1 << 16

  private(set) var names: [String]
  private var numbers: [String: Int] = [:]

  /// - Parameter text: a name a line.
  init(_ text: String) {
    names = text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    for (number, name) in names.enumerated() where numbers[name] == nil { numbers[name] = number }
  }

  /// Adds what is missing. The first list is taken as it is, with its numbers.
  mutating func add(_ list: [String]) {
    let isFirst = names.isEmpty
    for name in list.map(\.plainLine) where names.count < Self.most && (isFirst || numbers[name] == nil) {
      names.append(name.isEmpty ? "class \(names.count)" : name)
      if numbers[name] == nil { numbers[name] = names.count - 1 }
    }
  }

  func number(of detection: Detection) -> Int {
    let label = detection.label.plainLine
    if names.indices.contains(detection.classID), names[detection.classID] == label { return detection.classID }
    return numbers[label] ?? detection.classID
  }
}
