import Ground
import Vision

/// A binary mask in COCO's compressed run-length encoding, over the whole frame.
///
/// Runs alternate between 0 and 1, beginning with 0, down the columns (column-major); the counts are written as COCO's
/// own tool does (`rleToString` in cocodataset/cocoapi's maskApi.c): differences to the count before last, five bits a
/// character, offset 48.
public struct RunLengthMask: Sendable, Equatable, Codable {
  /// Height, width in pixels.
  public var size: [Int]
  public var counts: String

  /// Encodes `mask`, its cells stretched over their region, in a frame of the given size in pixels.
  public init(_ mask: Mask, frameWidth: Int, frameHeight: Int) {
    size = [frameHeight, frameWidth]
    var runs: [Int] = []
    var current: UInt8 = 0
    var length = 0
    func extend(_ bit: UInt8, by count: Int) {
      if bit == current {
        length += count
      } else {
        runs.append(length)
        current = bit
        length = count
      }
    }
    let region = mask.region
    let usable = mask.columns > 0 && mask.rows > 0 && mask.bits.count >= mask.columns * mask.rows && region.area > 0
    let rows = RunLengthMask.pixels(from: region.y, extent: region.height, of: frameHeight)
    for x in 0..<frameWidth {
      let column = usable ? RunLengthMask.cell(Float(x) + 0.5, region.x, region.width, mask.columns) : nil
      guard let column else {
        extend(0, by: frameHeight)
        continue
      }
      extend(0, by: rows.lowerBound)
      for y in rows {
        let row = RunLengthMask.cell(Float(y) + 0.5, region.y, region.height, mask.rows)
        extend(row.map { mask.bits[$0 * mask.columns + column] == 0 ? 0 : 1 } ?? 0, by: 1)
      }
      extend(0, by: frameHeight - rows.upperBound)
    }
    runs.append(length)
    counts = RunLengthMask.text(runs)
  }

  /// The pixels of a side that an interval may touch.
  private static func pixels(from start: Float, extent: Float, of side: Int) -> Range<Int> {
    let bound = Float(max(0, side))
    // NaN is below every bound.
    let first = Int(saturating: max(0, min(bound, start - 1)))
    let last = Int(saturating: max(0, min(bound, start + extent + 1)).rounded(.up))
    return first..<max(first, last)
  }

  private static func cell(_ position: Float, _ start: Float, _ extent: Float, _ cells: Int) -> Int? {
    let share = (position - start) / extent
    guard share >= 0, share < 1 else { return nil }
    return min(cells - 1, Int(saturating: share * Float(cells)))
  }

  private static func text(_ runs: [Int]) -> String {
    var bytes: [UInt8] = []
    for (index, run) in runs.enumerated() {
      var value = index > 2 ? run - runs[index - 2] : run
      var more = true
      while more {
        var character = value & 0x1f
        value >>= 5
        more = character & 0x10 != 0 ? value != -1 : value != 0
        if more { character |= 0x20 }
        bytes.append(UInt8(character + 48))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
