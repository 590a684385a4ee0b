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
}
