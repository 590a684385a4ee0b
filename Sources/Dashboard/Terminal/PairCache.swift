import Ground
import CNcurses

/// Colour pairs of ncurses by their colours: defined once and kept, up to the terminal's count.
///
/// A pair is never redefined while the screen may show it: ncurses would repaint its cells. When all are in use,
/// ``lookup(_:_:maySwap:)`` returns nil and the caller starts over with ``reset()`` and a full repaint.
package struct PairCache {
  private var keys: [UInt64]
  private var pairs: [Int32]
  private let mask: Int
  private var count: Int32 = 0
  private let capacity: Int32
  private let define: (Int32, Int32, Int32) -> Void

  /// - Parameter define: called once for each new pair with its number and colours.
  package init(
    capacity: Int, define: @escaping (Int32, Int32, Int32) -> Void = { _ = init_extended_pair($0, $1, $2) }
  ) {
    let usable = max(1, min(capacity - 1, 1 << 18))
    self.capacity = Int32(usable)
    self.define = define
    var size = 64
    while size < usable * 2 { size *= 2 }
    mask = size - 1
    keys = [UInt64](repeating: .max, count: size)
    pairs = [Int32](repeating: 0, count: size)
  }

  /// Whether few pairs are left, so that swapped ones are used where they exist.
  private var isScarce: Bool { Int(count) * 4 > Int(capacity) * 3 || capacity < 300 }

  /// The pair for two colour numbers; `swapped` when it is theirs in the other order. nil when there is none left.
  ///
  /// - Parameter maySwap: the character has a counterpart with its colours exchanged (▄ and ▀).
  package mutating func lookup(_ foreground: Int32, _ background: Int32, maySwap: Bool = false)
    -> (pair: Int32, swapped: Bool)?
  {
    if foreground == -1, background == -1 { return (0, false) }
    let slot = slot(foreground, background)
    if keys[slot] != .max { return (pairs[slot], false) }
    if maySwap, isScarce {
      let other = self.slot(background, foreground)
      if keys[other] != .max { return (pairs[other], true) }
    }
    guard count < capacity else { return nil }
    count += 1
    keys[slot] = Self.key(foreground, background)
    pairs[slot] = count
    define(count, foreground, background)
    return (count, false)
  }

  package mutating func reset() {
    for i in keys.indices { keys[i] = .max }
    count = 0
  }

  private static func key(_ foreground: Int32, _ background: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: foreground)) << 32 | UInt64(UInt32(bitPattern: background))
  }

  private func slot(_ foreground: Int32, _ background: Int32) -> Int {
    let key = Self.key(foreground, background)
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask
    while keys[slot] != key, keys[slot] != .max { slot = (slot + 1) & mask }
    return slot
  }
}
