import Foundation
import TestSupport
import Testing
import Vision

/// What the commands say of networks that are named for what they cannot do, and of those that are no use here.
@Suite struct ModelAnswerTests {
  private static let sound =
    URL(fileURLWithPath: Program.root).deletingLastPathComponent().path
    + "/shared/real/models/silero_vad_16k_op15.onnx"

  private func photo(in scratch: TemporaryFolder) throws -> String {
    let path = scratch.file("a.png")
    try ImageFile.save(greyPicture(160, 120), to: path)
    return path
  }

  @Test func aNetworkIsRefusedForWhatItCannotDo() throws {
    let scratch = try TemporaryFolder()
    let photo = try photo(in: scratch)
    let detector = "ocellus-detector"
    let classifier = "ocellus-classifier"
    for command in [["detect", photo], ["run", "--headless", "--frames", "1", "--source", "demo"]] {
      let first = try Program.run(command + ["--model", detector, "--classifier", detector])
      #expect(first.status == 1)
      #expect(
        first.errors
          == "Error: \(detector): --classifier takes a network that looks at one object, not one for finding "
          + "objects (name it with --model)\n", "\(first.errors)")
      let second = try Program.run(command + ["--model", classifier, "--classifier", classifier])
      #expect(second.status == 1)
      #expect(
        second.errors
          == "Error: \(classifier): finds no objects that --classifier \(classifier) could look at: it is for "
          + "naming whole pictures (name a detector with --model, or leave out --classifier)\n", "\(second.errors)")
      // As they are meant.
      #expect(try Program.run(command + ["--model", detector, "--classifier", classifier]).status == 0)
      #expect(try Program.run(command + ["--model", classifier]).status == 0)
      #expect(
        try Program.run(command + ["--model", classifier, "--model", detector, "--classifier", classifier]).status == 0)
    }
  }

  @Test func doctorCountsWhatFailedAndSaysWhereThingsAre() throws {
    let scratch = try TemporaryFolder()
    let models = scratch.file("data/ocellus/models")
    try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
    let environment = [
      "XDG_DATA_HOME": scratch.file("data"), "XDG_STATE_HOME": scratch.file("state"),
      "XDG_CONFIG_HOME": scratch.file("config"), "TERM": "xterm-256color", "COLORTERM": "truecolor",
    ]
    let plain = try Program.run(["doctor"], environment: environment)
    for part in [
      "log: \(scratch.file("state"))/ocellus/ocellus.log",
      "configuration: \(scratch.file("config"))/ocellus/config.toml",
      "TERM=xterm-256color COLORTERM=truecolor", "only the demo scene's are here", "ocellus models pull yolox-nano",
    ] { #expect(plain.output.contains(part), "\(part): \(plain.output)") }
    try "no network".write(toFile: models + "/broken.onnx", atomically: true, encoding: .utf8)
    let broken = try Program.run(["doctor"], environment: environment)
    // A camera without permission may count as well.
    let failures = broken.output.split(separator: "\n").count { $0.hasPrefix("FAIL") }
    #expect(broken.status == 1 && broken.output.contains("FAIL  model broken"))
    #expect(broken.errors.contains(failures == 1 ? "1 check failed" : "\(failures) checks failed"), "\(broken.errors)")
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: sound), "the folder of real networks is missing"))
  func aNetworkForSoundIsNoTrouble() throws {
    let scratch = try TemporaryFolder()
    let models = scratch.file("data/ocellus/models")
    try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: models + "/vad.onnx", withDestinationPath: Self.sound)
    let environment = ["XDG_DATA_HOME": scratch.file("data"), "XDG_CONFIG_HOME": scratch.file("config")]
    let shown = try Program.run(["models", "show", "vad"], environment: environment)
    #expect(shown.status == 1 && shown.errors.contains("not a network for pictures") && shown.output.isEmpty)
    let doctor = try Program.run(["doctor"], environment: environment)
    #expect(doctor.output.contains("note  model vad: ") && !doctor.output.contains("FAIL  model"), "\(doctor.output)")
    // It is no network for a camera either.
    let photo = try photo(in: scratch)
    #expect(try Program.run(["detect", photo], environment: environment).errors.contains("no network for this source"))
  }
}
