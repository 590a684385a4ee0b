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

  /// docs/FAULTS.md is what this table comes to; `OCELLUS_WRITE_DOCS=1 swift test -c release --filter faultDocument`
  /// writes it anew.
  @Test func faultDocument() throws {
    // The real path: a build may see the tests through a link.
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("docs/FAULTS.md")
    let text = try document()
    if ProcessInfo.processInfo.environment["OCELLUS_WRITE_DOCS"] != nil {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text, "docs/FAULTS.md is not what the tests show")
  }

  private func document() throws -> String {
    var lines = [
      "# What goes wrong with cameras, and what happens then", "",
      "Written by the tests: each fault is injected into a scripted V4L2 driver (640x480 at 30 frames a second, a clock of",
      "its own) two seconds into a stream. Times are that clock's. *Detected* counts from the fault's beginning, *recovered*",
      "from the moment its cause is gone; *lost* are frames beyond those of the fault's own duration. None needs a restart",
      "of the program, none leaves a descriptor or a mapping behind. The same faults are injected into real kernel drivers",
      "by `make test-camera` (Tests/VirtualCamera).", "",
    ]
    for (title, cases) in [
      ("The device", FaultCase.device), ("The stream", FaultCase.stream), ("The data", FaultCase.data),
    ] {
      lines += [
        "## \(title)", "", "| fault | injected as | detected | shown | recovered | lost |", "|---|---|---|---|---|---|",
      ]
      for fault in cases {
        let outcome = try FaultOutcome(fault)
        let detected = outcome.detected.map(milliseconds) ?? (outcome.damaged + outcome.drops > 0 ? "at once" : "-")
        var shown = outcome.shown.map { "“\($0)”" } ?? "nothing"
        if outcome.shown == nil, outcome.damaged > 0 { shown = "damaged +\(outcome.damaged)" }
        if outcome.shown == nil, outcome.drops > 0 { shown = "driver drops +\(outcome.drops)" }
        let recovered = outcome.lost == 0 && outcome.shown == nil ? "-" : milliseconds(outcome.recovered)
        lines.append(
          "| \(fault.name) | \(fault.injected) | \(detected) | \(shown) | \(recovered) | \(outcome.lost) |")
      }
      lines.append("")
    }
    return lines.joined(separator: "\n")
  }

  private func milliseconds(_ seconds: Double) -> String { "\(Int((seconds * 1000).rounded())) ms" }
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
