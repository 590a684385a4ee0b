/// A share of a whole, such as a confidence: what people and files write as 0.4 or 40%.
public enum Share {
  /// Reads a number from 0 to 1, or a percentage with its sign; nil for everything else.
  public static func parse(_ text: String) -> Float? {
    let isPercentage = text.hasSuffix("%")
    guard let number = Double(isPercentage ? text.dropLast() : text[...]), number.isFinite else { return nil }
    // In double precision: 40% is the same float as 0.4.
    let share = isPercentage ? number / 100 : number
    return (0...1).contains(share) ? Float(share) : nil
  }
}
