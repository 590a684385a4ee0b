/// Guesses at misspelt words.
public enum Spelling {
  /// Letters that are compared.
  private static let longest = 64
  /// Letters in which a long word may differ: that of a sentence would make it near to any other.
  private static let mostMistakes = 4

  /// The word of `words` that differs from `word` by two letters or a third of them at most, and never by more than four, the
  /// nearest first. Words of more than 64 letters are not guessed at.
  public static func nearest(to word: String, among words: [String]) -> String? {
    let count = word.count
    guard count <= longest else { return nil }
    let limit = count <= 3 ? 1 : min(mostMistakes, max(2, count / 3))
    return words.filter { $0.count <= longest && abs($0.count - count) <= limit }
      .map { ($0, distance(word.lowercased(), $0.lowercased())) }
      .filter { $0.1 <= limit }
      .min { $0.1 < $1.1 }?.0
  }

  /// Levenshtein's edit distance of the first 64 letters.
  public static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.prefix(longest))
    let b = Array(b.prefix(longest))
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }
}
