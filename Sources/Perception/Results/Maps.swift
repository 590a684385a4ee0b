import Ground
import Foundation

/// A class for every cell of a grid that stretches over the whole source frame.
public struct SegmentationMap: LayerContent {
  public static let kind = "segmentation"
  public static let frameKey: String? = kind
  public var columns: Int
  public var rows: Int
  /// Class indices, row-major.
  public var classes: [UInt16]
  public var labels: [String]

  /// The class that stands for nothing in particular; nil where every class is something.
  public var background: UInt16? {
    let names = ["background", "__background__", "other", "unlabeled", "void", "none"]
    return labels.first.map { names.contains($0.lowercased()) } ?? true ? 0 : nil
  }

  public init(columns: Int, rows: Int, classes: [UInt16], labels: [String]) {
    self.columns = columns
    self.rows = rows
    self.classes = classes
    self.labels = labels
  }

  private enum CodingKeys: CodingKey { case columns, rows, labels, runs }

  /// `runs`: `[class, length]` pairs, row by row.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let cells = try MapSize(
      container.decode(Int.self, forKey: .columns), container.decode(Int.self, forKey: .rows), decoder)
    columns = cells.columns
    rows = cells.rows
    labels = try container.decode([String].self, forKey: .labels)
    classes = []
    for run in try container.decode([[Int]].self, forKey: .runs) {
      guard run.count == 2, let id = UInt16(exactly: run[0]), run[1] > 0, run[1] <= cells.count - classes.count else {
        throw DecodingError.dataCorruptedError(
          forKey: .runs, in: container, debugDescription: "runs must be [class, length] and fill the grid")
      }
      classes.append(contentsOf: repeatElement(id, count: run[1]))
    }
    guard classes.count == cells.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .runs, in: container, debugDescription: "runs of \(classes.count) cells for \(cells.count)")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(columns, forKey: .columns)
    try container.encode(rows, forKey: .rows)
    try container.encode(labels, forKey: .labels)
    try container.encode(runs, forKey: .runs)
  }

  private var runs: [[Int]] {
    var runs: [[Int]] = []
    var start = 0
    while start < classes.count {
      var end = start + 1
      while end < classes.count, classes[end] == classes[start] { end += 1 }
      runs.append([Int(classes[start]), end - start])
      start = end
    }
    return runs
  }
}

/// How near each cell is: a grid that stretches over the whole source frame.
public struct DepthMap: LayerContent {
  public static let kind = "depth"
  public static let frameKey: String? = kind
  public var columns: Int
  public var rows: Int
  /// Row-major: 0 for the farthest cell of the picture, 1 for the nearest.
  public var nearness: [Float]
  /// The least and the greatest number that the network put out, in its own unit.
  public var range: ClosedRange<Float>
  /// The unit of ``range``: "m", or "relative" where the network's numbers mean an order only.
  public var unit: String

  public init(columns: Int, rows: Int, nearness: [Float], range: ClosedRange<Float>, unit: String = "relative") {
    self.columns = columns
    self.rows = rows
    self.nearness = nearness
    self.range = range
    self.unit = unit
  }

  /// Red, green and blue for a nearness: from dark violet over red to bright yellow, as bright as it is near, so
  /// that it reads without colours too.
  public static func color(_ nearness: Float) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let t = nearness.isFinite ? min(max(nearness, 0), 1) : 0
    func byte(_ share: Float) -> UInt8 { UInt8(saturating: min(max(share, 0), 1) * 255) }
    return (byte(0.1 + 1.6 * t), byte(1.8 * t - 0.75), byte(0.45 - abs(t - 0.3) * 0.9))
  }

  private enum CodingKeys: CodingKey { case columns, rows, unit, range, nearness }

  /// `nearness`: base64 of one byte per cell, 255 the nearest.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let cells = try MapSize(
      container.decode(Int.self, forKey: .columns), container.decode(Int.self, forKey: .rows), decoder)
    columns = cells.columns
    rows = cells.rows
    unit = try container.decodeIfPresent(String.self, forKey: .unit) ?? "relative"
    let ends = try container.decode([Float].self, forKey: .range)
    guard ends.count == 2, ends.allSatisfy(\.isFinite), ends[0] <= ends[1] else {
      throw DecodingError.dataCorruptedError(
        forKey: .range, in: container, debugDescription: "a range is [least, greatest]")
    }
    range = ends[0]...ends[1]
    let text = try container.decode(String.self, forKey: .nearness)
    guard let bytes = Data(base64Encoded: text), bytes.count == cells.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .nearness, in: container, debugDescription: "nearness must be base64 of \(cells.count) bytes")
    }
    nearness = bytes.map { Float($0) / 255 }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(columns, forKey: .columns)
    try container.encode(rows, forKey: .rows)
    try container.encode(unit, forKey: .unit)
    let ends = [range.lowerBound, range.upperBound].map { JSONNumber.rounded($0, 6) }
    try container.encode(ends, forKey: .range)
    let bytes = nearness.map { $0.isFinite ? UInt8(saturating: min(max($0, 0), 1) * 255 + 0.5) : 0 }
    try container.encode(Data(bytes).base64EncodedString(), forKey: .nearness)
  }
}

/// The size of a grid from outside, refused where it is nothing, beyond 16 million cells, or beyond what the decoder's
/// ``CellBudget`` has left.
struct MapSize {
  var columns: Int
  var rows: Int
  var count: Int { columns * rows }

  init(_ columns: Int, _ rows: Int, _ decoder: any Decoder) throws {
    guard (1...16384).contains(columns), (1...16384).contains(rows), columns * rows <= 1 << 24 else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "a grid of \(columns) x \(rows) cells is not possible"))
    }
    if let budget = decoder.userInfo[.cellBudget] as? CellBudget, !budget.spend(columns * rows) {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "the maps of a frame have too many cells together"))
    }
    self.columns = columns
    self.rows = rows
  }
}
