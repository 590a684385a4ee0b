import Foundation
import TestSupport
import Testing

/// `ocellus references` from the outside.
@Suite struct ReferenceCommandTests {
  private func write(_ names: [String], in scratch: TemporaryFolder) throws -> [String: String] {
    try FileManager.default.createDirectory(atPath: scratch.file("data/ocellus"), withIntermediateDirectories: true)
    let list = names.map { "{\"name\":\"\($0)\",\"model\":\"m\",\"vector\":[0.6,0.8]}" }.joined(separator: ",")
    try scratch.write("data/ocellus/references.json", "[\(list)]")
    return ["XDG_DATA_HOME": scratch.file("data")]
  }

  @Test func referencesAreListedRenamedAndRemoved() throws {
    let scratch = try TemporaryFolder()
    let environment = try write(["pallet A", "robot"], in: scratch)
    #expect(try Program.run(["references"], environment: environment).output == "pallet A\tm\nrobot\tm\n")
    #expect(
      try Program.run(["references", "rename", "pallet A", "pallet 7"], environment: environment).output
        == "'pallet A' is called 'pallet 7' now\n")
    #expect(
      try Program.run(["references", "list", "--json"], environment: environment).output
        == "[{\"dimensions\":2,\"model\":\"m\",\"name\":\"pallet 7\"},{\"dimensions\":2,\"model\":\"m\",\"name\":\"robot\"}]\n"
    )
    let taken = try Program.run(["references", "rename", "robot", "pallet 7"], environment: environment)
    #expect(taken.status == 1 && taken.errors.contains("another reference is called 'pallet 7'"))
    let misspelt = try Program.run(["references", "remove", "robto"], environment: environment)
    #expect(misspelt.status == 1 && misspelt.errors.contains("did you mean 'robot'?"))
    for name in ["robot", "pallet 7"] {
      #expect(try Program.run(["references", "remove", name], environment: environment).status == 0)
    }
    let empty = try Program.run(["references"], environment: environment)
    #expect(empty.status == 0 && empty.output.hasPrefix("no references; in the dashboard"))
  }

  @Test func commandsAtTheSameTimeLoseNothing() throws {
    let scratch = try TemporaryFolder()
    let environment = try write((0..<6).map { "r\($0)" }, in: scratch)
    let runs = try (0..<6).map { number in
      let own = try TemporaryFolder()
      let arguments = ["references", "rename", "r\(number)", "s\(number)"]
      return (try Program.start(arguments, into: own, environment: environment), own)
    }
    for (process, own) in runs { #expect(try Program.end(process, own).status == 0) }
    let listed = try Program.run(["references"], environment: environment).output
    #expect(Set(listed.split(separator: "\n")) == Set((0..<6).map { "s\($0)\tm" }))
  }

  @Test func aFileOfSomethingElseIsNamed() throws {
    let scratch = try TemporaryFolder()
    let environment = try write([], in: scratch)
    let path = try scratch.write("data/ocellus/references.json", "{}")
    for arguments in [["references"], ["references", "remove", "x"]] {
      let refused = try Program.run(arguments, environment: environment)
      #expect(refused.status == 1 && refused.errors.contains("\(path): is not a file of references"))
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "{}")
    }
  }
}
