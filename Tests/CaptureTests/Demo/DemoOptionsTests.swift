import Ground
import Capture
import Testing

@Suite struct DemoOptionsTests {
  @Test func readsEverySetting() throws {
    let options = try DemoOptions(name: "demo:seed=18446744073709551615,objects=3,noise=0.5,light=night")
    #expect(options.seed == .max)
    #expect(options.objects == 3)
    #expect(options.noise == 0.5)
    #expect(options.light == .night)
    let faults = try DemoOptions(name: "demo:fault=freeze@5s,fault=unplug@9.5s-12s").faults
    #expect(faults == [SourceFault(.freeze, start: 5), SourceFault(.disconnect, start: 9.5, duration: 2.5)])
    #expect(try DemoOptions(name: "demo") == DemoOptions())
    #expect(try DemoOptions(name: "demo:light=dusk").seed == DemoOptions().seed)
  }

  @Test(arguments: [
    ("demo:", "not a demo scene"), ("demonstration", "not a demo scene"), ("demo:seed", "NAME=VALUE"),
    ("demo:seed=", "NAME=VALUE"), ("demo:seed=-1", "seed"), ("demo:seed=1.5", "seed"),
    ("demo:seed=18446744073709551616", "seed"), ("demo:objects=25", "objects"), ("demo:objects=-1", "objects"),
    ("demo:noise=nan", "noise"), ("demo:noise=2", "noise"), ("demo:noise=inf", "noise"),
    ("demo:light=fog", "light"), ("demo:speed=2", "unknown setting 'speed'"), ("demo:seed=1,seed=2", "twice"),
    ("demo:fault=freeze", "fault"), ("demo:fault=melt@5s", "fault"),
    ("demo:fault=freeze@8s-5s", "fault"), ("demo:fault=freeze@-1s", "fault"), ("demo:fault=freeze@nans", "fault"),
    ("demo:seed=1,", "NAME=VALUE"), ("demo:,seed=1", "NAME=VALUE"), ("demo:seed=1=2", "seed"),
  ])
  func refusesAndNames(_ name: String, _ word: String) {
    let error = #expect(throws: CaptureError.self) { try DemoOptions(name: name) }
    #expect(error?.kind == .badName)
    #expect(error?.line.contains(word) == true, "\(error?.line ?? "")")
    #expect(error?.line.hasPrefix(name) == true)
  }

  @Test func nothingCrashesTheReader() {
    var random = SystemRandomNumberGenerator()
    let pieces = [
      "demo", ":", "seed", "=", ",", "7", "objects", "noise", "-", "9e99", "light", "fault", "freeze@", "1s", "\u{0}",
      "é", "night",
    ]
    for _ in 0..<2000 {
      let name = (0..<Int.random(in: 0..<9, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
      _ = try? DemoOptions(name: name)
    }
  }
}
