import Capture
import Foundation
import Ground
import Perception
import Vision

/// Writes a result as a photo with its boxes drawn: `ocellus-<date>-<frame>.png` in a folder. Any thread; returns at once.
struct Photographer: Sendable {
  private let folder: String
  private let report: @Sendable (SessionEvent) -> Void

  init(folder: String, report: @escaping @Sendable (SessionEvent) -> Void) {
    self.folder = folder
    self.report = report
  }

  func save(_ result: FrameResult?) {
    guard let result else {
      report(SessionEvent(severity: .warning, message: "no picture to save yet"))
      return
    }
    // Compressing takes tens of milliseconds: on a thread of its own, once per key press.
    do { _ = try WorkerThread(name: "photographer") { write(result) } } catch {
      report(SessionEvent(severity: .error, message: "photo not saved: \(error)"))
    }
  }

  private func write(_ result: FrameResult) {
    guard var canvas = Canvas(result.frame.image.rgb24()) else { return }
    FindingsPainter.paint(result.findings, on: &canvas)
    guard let painted = canvas.image else { return }
    let path = "\(folder)/ocellus-\(Self.stamp())-\(result.frame.sequence).png"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try ImageFile.save(painted, to: path)
      report(SessionEvent(severity: .info, message: "saved \(path)"))
    } catch {
      report(SessionEvent(severity: .error, message: "photo not saved: \(error)"))
    }
  }

  /// The present time as names of files have it: 20261130-140520.
  static func stamp() -> String {
    Date.now.formatted(
      .verbatim(
        "\(year: .defaultDigits)\(month: .twoDigits)\(day: .twoDigits)-\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased))\(minute: .twoDigits)\(second: .twoDigits)",
        timeZone: .current, calendar: Calendar(identifier: .gregorian)))
  }
}
