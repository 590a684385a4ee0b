import Configuration
import Foundation
import Ground

/// CLIP's byte-pair tokenizer (Radford et al. 2021; byte-level BPE after Sennrich et al. 2016 and GPT-2).
///
/// Its vocabulary file is the list of merges that comes with the networks: `bpe_simple_vocab_16e6.txt` (unpacked) or
/// `merges.txt`. Ids: 256 bytes, 256 bytes that end a word, a merge a line, start of text, end of text.
public struct BytePairTokenizer: Sendable {
  private struct Pair: Hashable {
    var left: String
    var right: String
  }

  private static let wordEnd = "</w>"
  /// CLIP uses this many lines of the file, whose rest is another model's.
  private static let mergeLimit = 49152 - 256 - 2

  private let ranks: [Pair: Int]
  private let ids: [String: Int]
  private let byteSymbols: [String]
  public let startToken: Int
  public let endToken: Int

  /// - Throws: ``PerceptionError`` when the file is not a list of merges.
  public init(path: String) throws {
    let text: String
    do throws(ConfigurationError) { text = try SmallFile.text(path, limit: 64 << 20) } catch {
      if error.kind == .notText {
        throw PerceptionError(
          .badInput, "is not text", place: path, remedy: "unpack it first if its name ends in .gz: gunzip")
      }
      throw PerceptionError(.notFound, "the vocabulary cannot be read: \(error.what)", place: path)
    }
    try self.init(merges: text, path: path)
  }

  /// - Parameter path: places the error.
  public init(merges text: String, path: String = "") throws {
    var merges: [Pair] = []
    var seen = Set<Pair>()
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      // The first line names the version.
      if line.isEmpty || line == "\r" || (number == 0 && (line.hasPrefix("#") || line.contains("version"))) { continue }
      guard merges.count < BytePairTokenizer.mergeLimit else { break }
      let parts = line.split(whereSeparator: { $0 == " " || $0 == "\r" })
      guard parts.count == 2, seen.insert(Pair(left: String(parts[0]), right: String(parts[1]))).inserted else {
        throw PerceptionError(
          .badInput, "line \(number + 1) is not a merge of two parts", place: path,
          remedy: "the vocabulary is bpe_simple_vocab_16e6.txt or merges.txt")
      }
      merges.append(Pair(left: String(parts[0]), right: String(parts[1])))
    }
    guard !merges.isEmpty else { throw PerceptionError(.badInput, "holds no merges", place: path) }
    let symbols = BytePairTokenizer.symbols()
    byteSymbols = symbols.byByte
    var vocabulary = symbols.inOrder + symbols.inOrder.map { $0 + BytePairTokenizer.wordEnd }
    vocabulary += merges.map { $0.left + $0.right }
    ids = Dictionary(vocabulary.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    ranks = Dictionary(uniqueKeysWithValues: merges.enumerated().map { ($1, $0) })
    startToken = vocabulary.count
    endToken = vocabulary.count + 1
  }

  /// A printable character for every byte, as GPT-2 chose them, and the order in which they are numbered.
  private static func symbols() -> (byByte: [String], inOrder: [String]) {
    let printable = Array(33...126) + Array(161...172) + Array(174...255)
    var byByte = [String](repeating: "", count: 256)
    var inOrder: [String] = []
    for byte in printable { byByte[byte] = String(UnicodeScalar(UInt8(byte))) }
    inOrder = printable.map { byByte[$0] }
    var next: UInt32 = 256
    for byte in 0..<256 where byByte[byte].isEmpty {
      byByte[byte] = UnicodeScalar(next).map(String.init) ?? "?"
      inOrder.append(byByte[byte])
      next += 1
    }
    return (byByte, inOrder)
  }

  /// The tokens of a text, without start and end.
  public func encode(_ text: String) -> [Int] {
    let plain = BytePairTokenizer.plain(text.precomposedStringWithCanonicalMapping)
    let clean = plain.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return BytePairTokenizer.words(clean).flatMap(merge)
  }

  /// Straight quotes for curled ones and ASCII for its full-width forms, as CLIP's own tokenizer reads them.
  private static func plain(_ text: String) -> String {
    var view = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x2018...0x201B: view.append("'")
      case 0x201C...0x201F: view.append("\"")
      case 0xFF01...0xFF5E: view.append(Unicode.Scalar(UInt8(scalar.value - 0xFEE0)))
      default: view.append(scalar)
      }
    }
    return String(view)
  }

  /// Start, tokens, end, cut and padded to `length`, as CLIP's text network wants them.
  public func sequence(_ text: String, length: Int, padding: Int = 0) -> [Int] {
    guard length >= 2 else { return [] }
    let body = encode(text).prefix(length - 2)
    let tokens = [startToken] + body + [endToken]
    return tokens + [Int](repeating: padding, count: length - tokens.count)
  }

  /// CLIP's pattern: contractions, runs of letters, single digits, runs of anything else but blanks.
  private static func words(_ text: String) -> [String] {
    enum Kind { case letter, digit, other }
    func kind(_ scalar: Unicode.Scalar) -> Kind? {
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
      case .decimalNumber, .letterNumber, .otherNumber: .digit
      case .spaceSeparator, .control: nil
      default: .other
      }
    }
    let scalars = Array(text.unicodeScalars)
    let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }
    var words: [String] = []
    var at = 0
    while at < scalars.count {
      guard let first = kind(scalars[at]) else {
        at += 1
        continue
      }
      if let contraction = contractions.first(where: { scalars[at...].starts(with: $0) }) {
        words.append(string(contraction[...]))
        at += contraction.count
        continue
      }
      var end = at + 1
      if first != .digit { while end < scalars.count, kind(scalars[end]) == first { end += 1 } }
      words.append(string(scalars[at..<end]))
      at = end
    }
    return words
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// Merges a word's bytes, the earliest merge of the list first, until none applies.
  private func merge(_ word: String) -> [Int] {
    var parts = word.utf8.map { byteSymbols[Int($0)] }
    guard let last = parts.popLast() else { return [] }
    parts.append(last + BytePairTokenizer.wordEnd)
    while parts.count > 1 {
      var best: (rank: Int, pair: Pair)?
      for index in 0..<(parts.count - 1) {
        let pair = Pair(left: parts[index], right: parts[index + 1])
        if let rank = ranks[pair], rank < best?.rank ?? .max { best = (rank, pair) }
      }
      guard let pair = best?.pair else { break }
      var merged: [String] = []
      var index = 0
      while index < parts.count {
        if index + 1 < parts.count, parts[index] == pair.left, parts[index + 1] == pair.right {
          merged.append(pair.left + pair.right)
          index += 2
        } else {
          merged.append(parts[index])
          index += 1
        }
      }
      parts = merged
    }
    return parts.compactMap { ids[$0] }
  }
}
