import Ground

/// Stretches a picture's brightness to the whole range, calmly: the ends follow the picture with delay and in steps, so that
/// noise and passing lights do not make every cell change.
struct ToneLevels {
  /// The darkest and the brightest hundredths may clip.
  private static let clipped = 2
  /// A picture of one grey stays grey.
  private static let leastSpan = 64
  /// Ends that are off by less than this stay.
  private static let slack = 8

  private var low = 0
  private var high = 255
  private var isFresh = true
  private var table: [UInt8] = (0...255).map { UInt8($0) }

  /// A brightness of 0...255, stretched.
  subscript(_ brightness: Int) -> Int { Int(table[brightness & 255]) }

  /// A difference of brightness, as large as it is after stretching.
  func stretched(_ difference: Int) -> Int { difference * 255 / span }

  /// While the ends move, they may come closer than they are meant to be.
  private var span: Int { max(Self.leastSpan / 2, high - low) }

  mutating func follow(_ grid: SampleGrid) {
    guard grid.columns * grid.rows > 0 else { return }
    let ends = Self.ends(of: grid)
    let (oldLow, oldHigh) = (low, high)
    Self.move(&low, to: ends.low, atOnce: isFresh)
    Self.move(&high, to: ends.high, atOnce: isFresh)
    isFresh = false
    guard low != oldLow || high != oldHigh else { return }
    let span = span
    table = (0...255).map { UInt8(max(0, min(255, ($0 - low) * 255 / span))) }
  }

  private static func move(_ end: inout Int, to wanted: Int, atOnce: Bool) {
    guard atOnce || abs(wanted - end) > slack else { return }
    end += atOnce ? wanted - end : (wanted - end) / 4
  }

  private static func ends(of grid: SampleGrid) -> (low: Int, high: Int) {
    var counts = [Int](repeating: 0, count: 256)
    for y in 0..<grid.rows { for x in 0..<grid.columns { counts[grid.brightness(x, y)] += 1 } }
    let few = grid.columns * grid.rows * clipped / 100
    var low = 0
    var seen = 0
    while low < 255, seen + counts[low] <= few {
      seen += counts[low]
      low += 1
    }
    var high = 255
    seen = 0
    while high > low, seen + counts[high] <= few {
      seen += counts[high]
      high -= 1
    }
    let missing = max(0, leastSpan - (high - low))
    low = max(0, low - missing / 2)
    return (low, max(high, low + leastSpan))
  }
}
