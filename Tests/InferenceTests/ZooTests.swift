import Foundation
import Inference
import Kernels
import Testing

/// A network with stored answers of ONNX Runtime, for one or more sets of inputs.
private struct Subject: Sendable, CustomTestStringConvertible {
  struct Case: Sendable {
    var inputs: [String]
    var outputs: [String]
  }

  var name: String
  var path: String
  var cases: [Case]
  var testDescription: String { name }

  /// Folders NAME/{model.onnx,input_k.npy,output_k.npy} in the folder that the environment variable OCELLUS_ZOO names,
  /// and the real networks that stand beside the package, where they do.
  static let all: [Subject] = {
    guard let folder = ProcessInfo.processInfo.environment["OCELLUS_ZOO"],
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    else { return [] }
    let zoo = names.sorted().compactMap { name -> Subject? in
      let path = "\(folder)/\(name)/model.onnx"
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      func arrays(_ role: String) -> [String] {
        let paths = (0..<64).map { "\(folder)/\(name)/\(role)_\($0).npy" }
        return Array(paths.prefix { FileManager.default.fileExists(atPath: $0) })
      }
      return Subject(name: name, path: path, cases: [Case(inputs: arrays("input"), outputs: arrays("output"))])
    }
    return zoo + real
  }()

  private static let real: [Subject] = {
    func path(_ relative: String) -> String { Reference.folder.appendingPathComponent(relative).path }
    let single = Reference.cases.filter { $0.kind == "single" }
    return Dictionary(grouping: single, by: \.file).sorted { $0.key < $1.key }.map { file, cases in
      Subject(
        name: "real/\(cases[0].model)", path: path(file),
        cases: cases.map { Case(inputs: $0.inputs.map { path($0.npy) }, outputs: $0.outputs.map { path($0.npy) }) })
    }
  }()
}

/// One way to run a network.
private struct Setting {
  var isa: ock_isa
  var exact: Bool
  var threads: Int

  static let all: [Setting] = InstructionSets.available.flatMap { isa in
    [false, true].flatMap { exact in [1, 2, 4].map { Setting(isa: isa, exact: exact, threads: $0) } }
  }
}

/// How far an answer may be from the stored one, and how that is measured.
private enum Tolerance {
  /// The largest relative error: 1e-4, or 1e-5 when nothing may change rounding.
  case relative
  /// The share of elements further off than one step of the output's quantisation.
  case steps(Double)
  /// Answers that hang on the order of scores that differ by rounding alone: type and shape are all that can be
  /// compared. ONNX Runtime differs here from itself by as much between two of its optimisation levels; what comes
  /// before and after the ranking are compared as networks of their own, which Tests/Cross/split_detector.py makes.
  case form

  static func of(_ name: String, exact: Bool) -> Tolerance {
    if name == "ssdlite320" { return .form }
    guard name.contains("int8") else { return .relative }
    // The answers of real ones are those of the plain graph, which exact runs compute literally; the kernels of bytes
    // round as ONNX Runtime's own do, which differ from the plain graph by as much.
    return .steps(name.hasPrefix("real/") && !exact ? 0.1 : 0.001)
  }

  func limit(exact: Bool) -> Double {
    switch self {
    case .relative: exact ? 1e-5 : 1e-4
    case .steps(let share): share
    case .form: 0
    }
  }

  func distance(_ result: Tensor, _ reference: Tensor) -> Double {
    switch self {
    case .relative: relativeError(result, reference)
    case .steps: shareBeyond(quantisationStep(reference), result, reference)
    case .form: result.shape == reference.shape && result.type == reference.type ? 0 : .infinity
    }
  }
}

/// Every network of a folder under every instruction set and number of threads: `make test-zoo ZOO=folder`.
@Suite(.serialized) struct ZooTests {
  @Test(.enabled(if: !Subject.all.isEmpty, "OCELLUS_ZOO is not set"), arguments: Subject.all)
  private func networkAgreesUnderEverySetting(subject: Subject) throws {
    let cases = try subject.cases.map { item in
      (inputs: try item.inputs.map(NpyFile.read), outputs: try item.outputs.map(NpyFile.read))
    }
    for setting in Setting.all {
      let tolerance = Tolerance.of(subject.name, exact: setting.exact)
      var worst = 0.0
      try InstructionSets.force(setting.isa) {
        let network = try OcellusNetwork(
          path: subject.path, options: NetworkOptions(threads: setting.threads, exact: setting.exact))
        for item in cases {
          let results = try network.run(item.inputs)
          #expect(results.count == item.outputs.count, "\(subject.name)")
          for (result, reference) in zip(results, item.outputs) {
            worst = max(worst, tolerance.distance(result, reference))
          }
        }
      }
      try Table.add(subject.name, setting, worst)
      #expect(worst <= tolerance.limit(exact: setting.exact), "\(subject.name) \(setting)")
    }
  }
}

/// The file that the environment variable OCELLUS_ZOO_TABLE names: one line a network and setting.
private enum Table {
  static func add(_ name: String, _ setting: Setting, _ worst: Double) throws {
    guard let path = ProcessInfo.processInfo.environment["OCELLUS_ZOO_TABLE"] else { return }
    if !FileManager.default.fileExists(atPath: path) {
      let head = "| network | instruction set | exact | threads | worst |\n|---|---|---|---|---|\n"
      try Data(head.utf8).write(to: URL(fileURLWithPath: path))
    }
    let isa = String(cString: ock_isa_name(setting.isa))
    let line =
      "| \(name) | \(isa) | \(setting.exact ? "yes" : "no") | \(setting.threads) | "
      + String(format: "%.1e |\n", worst)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    defer { try? file.close() }
    try file.seekToEnd()
    try file.write(contentsOf: Data(line.utf8))
  }
}
