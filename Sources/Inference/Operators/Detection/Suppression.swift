import Ground
import Kernels

/// NonMaxSuppression: for every batch and class the best boxes that do not overlap a better one.
enum SuppressionOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("NonMaxSuppression") { attributes in
      let centered = try attributes.flag("center_point_box")
      return { x in
        let suppression = Suppression(
          limit: try x.optionalTensor(2)?.scalarInteger() ?? 0,
          overlap: Float(try x.optionalTensor(3)?.scalarDouble() ?? 0),
          threshold: try x.optionalTensor(4).map { Float(try $0.scalarDouble()) }, centered: centered)
        return try suppression.run(try x.tensor(0), try x.tensor(1))
      }
    }
    .shapedByRun()
  ]
}

private struct Suppression {
  /// Boxes kept a class.
  let limit: Int
  let overlap: Float
  let threshold: Float?
  /// Boxes are (x, y, width, height) about their centre, else two corners (y, x, y, x).
  let centered: Bool

  func run(_ boxes: Tensor, _ scores: Tensor) throws -> Tensor {
    guard boxes.rank == 3, boxes.shape[2] == 4, scores.rank == 3, scores.shape[0] == boxes.shape[0],
      scores.shape[2] == boxes.shape[1]
    else {
      throw InferenceError(.badShape, "boxes of shape \(boxes.shape) with scores of shape \(scores.shape)")
    }
    let (batches, classes, count) = (scores.shape[0], scores.shape[1], boxes.shape[1])
    let (coordinates, confidences) = (try boxes.floats(), try scores.floats())
    var selected: [Int64] = []
    for batch in 0..<(boxes.count == 0 || limit <= 0 ? 0 : batches) {
      let sorted = SortedBoxes((0..<count).map { corners(coordinates, (batch * count + $0) * 4) })
      for category in 0..<classes {
        let start = (batch * classes + category) * count
        for index in try keep(sorted, confidences[start..<(start + count)]) {
          selected += [Int64(batch), Int64(category), Int64(index)]
        }
      }
    }
    return Tensor([selected.count / 3, 3], selected)
  }

  private func corners(_ c: [Float], _ at: Int) -> Corners {
    if centered {
      let (x, y, width, height) = (c[at], c[at + 1], c[at + 2], c[at + 3])
      return Corners(top: y - height / 2, left: x - width / 2, bottom: y + height / 2, right: x + width / 2)
    }
    return Corners(
      top: min(c[at], c[at + 2]), left: min(c[at + 1], c[at + 3]), bottom: max(c[at], c[at + 2]),
      right: max(c[at + 1], c[at + 3]))
  }

  /// The boxes of one class that stay, surest first; equal scores in the order of their boxes.
  private func keep(_ boxes: SortedBoxes, _ scores: ArraySlice<Float>) throws -> [Int] {
    let start = scores.startIndex
    let candidates =
      threshold.map { least in boxes.selecting { scores[start + $0] > least } } ?? boxes
    let places = candidates.numbers
    // Ranked by number, so that equal scores come in the order of their boxes.
    var placeOf = [Int](repeating: -1, count: scores.count)
    for (place, number) in places.enumerated() { placeOf[number] = place }
    let byNumber = placeOf.filter { $0 >= 0 }
    let order = ranked(byNumber.map { scores[start + places[$0]] }, largest: true)
    var alive = [Int32](repeating: -1, count: places.count)
    var kept: [Int] = []
    var watch = LoopWatch()
    for place in order.lazy.map({ byNumber[$0] }) where alive[place] != 0 {
      kept.append(places[place])
      if kept.count >= limit { break }
      try watch.spend(places.count)
      candidates.suppress(&alive, overlapping: place, above: overlap)
    }
    return kept
  }
}

/// The places of numbers in their order.
private func ranked(_ values: [Float], largest: Bool) -> [Int] {
  var order = [ock_ranked](repeating: ock_ranked(), count: 2 * values.count)
  ock_rank(values, 1, Int32(values.count), largest, Int32(values.count), &order)
  return order.prefix(values.count).map { Int($0.place) }
}

private struct Corners {
  var top: Float
  var left: Float
  var bottom: Float
  var right: Float
}

/// Boxes by where they begin along the axis on which they lie more scattered: what overlaps a box then stands in a short
/// run around it, however many boxes there are. (Exporters set the boxes of every class apart for one suppression of all.)
private struct SortedBoxes {
  /// The boxes' places in the tensor.
  private(set) var numbers: [Int] = []
  /// Along the axis that sorts.
  private var begin: [Float] = []
  private var end: [Float] = []
  /// Along the other axis.
  private var low: [Float] = []
  private var high: [Float] = []
  /// No box is longer than this along the axis that sorts.
  private var longest: Float = 0

  init(_ boxes: [Corners]) {
    let across = SortedBoxes.scatter(boxes.map(\.left), boxes.map(\.right))
    let down = SortedBoxes.scatter(boxes.map(\.top), boxes.map(\.bottom))
    let isAcross = across >= down
    // A number that is none sorts last, where nothing overlaps it.
    func first(_ box: Corners) -> Float {
      let value = isAcross ? box.left : box.top
      return value.isNaN ? .infinity : value
    }
    numbers = ranked(boxes.map(first), largest: false)
    for box in numbers.lazy.map({ boxes[$0] }) {
      begin.append(first(box))
      end.append(isAcross ? box.right : box.bottom)
      low.append(isAcross ? box.top : box.left)
      high.append(isAcross ? box.bottom : box.right)
    }
    longest = zip(begin, end).reduce(0) { max($0, $1.1 - $1.0) }
  }

  /// How many boxes of average length fit along the axis.
  private static func scatter(_ first: [Float], _ last: [Float]) -> Float {
    let length = zip(first, last).reduce(0) { $0 + ($1.1 - $1.0) }
    return ((last.max() ?? 0) - (first.min() ?? 0)) / max(length, .leastNormalMagnitude)
  }

  private init() {}

  func selecting(_ isWanted: (_ number: Int) -> Bool) -> SortedBoxes {
    var chosen = SortedBoxes()
    chosen.longest = longest
    for place in numbers.indices where isWanted(numbers[place]) {
      chosen.numbers.append(numbers[place])
      chosen.begin.append(begin[place])
      chosen.end.append(end[place])
      chosen.low.append(low[place])
      chosen.high.append(high[place])
    }
    return chosen
  }

  /// Clears `alive` of every box that shares more than `threshold` of its union with the box at `place`.
  func suppress(_ alive: inout [Int32], overlapping place: Int, above threshold: Float) {
    // Rounding must not lose a neighbour, so the run begins a little early.
    let reach = begin[place] - longest - 1e-5 * (abs(begin[place]) + longest)
    let first = firstPlace { !($0 < reach) }
    let last = firstPlace { $0 >= end[place] }
    if first >= last { return }
    ock_suppress(begin, low, end, high, Int32(place), Int32(first), Int32(last), threshold, &alive)
  }

  /// The first place whose beginning satisfies a condition that holds from some place on.
  private func firstPlace(_ isBeyond: (Float) -> Bool) -> Int {
    var (below, beyond) = (0, begin.count)
    while below < beyond {
      let middle = (below + beyond) / 2
      if isBeyond(begin[middle]) { beyond = middle } else { below = middle + 1 }
    }
    return below
  }
}
