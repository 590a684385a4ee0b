/// Guesses at misspelt words.
public enum Spelling {
  /// The word of `words` that differs from `word` by two letters or a third of them at most, the nearest first.
  public static func nearest(to word: String, among words: [String]) -> String? {
    let limit = word.count <= 3 ? 1 : max(2, word.count / 3)
    return words.map { ($0, distance(word.lowercased(), $0.lowercased())) }
      .filter { $0.1 <= limit }
      .min { $0.1 < $1.1 }?.0
  }

  /// Levenshtein's edit distance of the first 64 letters.
  public static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.prefix(64))
    let b = Array(b.prefix(64))
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
