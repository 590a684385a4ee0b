import CVideo4Linux
import Capture
import Foundation
import Ground
import Testing

@Suite struct FaultMatrixTests {
  @Test(arguments: FaultCase.all)
  func recoversByItself(fault: FaultCase) throws {
    let outcome = try FaultOutcome(fault)
    #expect(outcome.isStreaming)
    #expect(outcome.leaked == 0)
    #expect(outcome.lost <= fault.mayLose)
    if let shown = fault.shown {
      #expect(outcome.shown?.hasPrefix(shown) == true, "shown: \(outcome.shown ?? "nothing")")
    } else {
      #expect(outcome.shown == nil)
    }
  }

  @Test func theOtherNodeIsReported() throws {
    let outcome = try FaultOutcome(FaultCase.device[1])
    #expect(outcome.finalPath == "/dev/video3")
  }

  @Test func whatIsLostIsCounted() throws {
    let cases = Dictionary(uniqueKeysWithValues: FaultCase.all.map { ($0.name, $0) })
    #expect(try FaultOutcome(#require(cases["drops"])).drops == 10)
    #expect(try FaultOutcome(#require(cases["damaged buffers for 3 s"])).damaged == 90)
    #expect(try FaultOutcome(#require(cases["JPEG of noise"])).damaged == 5)
  }

  /// One fault as the program met it in the virtual machine: a line of Tests/VirtualCamera/results-*.txt.
  private struct RealRun {
    var driver: String
    var name: String
    /// Seconds from the last good picture until the program spoke; empty where the fault is only counted.
    var said: String
    var shown: String
    /// Seconds without a picture.
    var back: String
    var counted: String

    init?(_ line: Substring) {
      let fields = line.split(separator: "|", omittingEmptySubsequences: false).map { String($0) }
      guard fields.count == 6 else { return nil }
      (driver, name, said) = (fields[0], fields[1], fields[2])
      (shown, back, counted) = (fields[3], fields[4], fields[5])
    }

    var row: String {
      let told = shown.isEmpty ? (counted.isEmpty ? "nothing" : counted) : "“\(shown)”"
      return
        "| \(name) | \(driver) | \(said.isEmpty ? "-" : said + " s") | \(told) | \(back.isEmpty ? "-" : back + " s") |"
    }
  }

  private func realRuns(_ root: URL) -> [RealRun] {
    ["vivid", "hdmi", "uvc"].flatMap { part -> [RealRun] in
      let file = root.appendingPathComponent("Tests/VirtualCamera/results-\(part).txt")
      let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
      return text.split(separator: "\n").compactMap { RealRun($0) }
    }
  }

  /// docs/FAULTS.md is what this table comes to; `OCELLUS_WRITE_DOCS=1 swift test -c release --filter faultDocument`
  /// writes it anew.
  @Test func faultDocument() throws {
    // The real path: a build may see the tests through a link.
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("docs/FAULTS.md")
    let text = try document(realRuns(root))
    if ProcessInfo.processInfo.environment["OCELLUS_WRITE_DOCS"] != nil {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text, "docs/FAULTS.md is not what the tests show")
  }

  private func document(_ real: [RealRun]) throws -> String {
    var lines = [
      "# Camera faults and how Ocellus handles them", "",
      "The tests write this page. Each fault is injected into a scripted V4L2 driver (640x480 at 30 frames per second, with a",
      "clock of its own) two seconds after the start of a stream. Times are times of that clock. *Detected* is measured from the",
      "start of the fault, *recovered* from the moment when its cause has gone. *Lost* counts frames beyond the duration of the",
      "fault. No fault needs a restart of the program or leaves a descriptor or a mapping open. The last column names the kernel",
      "drivers in which `make test-camera` injects the same fault, and the time without a picture there.", "",
      "A driver that does not return from a call has no row: the supervisor reports it after 3 s, and quitting does not wait for",
      "it (`SupervisorTests`). After a thousand reconnects with real descriptors, mappings and a capture thread, as many of each",
      "are open as after one (`LeakTests`).", "",
    ]
    for (title, cases) in [
      ("The device", FaultCase.device), ("The stream", FaultCase.stream), ("The data", FaultCase.data),
    ] {
      lines += [
        "## \(title)", "", "| fault | injected as | detected | shown | recovered | lost | real drivers |",
        "|---|---|---|---|---|---|---|",
      ]
      for fault in cases {
        let outcome = try FaultOutcome(fault)
        let detected = outcome.detected.map(milliseconds) ?? (outcome.damaged + outcome.drops > 0 ? "at once" : "-")
        var shown = outcome.shown.map { "“\($0)”" } ?? "nothing"
        if outcome.shown == nil, outcome.damaged > 0 { shown = "damaged +\(outcome.damaged)" }
        if outcome.shown == nil, outcome.drops > 0 { shown = "driver drops +\(outcome.drops)" }
        let recovered = outcome.lost == 0 && outcome.shown == nil ? "-" : milliseconds(outcome.recovered)
        lines.append(
          "| \(fault.name) | \(fault.injected) | \(detected) | \(shown) | \(recovered) | \(outcome.lost) | "
            + "\(away(fault.name, real)) |")
      }
      lines.append("")
    }
    return lines.joined(separator: "\n") + machine(real)
  }

  private func away(_ name: String, _ real: [RealRun]) -> String {
    let texts = real.filter { $0.name == name }.map { $0.back.isEmpty ? $0.driver : "\($0.driver): \($0.back) s" }
    return texts.isEmpty ? "-" : texts.joined(separator: ", ")
  }

  private func machine(_ real: [RealRun]) -> String {
    guard !real.isEmpty else { return "" }
    let lines =
      [
        "", "## In a virtual machine, on the kernel's own drivers", "",
        "Written by `OCELLUS_WRITE_DOCS=1 make test-camera`: one run of `ocellus run --headless --json` through all faults of a",
        "driver, then one of the dashboard on a terminal, each at full length without a restart. Times are from the JSON; the",
        "machine is emulated in software, so they are no measure of speed, and the time until the fault was taken back again is",
        "part of them. vivid and hdmi are the `vivid` driver (as a webcam, as a grabber), uvc is `uvcvideo`.", "",
        "| fault | driver | said after | shown | picture back after |", "|---|---|---|---|---|",
      ] + real.map(\.row) + [""]
    return lines.joined(separator: "\n")
  }

  private func milliseconds(_ seconds: Double) -> String { "\(Int(saturating: (seconds * 1000).rounded())) ms" }
}

@Suite struct ReconnectTests {
  @Test func aThousandReconnectsLeakNothing() throws {
    let camera = ScriptedCamera()
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    _ = try watch(source, system, for: 0.5, keep: false)
    let (descriptors, mappings) = (system.openDescriptors, system.mapped)
    for round in 0..<1000 {
      camera.gone = true
      _ = try watch(source, system, for: 0.1, keep: false)
      camera.gone = false
      let back = try watch(source, system, for: 1.2, keep: false)
      #expect(back.frameTimes.count > 5, "round \(round)")
    }
    #expect(system.openDescriptors == descriptors)
    #expect(system.mapped == mappings)
    #expect(camera.everStreamed >= 1000)
    source.close()
    #expect(system.openDescriptors == 0)
    #expect(system.mapped == 0)
  }

  @Test func frameNumbersNeverGoBack() throws {
    let camera = ScriptedCamera()
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    var frames: [Frame] = []
    for _ in 0..<5 {
      frames += try watch(source, system, for: 1).frames
      camera.pendingEvents = [V4L2_EVENT_SOURCE_CHANGE]
    }
    for (a, b) in zip(frames, frames.dropFirst()) {
      #expect(b.sequence > a.sequence)
      #expect(b.timestamp >= a.timestamp)
    }
    #expect(frames.last?.driverDrops == 0)
    source.close()
  }

  @Test func twoLikeCamerasAreNotConfused() throws {
    let (mine, twin) = (ScriptedCamera(), ScriptedCamera())
    twin.bus = "usb-0000:00:14.0-9"
    let system = ScriptedSystem(["/dev/video0": mine, "/dev/video1": twin])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    _ = try watch(source, system, for: 0.5)
    mine.gone = true
    system.nodes["/dev/video0"] = nil
    // The twin has a port of its own: it is the same product elsewhere, so it is taken only while it is the only one.
    let other = ScriptedCamera()
    other.bus = "usb-0000:00:14.0-8"
    system.nodes["/dev/video2"] = other
    let lost = try watch(source, system, for: 3)
    #expect(lost.frames.isEmpty)
    system.nodes["/dev/video4"] = mine
    mine.gone = false
    _ = try watch(source, system, for: 3)
    #expect(source.description.name == "/dev/video4")
    source.close()
  }

  @Test func waitsForACameraThatIsNotThereYet() throws {
    let system = ScriptedSystem([:])
    var request = SourceRequest()
    request.waits = true
    let source = try CameraSource(path: "/dev/video0", request: request, system: system)
    system.at(4) { $0.nodes["/dev/video0"] = ScriptedCamera() }
    let watched = try watch(source, system, for: 8)
    #expect(watched.reasons.first == "no such camera, retrying")
    #expect(watched.frames.count > 50)
    source.close()
  }
}
