import Foundation
import Ground
import Perception
import TestSupport
import Testing

@Suite struct BytePairTokenizerTests {
  /// A vocabulary of five merges. Ids: 256 bytes in GPT-2's order ('!' is 0, 'a' 64), the same at a word's end (+256),
  /// merges from 512.
  private let merges = """
    #version: 0.2
    l o
    lo w</w>
    n e
    ne w</w>
    c a
    """

  @Test func mergesByRank() throws {
    let tokenizer = try BytePairTokenizer(merges: merges)
    #expect(tokenizer.startToken == 517)
    #expect(tokenizer.endToken == 518)
    // "low" = lo + w</w> merged, "new" likewise, "cat" = ca + t</w>.
    #expect(tokenizer.encode("Low  new") == [513, 515])
    #expect(tokenizer.encode("cat") == [516, 256 + Int(UInt8(ascii: "t")) - 33])
  }

  @Test func wordsAreCutAsInCLIP() throws {
    let tokenizer = try BytePairTokenizer(merges: merges)
    func id(_ character: Character, end: Bool) -> Int { Int(character.asciiValue ?? 0) - 33 + (end ? 256 : 0) }
    #expect(tokenizer.encode("a's") == [id("a", end: true), id("'", end: false), id("s", end: true)])
    #expect(tokenizer.encode("12") == [id("1", end: true), id("2", end: true)])
    #expect(tokenizer.encode("b?!") == [id("b", end: true), id("?", end: false), id("!", end: true)])
    #expect(tokenizer.encode("é").count == 2)
    #expect(tokenizer.encode("e\u{301}") == tokenizer.encode("é"))
    #expect(tokenizer.encode("ａ’s") == tokenizer.encode("a's"))
    #expect(tokenizer.encode("") == [])
  }

  @Test func sequencesArePaddedAndCut() throws {
    let tokenizer = try BytePairTokenizer(merges: merges)
    #expect(tokenizer.sequence("low", length: 5) == [517, 513, 518, 0, 0])
    #expect(tokenizer.sequence("low low low low", length: 4) == [517, 513, 513, 518])
    #expect(tokenizer.sequence("low", length: 5, padding: 518) == [517, 513, 518, 518, 518])
  }

  @Test(arguments: ["", "one\n", "a b c\n", "a b\na b\n"]) func badVocabulariesAreRefused(text: String) {
    #expect(throws: PerceptionError.self) { try BytePairTokenizer(merges: text) }
  }
}

@Suite struct ReferenceStoreTests {
  @Test func referencesSurviveOnDisk() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/state/references.json"
    let store = try ReferenceStore(path: path)
    try store.add(name: "our pallet", model: "reid", vector: [3, 4])
    try store.add(name: "their pallet", model: "reid", vector: [4, -3])
    try store.add(name: "other", model: "clip", vector: [1, 0])
    let reopened = try ReferenceStore(path: path)
    let matches = reopened.matches([0.6, 0.8], model: "reid")
    #expect(matches.map(\.name) == ["our pallet", "their pallet"])
    #expect(abs(matches[0].similarity - 1) < 1e-6)
    #expect(abs(matches[1].similarity) < 1e-6)
    try reopened.add(name: "our pallet", model: "reid", vector: [0, 1])
    #expect(reopened.all.count == 3)
    try reopened.remove(name: "our pallet")
    #expect(try ReferenceStore(path: path).all.map(\.name) == ["their pallet", "other"])
  }

  @Test func vectorsWithoutDirectionAndOddFilesAreRefused() throws {
    let folder = try TemporaryFolder()
    let store = try ReferenceStore(path: folder.path + "/r.json")
    #expect(throws: PerceptionError.self) { try store.add(name: "x", model: "m", vector: [0, 0]) }
    #expect(throws: PerceptionError.self) { try store.add(name: "x", model: "m", vector: [.nan, 1]) }
    #expect(store.all.isEmpty)
    try folder.write("bad.json", "{\"not\": \"a list\"}")
    #expect(throws: PerceptionError.self) { try ReferenceStore(path: folder.path + "/bad.json") }
  }

  /// Two dashboards with one file: each keeps what the other has named.
  @Test func twoStoresOfOneFileLoseNothing() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("state/r.json")
    let (a, b) = (try ReferenceStore(path: path), try ReferenceStore(path: path))
    try a.add(name: "pallet A", model: "m", vector: [1, 0])
    try b.add(name: "pallet B", model: "m", vector: [0, 1])
    try a.add(name: "pallet C", model: "m", vector: [1, 1])
    #expect(try ReferenceStore(path: path).all.map(\.name) == ["pallet A", "pallet B", "pallet C"])
    #expect(a.all.count == 3 && b.all.count == 2)
    #expect(try b.refresh() && b.all.count == 3)
    #expect(try !b.refresh())
    #expect(try b.rename("pallet A", to: "pallet 7") == 1)
    #expect(try a.remove(name: "pallet B") == 1)
    #expect(a.all.map(\.name) == ["pallet 7", "pallet C"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("state")) == ["r.json"])
  }

  @Test func manyWritersLoseNothing() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("r.json")
    DispatchQueue.concurrentPerform(iterations: 8) { writer in
      do {
        let store = try ReferenceStore(path: path)
        for number in 0..<10 {
          try store.add(name: "\(writer).\(number)", model: "m", vector: [Float(writer + 1), Float(number)])
        }
        try store.remove(name: "\(writer).0")
      } catch { Issue.record("\(error)") }
    }
    let names = try ReferenceStore(path: path).all.map(\.name)
    #expect(Set(names) == Set((0..<8).flatMap { writer in (1..<10).map { "\(writer).\($0)" } }) && names.count == 72)
  }

  /// A photo of this session stands for a kept reference of its name, and leaves the file alone.
  @Test func passingReferencesAreNeverWritten() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("r.json")
    let store = try ReferenceStore(path: path)
    try store.add(name: "it", model: "m", vector: [1, 0])
    try store.add(name: "it", model: "m", vector: [0, 1], isKept: false)
    #expect(store.all.map(\.vector) == [[0, 1]])
    #expect(try ReferenceStore(path: path).all.map(\.vector) == [[1, 0]])
    try store.add(name: "it", model: "m", vector: [1, 1])
    #expect(store.all.count == 1 && store.all[0].isKept)
  }

  @Test func namesCollideOnlyWithinAModel() throws {
    let store = ReferenceStore()
    try store.add(name: "a", model: "m", vector: [1, 0])
    try store.add(name: "b", model: "m", vector: [0, 1])
    try store.add(name: "b", model: "n", vector: [0, 1])
    #expect(throws: PerceptionError.self) { try store.rename("a", to: "b") }
    #expect(throws: PerceptionError.self) { try store.rename("a", to: " ") }
    #expect(try store.rename("b", to: "c") == 2)
    #expect(try store.rename("none", to: "d") == 0 && store.remove(name: "none") == 0)
    #expect(store.all.map(\.name) == ["a", "c", "c"])
  }

  @Test func moreReferencesThanAreComparedStayInTheFile() throws {
    let folder = try TemporaryFolder()
    let list = (0..<300).map { ReferenceStore.Reference(name: "r\($0)", model: "m", vector: [1, Float($0)]) }
    let path = folder.file("r.json")
    try JSONEncoder().encode(list).write(to: URL(fileURLWithPath: path))
    let store = try ReferenceStore(path: path)
    #expect(store.all.count == ReferenceStore.limit)
    #expect(throws: PerceptionError.self) { try store.add(name: "new", model: "m", vector: [1, 0]) }
    try store.remove(name: "r1")
    let kept = try JSONDecoder().decode([ReferenceStore.Reference].self, from: Data(contentsOf: URL(filePath: path)))
    #expect(kept.count == 299)
  }

  @Test func refusalsNameTheFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("flat", "")
    let store = try ReferenceStore(path: folder.file("flat/r.json"))
    do {
      try store.add(name: "x", model: "m", vector: [1, 0])
      Issue.record("written below a file")
    } catch let error as PerceptionError {
      #expect(error.place == folder.file("flat/r.json") && error.what == "cannot be written: not a directory")
    }
    #expect(store.isEmpty)
    // A link to the file stays a link.
    let real = folder.file("real.json")
    try FileManager.default.createSymbolicLink(atPath: folder.file("link.json"), withDestinationPath: real)
    try folder.write("real.json", "[]")
    try ReferenceStore(path: folder.file("link.json")).add(name: "x", model: "m", vector: [1, 0])
    #expect(try ReferenceStore(path: real).all.count == 1)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link.json")) == real)
  }
}
