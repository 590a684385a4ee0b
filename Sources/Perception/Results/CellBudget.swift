import Foundation
import Synchronization

/// How many cells the masks and maps of one frame may have together when they are read back from text: run lengths of a few
/// bytes stand for any number of cells. Thread-safe.
public final class CellBudget: Sendable {
  /// Cells of a frame: eight maps of 4K.
  public static let usual = 1 << 26

  private let left: Mutex<Int>

  public init(_ cells: Int = CellBudget.usual) { left = Mutex(cells) }

  /// Counts cells that are about to be allocated; false when there are not so many left.
  public func spend(_ cells: Int) -> Bool {
    left.withLock { left in
      guard cells <= left else { return false }
      left -= cells
      return true
    }
  }
}

extension CodingUserInfoKey {
  /// The ``CellBudget`` that maps are decoded against.
  // Safe: the initialiser only fails for keys of other languages.
  public static let cellBudget = CodingUserInfoKey(rawValue: "ocellus.cells").unsafelyUnwrapped
}
