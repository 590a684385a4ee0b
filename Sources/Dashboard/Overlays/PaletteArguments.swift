import Capture
import Ground
import Perception
import Pipeline

/// A command of the palette that takes a value after its name: `threshold 25%`.
struct ArgumentCommand: Sendable {
  let name: String
  let title: String
  /// What a value looks like, for the line where none is understood.
  let usage: String
  /// Values to offer for what has been typed after the name.
  let values: @Sendable (String, SessionSnapshot) -> [String]
  /// What a value does, with its full form; nil for one that is not understood.
  let action: @Sendable (String, SessionSnapshot) -> (value: String, action: Action)?

  /// The command without a value, which asks for one.
  var row: PaletteCommand {
    PaletteCommand(name: name, title: title, keys: usage, action: .overlay(.argument(name)))
  }

  /// The lines of the palette for a text that begins with the command's name: the typed value, then those on offer.
  func offers(_ typed: String, _ snapshot: SessionSnapshot) -> [PaletteCommand] {
    func line(_ value: String) -> PaletteCommand? {
      action(value, snapshot).map {
        PaletteCommand(name: "\(name) \($0.value)", title: title, keys: "", action: $0.action)
      }
    }
    let value = TypedLine.trimmed(typed)
    let hint = PaletteCommand(name: "\(name) …", title: "takes \(usage)", keys: "", action: .overlay(.argument(name)))
    // Enter on a command without a value must not choose one.
    var lines = [value.isEmpty ? hint : line(value)].compactMap(\.self)
    for offer in values(value, snapshot).compactMap(line) where !lines.contains(offer) { lines.append(offer) }
    if lines.isEmpty { lines = [hint] }
    return lines
  }

  // MARK: The commands

  static let all: [ArgumentCommand] = [threshold, only, seek, goTo, speed, recordTo, record, source, topic]

  /// Those that the list of commands has.
  static let listed: [ArgumentCommand] = [threshold, only, seek, goTo, speed, recordTo, source, topic]

  private static let threshold = ArgumentCommand(
    name: "threshold", title: "Show objects from this confidence on", usage: "25% or 0.25",
    values: { typed, _ in beginning(with: typed, among: stride(from: 5, through: 95, by: 5).map { "\($0)%" }) },
    action: { typed, _ in percent(typed).map { ("\($0)%", .session(.showAtLeast(percent: $0))) } })

  private static let only = ArgumentCommand(
    name: "only", title: "Show only objects of these classes", usage: "person, forklift or all",
    values: { typed, snapshot in
      let before = typed.split(separator: ",", omittingEmptySubsequences: false).dropLast().map {
        TypedLine.trimmed($0)
      }
      let last = typed.split(separator: ",", omittingEmptySubsequences: false).last.map { TypedLine.trimmed($0) } ?? ""
      let known = labels(of: snapshot).filter { !before.contains($0) }
      let offers = beginning(with: last, among: (before.isEmpty ? ["all"] : []) + known)
      return offers.map { (before + [$0]).joined(separator: ", ") }
    },
    action: { typed, snapshot in
      let wanted = typed.split(separator: ",").map { TypedLine.trimmed($0).lowercased() }.filter { !$0.isEmpty }
      if wanted == ["all"] { return ("all", .session(.showOnly([]))) }
      let known = labels(of: snapshot)
      let found = wanted.compactMap { name in known.first { $0.lowercased() == name } }
      guard !found.isEmpty, found.count == wanted.count else { return nil }
      return (found.joined(separator: ", "), .session(.showOnly(found)))
    })

  private static let seek = ArgumentCommand(
    name: "seek", title: "Go to a position, or on and back by +30 and -1:00", usage: "1:30, +30 or -1:00",
    values: { typed, snapshot in
      beginning(
        with: typed,
        among: snapshot.replay?.marks.prefix(200).map { Text.clock(seconds: $0.seconds, decimals: 2) } ?? [])
    },
    action: { typed, _ in
      let sign = typed.first == "+" ? 1.0 : typed.first == "-" ? -1.0 : nil
      guard let seconds = ClockText.seconds(sign == nil ? typed : String(typed.dropFirst())) else { return nil }
      return (typed, .replay(sign.map { .skip(seconds: $0 * seconds) } ?? .seek(to: seconds)))
    })

  private static let goTo = ArgumentCommand(
    name: "goto", title: "Go to an hour of the day (UTC)", usage: "14:05:20",
    values: { typed, snapshot in
      guard let moment = snapshot.replay?.moment else { return [] }
      return beginning(with: typed, among: [Text.utc(nanoseconds: moment)])
    },
    action: { typed, _ in
      guard typed.contains(":"), let second = ClockText.secondOfDay(typed) else { return nil }
      return (typed, .replay(.goTo(secondOfDay: second)))
    })

  private static let speed = ArgumentCommand(
    name: "speed", title: "Play a recording faster or slower", usage: "2 or 0.5",
    values: { typed, _ in beginning(with: typed, among: ["0.25", "0.5", "1", "2", "4", "8"]) },
    action: { typed, _ in
      let number = typed.hasSuffix("x") ? String(typed.dropLast()) : typed
      guard let speed = Double(number), PlaybackStatus.speeds.contains(speed) else { return nil }
      return (typed, .replay(.setSpeed(speed)))
    })

  private static let recordTo = recording("record to")
  /// The same by the name of the key's command, which alone starts and stops.
  private static let record = recording("record")

  private static func recording(_ name: String) -> ArgumentCommand {
    ArgumentCommand(
      name: name, title: "Record to a folder, or under this name", usage: "a folder or a name.mcap",
      values: { typed, _ in PathOffers.values(for: typed, foldersOnly: true) },
      action: { typed, _ in typed.isEmpty ? nil : (typed, .session(.recordTo(path: typed))) })
  }

  private static let source = ArgumentCommand(
    name: "source", title: "Look at another source", usage: "/dev/video2, a file, a folder, an address or demo",
    values: { typed, _ in
      beginning(with: typed, among: PathOffers.cameras + ["demo"]) + PathOffers.values(for: typed, foldersOnly: false)
    },
    action: { typed, _ in typed.isEmpty ? nil : (typed, .session(.useSource(typed))) })

  private static let topic = ArgumentCommand(
    name: "topic", title: "Show another camera of the recording", usage: "/front/image",
    values: { typed, snapshot in beginning(with: typed, among: snapshot.replay?.topics ?? []) },
    action: { typed, _ in typed.isEmpty ? nil : (typed, .replay(.useTopic(typed))) })

  // MARK: Values

  private static func beginning(with typed: String, among values: [String]) -> [String] {
    values.filter { $0.lowercased().hasPrefix(typed.lowercased()) }
  }

  /// "25%" and "25" are percent, "0.25" is a share; 1 to 99 percent.
  private static func percent(_ typed: String) -> Int? {
    let hasSign = typed.hasSuffix("%")
    guard let number = Double(TypedLine.trimmed(hasSign ? typed.dropLast() : typed[...])), number.isFinite else {
      return nil
    }
    let percent = number < 1 && !hasSign ? number * 100 : number
    return (1...99).contains(percent) ? Int(saturating: percent.rounded()) : nil
  }

  /// The labels of the running networks, then those that are in the picture beside them.
  private static func labels(of snapshot: SessionSnapshot) -> [String] {
    let models =
      snapshot.detectors.filter { $0.state == .active }.compactMap(\.description)
      + snapshot.pipeline.compactMap(\.model)
    let present = snapshot.latest?.findings.detections.map(\.label) ?? []
    var seen = Set<String>()
    return (present + models.flatMap(\.labels)).filter { seen.insert($0).inserted }
  }
}
