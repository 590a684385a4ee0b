import CVideo4Linux
import Capture
import Foundation
import Ground
import Synchronization
import TestSupport
import Testing
import Vision

/// The controls of a running camera: read, changed, kept over a reconnect, remembered for the next session.
@Suite struct ControlTests {
  private static func camera() -> ScriptedCamera {
    let camera = ScriptedCamera()
    camera.controls = [
      (id: 0x0098_0900, name: "Brightness", minimum: -64, maximum: 64, value: 3),
      (id: 0x0098_0913, name: "Gain", minimum: 0, maximum: 100, value: 10),
    ]
    return camera
  }

  private static func open(
    _ system: ScriptedSystem, memory: ControlMemory? = nil, controls: [ControlSetting] = []
  ) throws -> (source: CameraSource, desk: ControlDesk) {
    var request = SourceRequest()
    request.controls = controls
    request.controlMemory = memory
    // Requests are carried out at once: the scripted machine is one thread's.
    let source = try CameraSource(path: "/dev/video0", request: request, system: system, controls: { $0() })
    return (source, try #require(source.controls))
  }

  private final class Told: Sendable {
    private let kept = Mutex<[ControlReport]>([])
    var all: [ControlReport] { kept.withLock { $0 } }
    func add(_ report: ControlReport) { kept.withLock { $0.append(report) } }
  }

  @Test func controlsAreReadAndChangedWhileFramesCome() throws {
    let camera = Self.camera()
    let system = ScriptedSystem(["/dev/video0": camera])
    let (source, desk) = try Self.open(system)
    #expect(!desk.listing.isKnown)
    desk.ask(.read)
    #expect(desk.listing.isKnown && desk.listing.controls.map(\.name) == ["brightness", "gain"])
    #expect(desk.listing.controls.map(\.value) == [3, 10])
    let before = try watch(source, system, for: 0.5)
    desk.ask(.set(name: "gain", value: 42))
    #expect(camera.controls[1].value == 42 && desk.listing.controls[1].value == 42)
    let after = try watch(source, system, for: 0.5)
    #expect(after.reasons.isEmpty && after.frames.count > 10 && camera.everStreamed == 1)
    #expect(after.frames[0].sequence == (before.frames.last?.sequence ?? 0) + 1, "no frame is lost to a change")
    source.close()
    #expect(system.openDescriptors == 0)
    desk.ask(.set(name: "gain", value: 1))
    #expect(camera.controls[1].value == 42, "a closed source changes nothing")
  }

  @Test func refusalsAreToldAndTheTrueValueIsShown() throws {
    let camera = Self.camera()
    let system = ScriptedSystem(["/dev/video0": camera])
    let (source, desk) = try Self.open(system)
    let told = Told()
    desk.report { told.add($0) }
    desk.ask(.read)
    camera.failures[ocv_s_ctrl] = [EIO]
    desk.ask(.set(name: "gain", value: 50))
    #expect(told.all.last?.isTrouble == true && told.all.last?.message.contains("refuses gain=50") == true)
    #expect(desk.listing.controls[1].value == 10)
    desk.ask(.set(name: "gain", value: 5000))
    #expect(told.all.last?.message.contains("out of range") == true && desk.listing.controls[1].value == 10)
    desk.ask(.set(name: "zoom", value: 1))
    #expect(told.all.last?.message.contains("no control 'zoom'") == true)
    camera.gone = true
    desk.ask(.set(name: "gain", value: 7))
    #expect(told.all.last?.message.contains("disconnected") == true)
    source.close()
  }

  @Test func whatWasSetIsSetAgainAfterAReconnect() throws {
    let camera = Self.camera()
    let system = ScriptedSystem(["/dev/video0": camera])
    let (source, desk) = try Self.open(system, controls: [ControlSetting(name: "brightness", value: "9")])
    desk.ask(.set(name: "gain", value: 77))
    _ = try watch(source, system, for: 0.3)
    system.at(system.seconds + 0.1) { _ in camera.gone = true }
    system.at(system.seconds + 1) { _ in
      camera.gone = false
      // Without power it forgets.
      for i in camera.controls.indices { camera.controls[i].value = 0 }
    }
    _ = try watch(source, system, for: 4)
    #expect(camera.everStreamed == 2 && camera.controls.map(\.value) == [9, 77])
    source.close()
  }

  @Test func onRequestACameraBeginsWithItsLastControls() throws {
    let scratch = try TemporaryFolder()
    let memory = ControlMemory(folder: scratch.file("controls"))
    let system = ScriptedSystem(["/dev/video0": Self.camera()])
    var (source, desk) = try Self.open(system, memory: memory)
    let told = Told()
    desk.report { told.add($0) }
    desk.ask(.set(name: "gain", value: 33))
    #expect(!desk.listing.isRemembered)
    desk.ask(.remember)
    #expect(desk.listing.isRemembered && told.all.last == nil || told.all.last?.isTrouble == false)
    source.close()

    let next = Self.camera()
    (source, desk) = try Self.open(ScriptedSystem(["/dev/video0": next]), memory: memory)
    #expect(next.controls.map(\.value) == [3, 33] && desk.listing.isRemembered)
    let later = Told()
    desk.report { later.add($0) }
    #expect(later.all.first?.message.contains("gain=33") == true, "it says so")
    source.close()

    // The command line counts before what is remembered; another camera has nothing of it.
    let asked = Self.camera()
    (source, _) = try Self.open(
      ScriptedSystem(["/dev/video0": asked]), memory: memory, controls: [ControlSetting(name: "gain", value: "4")])
    #expect(asked.controls[1].value == 4)
    source.close()
    let other = Self.camera()
    other.card = "Another"
    (source, _) = try Self.open(ScriptedSystem(["/dev/video0": other]), memory: memory)
    #expect(other.controls[1].value == 10)
    source.close()

    // Reset and remembered, nothing is kept.
    (source, desk) = try Self.open(ScriptedSystem(["/dev/video0": Self.camera()]), memory: memory)
    desk.ask(.resetAll)
    desk.ask(.remember)
    source.close()
    let last = Self.camera()
    (source, _) = try Self.open(ScriptedSystem(["/dev/video0": last]), memory: memory)
    #expect(last.controls.map(\.value) == [3, 10])
    source.close()
  }

  /// A camera whose firmware no longer has a remembered control is used all the same; one that lacks what the command line
  /// asks for is not.
  @Test func onlyTheCommandLineDemands() throws {
    let scratch = try TemporaryFolder()
    let memory = ControlMemory(folder: scratch.file("controls"), isAutomatic: true)
    var (source, desk) = try Self.open(ScriptedSystem(["/dev/video0": Self.camera()]), memory: memory)
    desk.ask(.set(name: "gain", value: 33))
    #expect(desk.listing.isRemembered, "automatically")
    source.close()
    let poorer = Self.camera()
    poorer.controls.removeLast()
    let system = ScriptedSystem(["/dev/video0": poorer])
    (source, desk) = try Self.open(system, memory: memory)
    #expect(try watch(source, system, for: 0.5).notices.contains { $0.contains("no control 'gain'") })
    source.close()
    #expect(throws: CaptureError.self) {
      try Self.open(
        ScriptedSystem(["/dev/video0": poorer]), controls: [ControlSetting(name: "gain", value: "4")])
    }
  }

  @Test func filesOfControlsThatAreDamagedAreNotUsed() throws {
    let scratch = try TemporaryFolder()
    let memory = ControlMemory(folder: scratch.file("controls"), isAutomatic: true)
    var (source, desk) = try Self.open(ScriptedSystem(["/dev/video0": Self.camera()]), memory: memory)
    desk.ask(.set(name: "gain", value: 33))
    source.close()
    let name = try #require(FileManager.default.contentsOfDirectory(atPath: memory.folder).first)
    let path = memory.folder + "/" + name
    let head = try #require(String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").first)
    for text in [
      "", "nobody\ngain=1\n", "\(head)\n=\n==\ngain\n\u{1B}[2J=\u{7}\n", String(repeating: "x", count: 1 << 17),
    ] {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let camera = Self.camera()
      let system = ScriptedSystem(["/dev/video0": camera])
      (source, desk) = try Self.open(system, memory: memory)
      #expect(try !watch(source, system, for: 0.3).frames.isEmpty && camera.controls[1].value == 10)
      source.close()
    }
    try Data([0xFF, 0xFE, 0x00]).write(to: URL(filePath: path))
    (source, _) = try Self.open(ScriptedSystem(["/dev/video0": Self.camera()]), memory: memory)
    source.close()
  }

  /// Requests that come while one is carried out: of each control only the newest, and the list is not read in between.
  @Test func aKeyThatIsHeldDownCostsOneChange() throws {
    let camera = Self.camera()
    let system = ScriptedSystem(["/dev/video0": camera])
    let work = Mutex<[@Sendable () -> Void]>([])
    let source = try CameraSource(
      path: "/dev/video0", request: SourceRequest(), system: system,
      controls: { body in work.withLock { $0.append(body) } })
    let desk = try #require(source.controls)
    func finish() {
      let bodies = work.withLock { work in
        defer { work = [] }
        return work
      }
      for body in bodies { body() }
    }
    desk.ask(.read)
    finish()
    let calls = system.calls
    for value in 11...60 { desk.ask(.set(name: "gain", value: value)) }
    #expect(system.calls == calls, "asking does not touch the camera")
    #expect(desk.listing.controls[1].value == 60 && camera.controls[1].value == 10)
    finish()
    #expect(camera.controls[1].value == 60)
    #expect(system.calls < calls + 60)
    source.close()
  }

  @Test func stepsStayInTheRangeWhateverTheDriverSays() {
    let gain = CameraControl(name: "gain", kind: .integer, minimum: 0, maximum: 100, step: 5, standard: 0, value: 50)
    #expect(gain.value(after: 1) == 55 && gain.value(after: -1, pages: true) == 40 && gain.value(after: 99) == 100)
    #expect(gain.share == 0.5)
    var menu = CameraControl(
      name: "m", kind: .menu, minimum: 0, maximum: 3, standard: 1, value: 1,
      choices: [.init(value: 1, name: "Manual"), .init(value: 3, name: "Auto")])
    #expect(menu.value(after: 1) == 3 && menu.value(after: 9) == 3 && menu.value(after: -1) == 1 && menu.next == 3)
    #expect(menu.words(for: 3) == "Auto" && menu.words(for: 2) == "2")
    menu.choices = []
    #expect(menu.value(after: 1) == nil && menu.next == nil)
    let switched = CameraControl(name: "b", kind: .boolean, minimum: 0, maximum: 1, standard: 0, value: 0)
    #expect(switched.value(after: 1) == 1 && switched.value(after: -1) == 0 && switched.next == 1)
    let ranges = [
      (Int.min, Int.max, Int.max), (Int.max, Int.min, 1), (0, 0, 0), (-5, 5, -3), (Int.min, 0, 1),
      (0, Int.max, Int.min),
    ]
    for (low, high, step) in ranges {
      for value in [Int.min, -1, 0, 7, Int.max] {
        let odd = CameraControl(
          name: "odd", kind: .integer, minimum: low, maximum: high, step: step, standard: 0, value: value)
        for steps in [-1, 1, .min, .max] {
          for pages in [false, true] {
            if let next = odd.value(after: steps, pages: pages) { #expect(low <= next && next <= high) }
          }
        }
        if let share = odd.share { #expect((0...1).contains(share)) }
      }
    }
  }
}

/// The simulated controls of the demo scene.
@Suite struct DemoControlTests {
  private static func brightness(_ source: DemoSource) throws -> Double {
    var last: Frame?
    for _ in 0..<200 where last == nil { if case .frame(let frame) = try source.next(timeout: 100) { last = frame } }
    let bytes = try #require(last).image.storage.bytes
    return Double(bytes.reduce(into: 0) { $0 += Int($1) }) / Double(bytes.count)
  }

  private static func source(_ name: String, _ controls: [String] = [], memory: ControlMemory? = nil) throws
    -> DemoSource
  {
    var request = SourceRequest(width: 64, height: 48, framesPerSecond: 200)
    request.controls = try controls.map { try ControlSetting(parsing: $0) }
    request.controlMemory = memory
    return try DemoSource(name: name, options: DemoOptions(name: name), request: request)
  }

  private static func ask(_ source: DemoSource, _ request: ControlRequest, until: (ControlListing) -> Bool) {
    source.controls?.ask(request)
    for _ in 0..<2000 where source.controls.map({ !until($0.listing) }) ?? false { usleep(1000) }
  }

  @Test func exposureAndGainBrightenANight() throws {
    let source = try Self.source("demo:light=night,noise=0")
    let dark = try Self.brightness(source)
    Self.ask(source, .read) { $0.isKnown }
    Self.ask(source, .set(name: "exposure_time_absolute", value: 1000)) { $0.controls[1].value == 1000 }
    var bright = dark
    for _ in 0..<100 where bright < dark * 4 { bright = try Self.brightness(source) }
    #expect(bright > dark * 4, "\(dark) \(bright)")
    Self.ask(source, .resetAll) { $0.controls[1].value == 100 }
    for _ in 0..<100 where bright > dark * 1.5 { bright = try Self.brightness(source) }
    #expect(bright < dark * 1.5)
    // Automatic exposure rules the time.
    Self.ask(source, .set(name: "auto_exposure", value: 3)) { $0.controls[1].isLocked }
    #expect(source.controls?.listing.controls[1].isLocked == true)
    source.close()
  }

  @Test func theCommandLineSetsThemAndForeignOnesAreTold() throws {
    let day = try Self.source("demo:noise=0")
    let lit = try Self.source("demo:noise=0", ["gain=10", "focus_absolute=3"])
    #expect(try Self.brightness(lit) > Self.brightness(day) * 1.2)
    let told = Mutex<[String]>([])
    lit.controls?.report { report in told.withLock { $0.append(report.message) } }
    #expect(told.withLock { $0 }.contains { $0.contains("no control 'focus_absolute'") })
  }
}
