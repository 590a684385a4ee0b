import Foundation
import TestSupport
import Testing

/// The boxes that act outside the screen: the camera's controls and the catalogue, on a real terminal.
@Suite(.serialized) struct DashboardBoxTests {
  private static let curlIsThere = ["/usr/bin/curl", "/bin/curl", "/usr/local/bin/curl"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test func aDarkSceneIsBrightenedAndTheControlsAreRemembered() throws {
    let scratch = try TemporaryFolder()
    let environment = ["XDG_STATE_HOME": scratch.path]
    let first = try TerminalRun(["--source", "demo:light=night"], environment: environment)
    #expect(first.wait { $0.screen.line(0).contains("DARK: X opens controls") }, "\(first.screen.text)")
    first.send("X")
    #expect(first.wait { $0.shows("exposure_time_absolute") && $0.shows("x 100 µs") })
    // One after the other: exposure by a tenth of its range, four times.
    first.send("j\u{1B}[5~\u{1B}[5~\u{1B}[5~\u{1B}[5~")
    #expect(first.wait { !$0.screen.line(0).contains("DARK") && $0.shows("896 x") }, "\(first.screen.text)")
    first.send("W")
    #expect(first.wait { $0.shows("remembered for this camera") && !$0.shows("W remembers") }, "\(first.screen.text)")
    first.send("qq")
    #expect(first.wait { $0.status == 0 })
    first.expectRestored("the controls")

    let second = try TerminalRun(
      ["--source", "demo:light=night"], columns: 180, rows: 60, environment: environment)
    #expect(second.wait { $0.shows("controls remembered for") }, "the event says so:\n\(second.screen.text)")
    second.send("X")
    #expect(second.wait { $0.shows("896 x 100 µs") && $0.shows("remembered for this camera") })
    // Reset and remembered, nothing is kept.
    second.send("DW")
    #expect(
      second.wait { !$0.shows("896 x") && $0.shows("remembered for this camera") && !$0.shows("W remembers") },
      "\(second.screen.text)")
    second.send("qq")
    #expect(second.wait { $0.status == 0 })
    let third = try Program.run(
      ["run", "--headless", "--source", "demo:light=night", "--frames", "3"], environment: environment)
    #expect(third.status == 0 && !third.errors.contains("remembered"), "\(third.errors)")
  }

  @Test func theConfigurationRemembersEachChange() throws {
    let scratch = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: scratch.file("ocellus"), withIntermediateDirectories: true)
    let file = scratch.file("ocellus/config.toml")
    try "[camera]\nremember_controls = true\n".write(toFile: file, atomically: true, encoding: .utf8)
    let environment = ["XDG_STATE_HOME": scratch.path, "XDG_CONFIG_HOME": scratch.path]
    let run = try TerminalRun(["--source", "demo"], environment: environment)
    #expect(run.wait { $0.shows("age ") })
    run.send("X")
    #expect(run.wait { $0.shows("gain") })
    run.send("jj\u{1B}[C\u{1B}[C")
    #expect(run.wait { $0.shows("remembered for this camera") && !$0.shows("W remembers") }, "\(run.screen.text)")
    run.send("qq")
    #expect(run.wait { $0.status == 0 })
    let folder = scratch.file("ocellus/controls")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 1)
    #expect(try String(contentsOfFile: "\(folder)/\(names[0])", encoding: .utf8).contains("\ngain=2\n"))
    try "[camera]\nremember_controls = 3\nzoom = 1\n".write(toFile: file, atomically: true, encoding: .utf8)
    let odd = try Program.run(["run", "--headless", "--source", "demo", "--frames", "3"], environment: environment)
    #expect(
      odd.status == 0 && odd.errors.contains("config.toml:2: remember_controls takes true or false"), "\(odd.errors)")
    #expect(odd.errors.contains("config.toml:3: [camera] has no 'zoom'"))
  }

  /// A catalogue of one network, which a server on this machine has.
  private static func place(_ url: String, sha256: String, bytes: Int) throws -> TemporaryFolder {
    let scratch = try TemporaryFolder()
    let models = scratch.file("data/ocellus/models")
    try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
    let manifest = try String(contentsOfFile: "\(Program.root)/models/ocellus-detector.toml", encoding: .utf8)
      .replacingOccurrences(of: "ocellus-detector.onnx", with: "watcher.onnx")
      .split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.hasPrefix("license") && !$0.hasPrefix("source") && !$0.hasPrefix("sha256") }
      .joined(separator: "\n")
    try """
    [[model]]
    name = "watcher"
    suggested = true
    task = "detection"
    bytes = \(bytes)
    sha256 = "\(sha256)"
    license = "Apache-2.0"
    urls = ["\(url)"]
    manifest = '''
    \(manifest)
    '''
    """.write(toFile: models + "/catalogue.toml", atomically: true, encoding: .utf8)
    return scratch
  }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func aNetworkIsPulledAndUsed() throws {
    let body = [UInt8](try Data(contentsOf: URL(filePath: "\(Program.root)/models/ocellus-detector.onnx")))
    let sum = try Self.sha256(ofFile: "\(Program.root)/models/ocellus-detector.onnx")
    let server = try LoopbackServer(body: body, [.breaksOff(after: 1000), .whole])
    defer { server.stop() }
    let scratch = try Self.place(server.url, sha256: sum, bytes: body.count)
    let run = try TerminalRun(
      ["--source", "\(Program.root)/docs/screenshot.png"],
      environment: ["XDG_DATA_HOME": scratch.file("data"), "no_proxy": "*"])
    #expect(run.wait { $0.shows("N opens the catalogue") }, "\(run.screen.text)")
    run.send("N")
    #expect(run.wait { $0.shows("watcher") && $0.shows("start here") })
    run.send("\r")
    #expect(run.wait { $0.shows("Download watcher under its licence? licence Apache-2.0") }, "\(run.screen.text)")
    run.send("\r")
    #expect(run.wait { $0.shows("watcher not downloaded") && $0.shows("broke off") }, "\(run.screen.text)")
    run.send("N\r\r")
    #expect(
      run.wait { $0.screen.line(0).contains("watcher") && !$0.shows("no network for this") }, "\(run.screen.text)")
    #expect(server.ranges.contains("1000-"), "it goes on where it stopped")
    run.send("q")
    #expect(run.wait { $0.status == 0 })
    run.expectRestored("the catalogue")
  }

  @Test(.enabled(if: curlIsThere, "curl is not installed")) func escStopsADownload() throws {
    let server = try LoopbackServer(body: [UInt8](repeating: 7, count: 512), [.endless])
    defer { server.stop() }
    let scratch = try Self.place(server.url, sha256: String(repeating: "0", count: 64), bytes: 1 << 36)
    let run = try TerminalRun(
      ["--source", "\(Program.root)/docs/screenshot.png"],
      environment: ["XDG_DATA_HOME": scratch.file("data"), "no_proxy": "*"])
    #expect(run.wait { $0.shows("N opens the catalogue") })
    run.send("N\r\r")
    #expect(run.wait { $0.screen.line(0).contains("PULL watcher") && $0.screen.line(0).contains("Esc stops") })
    run.send("\u{1B}")
    #expect(run.wait { $0.shows("watcher stopped at") && !$0.screen.line(0).contains("PULL") }, "\(run.screen.text)")
    run.send("q")
    #expect(run.wait { $0.status == 0 })
  }

  private static func sha256(ofFile path: String) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["sha256sum", path]
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return String(text.prefix(64))
  }
}
