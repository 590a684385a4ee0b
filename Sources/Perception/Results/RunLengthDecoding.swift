import Ground
import Vision

extension RunLengthMask {
  /// The mask again, a cell a pixel over the whole frame; nil when the runs do not fill the frame exactly.
  public func mask() -> Mask? {
    guard size.count == 2, (1...16384).contains(size[0]), (1...16384).contains(size[1]), let runs = runs() else {
      return nil
    }
    let (height, width) = (size[0], size[1])
    var bits = [UInt8](repeating: 0, count: width * height)
    var position = 0
    for (number, run) in runs.enumerated() {
      guard run >= 0, run <= bits.count - position else { return nil }
      if number % 2 == 1 {
        // Runs go down the columns; cells lie row by row.
        for place in position..<position + run { bits[place % height * width + place / height] = 1 }
      }
      position += run
    }
    guard position == bits.count else { return nil }
    return Mask(
      region: Box(x: 0, y: 0, width: Float(width), height: Float(height)), columns: width, rows: height, bits: bits)
  }

  /// The run lengths: five bits a character, differences to the run before last (`rleFrString` of COCO's tool).
  func runs() -> [Int]? {
    var runs: [Int] = []
    var characters = counts.utf8.makeIterator()
    while let first = characters.next() {
      var value = 0
      var shift = 0
      var character = Int(first) - 48
      while true {
        guard (0..<64).contains(character), shift < 40 else { return nil }
        value |= (character & 0x1f) << shift
        shift += 5
        if character & 0x20 == 0 { break }
        guard let next = characters.next() else { return nil }
        character = Int(next) - 48
      }
      if character & 0x10 != 0 { value |= -1 << shift }
      if runs.count > 2 { value += runs[runs.count - 2] }
      guard value >= 0, value <= 1 << 40 else { return nil }
      runs.append(value)
    }
    return runs
  }
}
